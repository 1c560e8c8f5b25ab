/** One of the two servers that a duel is between. */
export interface LoadTarget {
  readonly port: number;
  /** Whose CPU time is read. */
  readonly pid: number;
  /** Templates that are stored, from number 0 on; see `templateName`. */
  readonly storedTemplates: number;
  /** Whether answers hold the template that was asked for, which those of a floor do not. */
  readonly answersByName: boolean;
}

/** What the requests of a duel ask for. Names and contents are drawn at random, except those of templates to create. */
export type Workload =
  | { readonly kind: 'query'; readonly encoding: 'json' | 'protobuf' }
  | { readonly kind: 'batchQuery'; readonly names: number }
  | { readonly kind: 'list'; readonly pageSize: number }
  | { readonly kind: 'create' }
  | { readonly kind: 'update' }
  | { readonly kind: 'updateOne' }
  | { readonly kind: 'mixed'; readonly updateShare: number };

/** Whether some of its requests change what is stored. */
export function isWriting({ kind }: Workload): boolean {
  return kind !== 'query' && kind !== 'batchQuery' && kind !== 'list';
}

/** What the load generator is told to do: the same load on two servers in turn, A B A B. */
export interface LoadJob {
  readonly protocol: 'http1' | 'grpc';
  readonly workload: Workload;
  readonly connections: number;
  /** Requests in flight on each connection; HTTP/1.1 has one. */
  readonly streams: number;
  readonly pairs: number;
  readonly windowMs: number;
  readonly warmUpMs: number;
  readonly a: LoadTarget;
  /** `undefined` where `a` is measured alone, or in turn with what takes no load from outside. */
  readonly b: LoadTarget | undefined;
  readonly credentials: LoadCredentials;
}

/** How the generator gets in. */
export interface LoadCredentials {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly token: string;
}

/** What was measured of one server in one window. */
export interface WindowResult {
  readonly requests: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly serverCpuUsPerRequest: number;
  /** CPU time of the server as a share of one core. */
  readonly serverCpuShare: number;
  /** Time in which the generator had something to do; see `BusyPoll`. */
  readonly generatorUsPerRequest: number;
  /** The same as a share of the window: near 1, the generator would be what is measured. */
  readonly generatorShare: number;
}

/** What was measured: one window of each server for each pair. */
export interface LoadResult {
  readonly a: readonly WindowResult[];
  readonly b: readonly WindowResult[];
}
