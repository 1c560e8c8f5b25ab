import { type ServerUnaryCall, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js';
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListRequest,
  HealthListResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '../../../gen/grpc/health/v1/health.js';
import { quoteValue } from '../../domain/errors.js';
import { methodDefinition } from './method-definition.js';

/** How often readiness is asked for while somebody watches, and how long an answer is good for, in milliseconds. */
const POLL_INTERVAL_MS = 1000;

type WatchCall = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

/** Full name of the service. */
export const HEALTH_SERVICE = 'grpc.health.v1.Health';

/**
 * `grpc.health.v1.Health`. It asks for no token, since the probes of orchestrators cannot send one; under MTLS they still need
 * a client certificate. The answer follows the store, and turns to NOT_SERVING for good when the server shuts down.
 */
export class HealthService {
  /** What grpc-js needs to know of the service. */
  readonly definition = {
    Check: methodDefinition(`/${HEALTH_SERVICE}/Check`, HealthCheckRequest, HealthCheckResponse),
    List: methodDefinition(`/${HEALTH_SERVICE}/List`, HealthListRequest, HealthListResponse),
    Watch: methodDefinition(`/${HEALTH_SERVICE}/Watch`, HealthCheckRequest, HealthCheckResponse, { response: true }),
  };

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
    Check: (
      call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
      respond: sendUnaryData<HealthCheckResponse>,
    ): void => {
      const { service: name } = call.request;
      if (this.#services.has(name)) {
        void this.#status().then((current) => respond(null, { status: current }));
      } else {
        respond({ code: status.NOT_FOUND, details: `there is no service ${quoteValue(name)}` });
      }
    },
    List: (
      _call: ServerUnaryCall<HealthListRequest, HealthListResponse>,
      respond: sendUnaryData<HealthListResponse>,
    ): void => {
      const names = [...this.#services];
      void this.#status().then((current) =>
        respond(null, { statuses: new Map(names.map((name) => [name, { status: current }])) }),
      );
    },
    Watch: (call: WatchCall): void => {
      if (!this.#services.has(call.request.service)) {
        // The protocol keeps such a call open, for a service that may be added later.
        this.#beginWatch(call, ServingStatus.SERVICE_UNKNOWN);
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
      if (told === ServingStatus.SERVING) {
        call.write({ status: ServingStatus.NOT_SERVING });
      }
      call.end();
    }
  }

  /** Asks at most once in {@link POLL_INTERVAL_MS}, so that nobody can wear the store out without a token. */
  #status(): Promise<ServingStatus> {
    if (this.#shutDown) {
      return Promise.resolve(ServingStatus.NOT_SERVING);
    }
    const now = performance.now();
    if (this.#asked === undefined || now - this.#asked.at >= POLL_INTERVAL_MS) {
      this.#asked = { at: now, status: this.#ask() };
    }
    return this.#asked.status;
  }

  async #ask(): Promise<ServingStatus> {
    try {
      return (await this.#ready()) && !this.#shutDown ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    } catch {
      return ServingStatus.NOT_SERVING;
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
      if (told !== current && told !== ServingStatus.SERVICE_UNKNOWN && !this.#shutDown) {
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
