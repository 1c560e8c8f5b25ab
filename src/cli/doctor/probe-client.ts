import { credentials, Client as GrpcClient, Metadata, type ServiceError } from '@grpc/grpc-js';
import { addressOf, type ConnectionCredentials, type ConnectionSettings } from '../connection.js';
import type { RemoteMethod } from '../registry-methods.js';

/** What became of a call, told apart from what the caller makes of it. */
export type Outcome<Response> = { readonly response: Response } | { readonly fault: ServiceError };

/** Makes single calls, none of them again, so that what goes wrong is seen as it is. */
export class ProbeClient implements Disposable {
  readonly #client: GrpcClient;
  readonly #timeoutMs: number;

  constructor(settings: ConnectionSettings, { ca, cert, key }: ConnectionCredentials) {
    this.#timeoutMs = settings.timeoutMs;
    this.#client = new GrpcClient(
      addressOf(settings),
      settings.isPlaintext
        ? credentials.createInsecure()
        : credentials.createSsl(ca ?? null, key ?? null, cert ?? null),
      {
        ...(settings.tlsServerName === undefined ? {} : { 'grpc.ssl_target_name_override': settings.tlsServerName }),
        'grpc.enable_retries': 0,
      },
    );
  }

  /** Calls a method with a token, or without one. */
  call<Request, Response>(
    { path, serialise, deserialise }: RemoteMethod<Request, Response>,
    request: Request,
    token: string | undefined,
  ): Promise<Outcome<Response>> {
    const metadata = new Metadata();
    if (token !== undefined) {
      metadata.set('token', token);
    }
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        path,
        serialise,
        deserialise,
        request,
        metadata,
        { deadline: this.#deadline() },
        (fault, response) => {
          if (fault !== null) {
            resolve({ fault });
          } else if (response !== undefined) {
            resolve({ response });
          }
        },
      );
    });
  }

  /** Sends one message on a stream of both directions and takes the first that comes back; `undefined` where none does. */
  exchange(path: string, request: Buffer): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const stream = this.#client.makeBidiStreamRequest(path, same, same, new Metadata(), {
        deadline: this.#deadline(),
      });
      stream.once('data', (response: Buffer) => resolve(response));
      stream.once('end', () => resolve(undefined));
      stream.on('error', () => resolve(undefined));
      stream.end(request);
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #deadline(): Date {
    return new Date(Date.now() + this.#timeoutMs);
  }
}

function same(bytes: Buffer): Buffer {
  return bytes;
}
