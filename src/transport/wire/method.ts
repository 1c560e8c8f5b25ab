import type { DescMethod } from '@bufbuild/protobuf';
import type { Role } from '../../auth/principal.js';
import type { ChangeOrigin } from '../../domain/app-image/revision.js';
import type { AppImageError } from '../../domain/errors.js';

/** How a body is encoded. gRPC is always protobuf. */
export type Encoding = 'json' | 'protobuf';

/** What becomes of JSON fields that the contract does not know; the words are those of Kubernetes. */
export const FIELD_VALIDATIONS = ['Ignore', 'Warn', 'Strict'] as const;
export type FieldValidation = (typeof FIELD_VALIDATIONS)[number];

/** Nothing to warn of, which is what nearly every call comes to. */
export const NO_WARNINGS: readonly string[] = [];

/** One request as it came off the wire, whichever transport brought it. */
export interface WireRequest {
  readonly encoding: Encoding;
  readonly body: Uint8Array;
  /** Value of `If-Match` (HTTP header or gRPC metadata) as sent. */
  readonly ifMatch: string | undefined;
  readonly fieldValidation: FieldValidation;
}

/** A response that is ready to be sent. */
export interface WireResponse {
  /** The whole response message in the encoding of the request. The caller may keep and send it, but not change it. */
  readonly body: Uint8Array;
  /** Bytes in front of the body, in its own memory, that are the caller's to write to: what a transport sends before it. */
  readonly room?: number | undefined;
  /**
   * To be called once when the body has been sent and nobody reads it any more: another answer gets its memory. Who cannot tell leaves it, which
   * costs only time.
   */
  readonly release?: (() => void) | undefined;
  /** Why the call failed, for the transport's own status; `undefined` on success. */
  readonly error: AppImageError | undefined;
  /** Entity tag of the revision that was read or written, quotes included. */
  readonly etag: string | undefined;
  /** What the caller should know although the call succeeded: one line for each unknown field. */
  readonly warnings: readonly string[];
}

/** The body of a response, and what may be done with its memory. */
export type ResponseBody = Pick<WireResponse, 'body' | 'room' | 'release'>;

/** What an audit line says of a mutation besides who made it. */
export interface AuditSubject {
  readonly appImage: string;
  readonly customHeaders: ReadonlyMap<string, string>;
}

/** What a method hands back on success; see {@link WireResponse}. */
export interface MethodResult {
  readonly body: Uint8Array;
  readonly room?: number | undefined;
  readonly release?: (() => void) | undefined;
  readonly etag?: string | undefined;
  /** None by default. */
  readonly warnings?: readonly string[];
}

/** One method of the contract, written once for all transports and encodings. */
export interface Method {
  /** Name in the proto, such as `QueryAppImage`: the label in logs and metrics. */
  readonly name: string;
  /** Descriptor in the contract, with its comments. */
  readonly descriptor: DescMethod;
  /** Paths on the HTTP gateway; the first is the canonical one. */
  readonly httpPaths: readonly string[];
  /** The least role that may call it. */
  readonly role: Role;
  /** Whether it changes what is stored; such calls leave an audit line. */
  readonly mutates: boolean;
  /**
   * Reads the request, does the work and encodes the response. A method that need not wait returns its result at once: a promise costs more
   * than the rest of a query.
   * @throws AppImageError whatever the caller is to be told, or rejects with it; anything else is a fault of ours
   */
  invoke(request: WireRequest, context: CallContext): MethodResult | Promise<MethodResult>;
}

/** What a method gets besides its request. */
export interface CallContext {
  /** Tells what a mutation is about, for its audit line; called as soon as the request is decoded, also where the call fails later on. */
  onSubject(subject: AuditSubject): void;
  /** Who is calling, to be kept with a change, and why in the caller's words. */
  origin(message: string): ChangeOrigin;
}

/** A method that answers with a stream of messages until its client goes away. */
export interface StreamMethod {
  readonly name: string;
  readonly descriptor: DescMethod;
  /** Path on the HTTP gateway, where it is a `GET` that answers with server-sent events. */
  readonly httpPath: string;
  readonly role: Role;
  /**
   * Begins a stream from an encoded request, as gRPC sends it.
   * @throws AppImageError where the stream cannot begin; the stream itself throws it where it cannot go on
   */
  open(request: Uint8Array, context: StreamContext): Promise<AsyncGenerator<StreamMessage, void>>;
  /**
   * The encoded request for the parameters of a query string and the `Last-Event-ID` header of an event source.
   * @throws AppImageError REQUEST_INVALID where a parameter is unknown, or is not what it may be
   */
  requestFromQuery(query: Readonly<Record<string, unknown>>, lastEventId: string | undefined): Uint8Array;
  /** Calls `onSlow` when a client that does not read has too much waiting for it; returns a function to call when it reads again. */
  whileBlocked(onSlow: () => void): () => void;
  /** Ends every stream, since the server shuts down. */
  end(): void;
}

/** What a stream gets besides its request. */
export interface StreamContext {
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** Tells what a stream is about, for its lines in the log; called as soon as the request is decoded, also where the stream cannot begin. */
  readonly onSubject: (subject: Readonly<Record<string, string>>) => void;
}

/** A message of a stream. Encoded on first use, and once for all clients that get the same. */
export interface StreamMessage {
  /** The response message in protobuf. */
  readonly protobuf: Uint8Array;
  /** The same as server-sent events, each with its id, type and data. */
  readonly events: Uint8Array;
  readonly eventCount: number;
  /** Where a client goes on that has received this message. */
  readonly resumeToken: string;
}

/** Full name of a method's gRPC path: `/package.Service/Method`. */
export function grpcPath(method: Method | StreamMethod): string {
  return `/${method.descriptor.parent.typeName}/${method.descriptor.name}`;
}
