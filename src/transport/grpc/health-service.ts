import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

/** How often readiness is asked for while somebody watches, and how long an answer is good for, in milliseconds. */
const POLL_INTERVAL_MS = 1000;

type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
interface HealthRequest {
  readonly service: string;
}
interface HealthResponse {
  readonly status: ServingStatus;
}
type WatchCall = ServerWritableStream<HealthRequest, HealthResponse>;

/**
 * `grpc.health.v1.Health`. It asks for no token, since the probes of orchestrators cannot send one; under MTLS they still need
 * a client certificate. The answer follows the store, and turns to NOT_SERVING for good when the server shuts down.
 */
export class HealthService {
  /** What grpc-js needs to know of the service; the messages are those of the `grpc-health-check` package. */
  readonly definition = service;

  readonly #services: ReadonlySet<string>;
  readonly #ready: () => Promise<boolean>;
  readonly #watchers = new Map<WatchCall, ServingStatus>();
  #timer: NodeJS.Timeout | undefined;
  #asked: { readonly at: number; readonly status: Promise<ServingStatus> } | undefined;
  #shutDown = false;

  /**
   * @param services full names of the services that there are; the empty name stands for the server as a whole
   * @param ready whether the store answers; a rejection counts as no
   */
  constructor(services: Iterable<string>, ready: () => Promise<boolean>) {
    this.#services = new Set(['', ...services]);
    this.#ready = ready;
  }

  /** The handlers, by the names in {@link definition}. */
  readonly handlers = {
    Check: (call: ServerUnaryCall<HealthRequest, HealthResponse>, respond: sendUnaryData<HealthResponse>): void => {
      const { service: name } = call.request;
      if (this.#services.has(name)) {
        void this.#status().then((current) => respond(null, { status: current }));
      } else {
        respond({ code: status.NOT_FOUND, details: `there is no service ${JSON.stringify(name)}` });
      }
    },
    List: (_call: ServerUnaryCall<unknown, unknown>, respond: sendUnaryData<unknown>): void => {
      const names = [...this.#services];
      void this.#status().then((current) =>
        respond(null, { statuses: Object.fromEntries(names.map((name) => [name, { status: current }])) }),
      );
    },
    Watch: (call: WatchCall): void => {
      if (!this.#services.has(call.request.service)) {
        // The protocol keeps such a call open, for a service that may be added later.
        this.#beginWatch(call, 'SERVICE_UNKNOWN');
      } else {
        void this.#status().then((current) => this.#beginWatch(call, current));
      }
    },
  };

  /** Tells everyone that the server is going, and ends what watches it. */
  shutDown(): void {
    this.#shutDown = true;
    clearInterval(this.#timer);
    for (const [call, told] of this.#watchers) {
      if (told === 'SERVING') {
        call.write({ status: 'NOT_SERVING' });
      }
      call.end();
    }
  }

  /** Asks at most once in {@link POLL_INTERVAL_MS}, so that nobody can wear the store out without a token. */
  #status(): Promise<ServingStatus> {
    if (this.#shutDown) {
      return Promise.resolve('NOT_SERVING');
    }
    const now = performance.now();
    if (this.#asked === undefined || now - this.#asked.at >= POLL_INTERVAL_MS) {
      this.#asked = { at: now, status: this.#ask() };
    }
    return this.#asked.status;
  }

  async #ask(): Promise<ServingStatus> {
    try {
      return (await this.#ready()) && !this.#shutDown ? 'SERVING' : 'NOT_SERVING';
    } catch {
      return 'NOT_SERVING';
    }
  }

  #beginWatch(call: WatchCall, current: ServingStatus): void {
    if (call.cancelled) {
      return;
    }
    call.write({ status: current });
    if (this.#shutDown) {
      call.end();
      return;
    }
    this.#watchers.set(call, current);
    call.once('close', () => this.#forget(call));
    this.#timer ??= setInterval(() => void this.#tellWatchers(), POLL_INTERVAL_MS).unref();
  }

  async #tellWatchers(): Promise<void> {
    const current = await this.#status();
    for (const [call, told] of this.#watchers) {
      if (told !== current && told !== 'SERVICE_UNKNOWN' && !this.#shutDown) {
        this.#watchers.set(call, current);
        call.write({ status: current });
      }
    }
  }

  #forget(call: WatchCall): void {
    this.#watchers.delete(call);
    if (this.#watchers.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}
