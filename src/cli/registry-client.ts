import {
  type CallOptions,
  type ClientReadableStream,
  credentials,
  Client as GrpcClient,
  status as GrpcStatus,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import type { WatchResponse } from '../../gen/appimage/v1/registry.js';
import { addressOf, type ConnectionCredentials, type ConnectionSettings } from './connection.js';
import { METHODS, type RemoteMethod } from './registry-methods.js';
import { remoteError, transportError } from './remote-error.js';

/** Waits between the attempts of a call whose connection dropped. */
const RETRY_DELAYS_MS = [100, 300, 900] as const;

type MethodName = Exclude<keyof typeof METHODS, 'watch'>;
type RequestOf<Name extends keyof typeof METHODS> = Parameters<(typeof METHODS)[Name]['serialise']>[0];
type ResponseOf<Name extends keyof typeof METHODS> = ReturnType<(typeof METHODS)[Name]['deserialise']>;

export interface RemoteCallOptions {
  /** Whether a call may be made again where nobody knows if the first one arrived. Default: true. */
  readonly isIdempotent?: boolean;
  /** Entity tag that the stored template must have. */
  readonly ifMatch?: string;
}

/** An answer, and what came beside it. */
export interface Answer<Response> {
  readonly response: Response;
  /** Revision of the template in the answer, where the method tells it. */
  readonly revision: number | undefined;
  /** Whether an earlier attempt may have done the work already. */
  readonly wasRetried: boolean;
}

/** Calls a registry. Every call has a deadline; one whose connection drops is made again where that does no harm. */
export class RegistryClient implements Disposable {
  readonly settings: ConnectionSettings;
  readonly #client: GrpcClient;
  readonly #token: string | undefined;

  constructor(settings: ConnectionSettings, { ca, cert, key, token }: ConnectionCredentials) {
    this.settings = settings;
    this.#token = token;
    this.#client = new GrpcClient(
      addressOf(settings),
      settings.isPlaintext
        ? credentials.createInsecure()
        : credentials.createSsl(ca ?? null, key ?? null, cert ?? null),
      {
        ...(settings.tlsServerName === undefined ? {} : { 'grpc.ssl_target_name_override': settings.tlsServerName }),
        'grpc.max_receive_message_length': -1,
        'grpc.max_send_message_length': -1,
        'grpc.initial_reconnect_backoff_ms': RETRY_DELAYS_MS[0],
        'grpc.max_reconnect_backoff_ms': 1000,
        // The command line itself decides what is made again.
        'grpc.enable_retries': 0,
      },
    );
  }

  /**
   * Calls a method and expects success.
   * @throws CliError with the exit code that fits
   */
  async call<Name extends MethodName>(
    name: Name,
    request: RequestOf<Name>,
    options: RemoteCallOptions = {},
  ): Promise<ResponseOf<Name>> {
    return (await this.ask(name, request, options)).response;
  }

  /** As {@link call}, with what came beside the answer. */
  async ask<Name extends MethodName>(
    name: Name,
    request: RequestOf<Name>,
    options: RemoteCallOptions = {},
  ): Promise<Answer<ResponseOf<Name>>> {
    const answer = await this.attempt(name, request, options);
    const failure = remoteError(answer.response.status);
    if (failure !== undefined) {
      throw failure;
    }
    return answer;
  }

  /**
   * Calls a method whose answer may tell of failures by itself.
   * @throws CliError where there is no answer
   */
  async attempt<Name extends MethodName>(
    name: Name,
    request: RequestOf<Name>,
    { isIdempotent = true, ifMatch }: RemoteCallOptions = {},
  ): Promise<Answer<ResponseOf<Name>>> {
    const method = METHODS[name] as unknown as RemoteMethod<RequestOf<Name>, ResponseOf<Name>>;
    const metadata = this.#metadata();
    if (ifMatch !== undefined) {
      metadata.set('if-match', ifMatch);
    }
    const deadline = new Date(Date.now() + this.settings.timeoutMs);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { response, revision } = await this.#unary(method, request, metadata, { deadline });
        return { response, revision, wasRetried: attempt > 0 };
      } catch (error) {
        const failure = error as ServiceError;
        const delayMs = RETRY_DELAYS_MS[attempt];
        if (failure.code !== GrpcStatus.UNAVAILABLE || delayMs === undefined || !mayRetry(failure, isIdempotent)) {
          throw transportError(failure, this.settings);
        }
        await new Promise((resolve) => {
          setTimeout(resolve, delayMs);
        });
      }
    }
  }

  /** Opens the stream of changes. It has no deadline; cancelling it ends it. */
  watch(request: RequestOf<'watch'>): ClientReadableStream<WatchResponse> {
    const { path, serialise, deserialise } = METHODS.watch;
    return this.#client.makeServerStreamRequest(path, serialise, deserialise, request, this.#metadata());
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #metadata(): Metadata {
    const metadata = new Metadata();
    if (this.#token !== undefined) {
      metadata.set('token', this.#token);
    }
    return metadata;
  }

  async #unary<Request, Response>(
    { path, serialise, deserialise }: RemoteMethod<Request, Response>,
    request: Request,
    metadata: Metadata,
    options: CallOptions,
  ): Promise<{ response: Response; revision: number | undefined }> {
    let etag: string | undefined;
    const response = await new Promise<Response>((resolve, reject) => {
      this.#client
        .makeUnaryRequest(path, serialise, deserialise, request, metadata, options, (error, value) => {
          if (error !== null) {
            reject(error);
          } else if (value === undefined) {
            reject(new Error('the server answered without a message'));
          } else {
            resolve(value);
          }
        })
        .on('metadata', (received) => {
          etag = received.get('etag')[0]?.toString();
        });
    });
    return { response, revision: readEntityTag(etag) };
  }
}

/** A connection that never came about has delivered nothing; a faulty certificate does not get better. */
function mayRetry({ details }: ServiceError, isIdempotent: boolean): boolean {
  const neverConnected = /No connection established|ECONNREFUSED|Name resolution failed/i.test(details);
  return neverConnected ? /ECONNREFUSED|ECONNRESET/.test(details) : isIdempotent;
}

function readEntityTag(etag: string | undefined): number | undefined {
  const [, number] = /^"?([0-9]+)"?$/.exec(etag ?? '') ?? [];
  return number === undefined ? undefined : Number(number);
}
