import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';

/** What the admin endpoint listens on and asks. */
export interface AdminServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Whether the store answers; asked at most once at a time. */
  readonly ready: () => Promise<boolean>;
  /** The metrics in the text form of Prometheus. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>;
  readonly log: Logger;
}

/** A store that has not answered by then is not ready. */
const READY_TIMEOUT_MS = 1000;
const PLAIN_TEXT = 'text/plain; charset=utf-8';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The endpoint for probes and metrics: plain HTTP, no token, GET and HEAD only. */
export class AdminServer implements AsyncDisposable {
  readonly #options: AdminServerOptions;
  readonly #server: Server;
  readonly #handlers: ReadonlyMap<string, () => Promise<Answer>> = new Map([
    ['/livez', async () => ({ status: 200, body: 'ok\n' })],
    ['/readyz', () => this.#readyz()],
    ['/metrics', async () => ({ status: 200, ...(await this.#options.metrics()) })],
  ]);
  #readiness: Promise<boolean> | undefined;
  #shuttingDown = false;

  private constructor(options: AdminServerOptions) {
    this.#options = options;
    this.#server = createServer(
      { requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 8192 },
      (request, response) => {
        void this.#answer(request, response);
      },
    );
  }

  /**
   * Listens.
   * @throws Error where it cannot, saying why and which settings to change
   */
  static async start(options: AdminServerOptions): Promise<AdminServer> {
    const admin = new AdminServer(options);
    await new Promise<void>((resolve, reject) => {
      admin.#server.once('error', (error) => reject(listenError(options, error)));
      admin.#server.listen({ host: options.host, port: options.port }, resolve);
    });
    admin.#server.removeAllListeners('error');
    admin.#server.on('error', (error) => options.log.error({ err: error }, 'fault of the admin endpoint'));
    return admin;
  }

  /** Where it listens, with the port that was really taken. */
  get address(): AddressInfo {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') {
      throw new Error('the admin endpoint does not listen any more');
    }
    return address;
  }

  /** From now on `/readyz` says no, so that load balancers look elsewhere, while `/livez` and `/metrics` go on. */
  beginShutdown(): void {
    this.#shuttingDown = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) {
      return;
    }
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#route(request);
    } catch (error) {
      this.#options.log.error({ err: error, path: request.url }, 'fault of the admin endpoint');
      answer = { status: 500, body: 'internal error; the log has the details\n' };
    }
    const { status, body, contentType = PLAIN_TEXT, headers } = answer;
    response.writeHead(status, {
      ...headers,
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async #route({ method, url = '/' }: IncomingMessage): Promise<Answer> {
    const path = url.split('?', 1)[0] ?? '';
    const handler = this.#handlers.get(path);
    if (handler === undefined) {
      return { status: 404, body: `not found; there are ${[...this.#handlers.keys()].join(', ')}\n` };
    }
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, body: 'method not allowed; use GET\n', headers: { allow: 'GET, HEAD' } };
    }
    return await handler();
  }

  async #readyz(): Promise<Answer> {
    if (this.#shuttingDown) {
      return { status: 503, body: 'not ready: shutting down\n' };
    }
    const ready = await this.#storeAnswers();
    return ready ? { status: 200, body: 'ok\n' } : { status: 503, body: 'not ready: the store does not answer\n' };
  }

  async #storeAnswers(): Promise<boolean> {
    // Probes that come while the store hangs wait for the same answer instead of piling up questions.
    this.#readiness ??= this.#options.ready().finally(() => {
      this.#readiness = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), READY_TIMEOUT_MS);
    });
    try {
      return await Promise.race([this.#readiness.catch(() => false), timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function listenError({ host, port }: AdminServerOptions, error: Error): Error {
  const code = 'code' in error ? error.code : undefined;
  const settings = 'set adminHost and adminPort (--admin-host, --admin-port) to something else';
  const reason =
    code === 'EADDRINUSE'
      ? `the port is taken, perhaps by another server of ours; ${settings}, or stop what listens there`
      : code === 'EACCES'
        ? `the user of this process may not take the port; ${settings}`
        : `${error.message}; ${settings}`;
  return new Error(`the admin endpoint cannot listen on ${host}, port ${port}: ${reason}`, { cause: error });
}
