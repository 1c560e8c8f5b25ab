import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { ReloadObserver, ReloadSource } from '../file-watch/reload-observer.js';
import { ConnectionRecorder } from './connection-recorder.js';
import { LatencySeries, RecordedHistogram } from './recorded-histogram.js';
import type { RequestMetrics } from './request-metrics.js';
import { RequestRecorder, type Transport } from './request-recorder.js';
import {
  STORE_OPERATIONS,
  STORE_OUTCOMES,
  type StoreMetrics,
  type StoreOperation,
  type StoreOutcome,
} from './store-metrics.js';
import type { StreamMetrics } from './stream-metrics.js';
import { StreamRecorder } from './stream-recorder.js';

/** When the certificates in use expire. */
export interface CertificateExpiries {
  readonly server: Date;
  /** Of the authority whose client certificates are accepted. */
  readonly ca: Date | undefined;
}

/** The text that Prometheus reads, and its media type. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/**
 * All metrics of the server. What happens per request or per store operation is counted in plain numbers and becomes a metric only when
 * the metrics are read. Fulfils what transports and stores ask for (`ConnectionMetrics` of `transport/tls` as well, which this layer does not
 * see). Each metric is described in `docs/operations.md`, which a test checks.
 */
export class ServiceMetrics implements RequestMetrics, StoreMetrics, ReloadObserver {
  readonly registry = new Registry();
  /** Those of watches. */
  readonly streams: StreamMetrics = new StreamRecorder(this.registry);
  readonly #requests: RequestRecorder;
  readonly #storeOperations = new Map<StoreOperation, Map<StoreOutcome, LatencySeries>>(
    STORE_OPERATIONS.map((operation) => [
      operation,
      new Map(STORE_OUTCOMES.map((outcome) => [outcome, new LatencySeries({ operation, outcome })])),
    ]),
  );
  readonly #connections: ConnectionRecorder;
  readonly #reloadFailures: Counter<'source'>;
  readonly #reloadSucceeded: Gauge<'source'>;
  readonly #reloadedAt: Gauge<'source'>;

  /** @param options `methods` names all methods; `version` is this server's */
  constructor(options: { readonly methods: readonly string[]; readonly version: string }) {
    const requests = new RequestRecorder(options.methods);
    this.#requests = requests;
    const registers = [this.registry];
    registerRequestMetrics(this.registry, requests);
    this.registry.registerMetric(
      new RecordedHistogram(
        {
          name: 'appimage_store_operation_duration_seconds',
          help: 'How long the store took, by operation and outcome.',
          registers: [],
        },
        () => this.#usedStoreSeries(),
      ),
    );
    this.#connections = new ConnectionRecorder(this.registry);
    this.#reloadFailures = new Counter({
      name: 'appimage_reload_failures_total',
      help: 'Changed files of certificates or tokens that were broken and not taken over.',
      labelNames: ['source'],
      registers,
    });
    this.#reloadSucceeded = new Gauge({
      name: 'appimage_reload_last_success',
      aggregator: 'min',
      help: 'Whether the newest certificates or tokens are in use: 1, or 0 where they are broken and older ones are used.',
      labelNames: ['source'],
      registers,
    });
    this.#reloadedAt = new Gauge({
      name: 'appimage_reload_last_success_timestamp_seconds',
      aggregator: 'min',
      help: 'When certificates or tokens were last read without a fault.',
      labelNames: ['source'],
      registers,
    });
    const buildInfo = new Gauge({
      name: 'appimage_build_info',
      aggregator: 'first',
      help: 'Always 1; the labels tell the version of the server and of Node.js.',
      labelNames: ['version', 'node_version'],
      registers,
    });
    buildInfo.set({ version: options.version, node_version: process.version }, 1);
    collectDefaultMetrics({ register: this.registry });
  }

  started(): void {
    this.#requests.started();
  }

  finished(transport: Transport, method: string, code: number, seconds: number): void {
    this.#requests.finished(transport, method, code, seconds);
  }

  refused(transport: Transport, method: string, code: number): void {
    this.#requests.refused(transport, method, code);
  }

  storeOperationFinished(operation: StoreOperation, outcome: StoreOutcome, seconds: number): void {
    this.#storeOperations.get(operation)?.get(outcome)?.observe(seconds);
  }

  connectionOpened(transport: Transport): void {
    this.#connections.opened(transport);
  }

  connectionClosed(transport: Transport): void {
    this.#connections.closed(transport);
  }

  connectionRefused(transport: Transport, reason: string): void {
    this.#connections.refused(transport, reason);
  }

  handshakeFailed(transport: Transport, reason: string): void {
    this.#connections.handshakeFailed(transport, reason);
  }

  connectionDropped(transport: Transport): void {
    this.#connections.dropped(transport);
  }

  reloaded(source: ReloadSource, succeeded: boolean): void {
    this.#reloadSucceeded.set({ source }, succeeded ? 1 : 0);
    // A counter that is there from the start has a rate from the first failure on.
    this.#reloadFailures.inc({ source }, succeeded ? 0 : 1);
    if (succeeded) {
      this.#reloadedAt.setToCurrentTime({ source });
    }
  }

  /** Reports when the certificates in use expire; `expiries` is asked whenever the metrics are read. Call it once. */
  watchCertificates(expiries: () => CertificateExpiries): void {
    this.registry.registerMetric(
      new Gauge({
        name: 'appimage_certificate_expiry_timestamp_seconds',
        aggregator: 'min',
        help: 'When the certificate in use expires: the one of the server, and the one of the authority for client certificates.',
        labelNames: ['certificate'],
        registers: [],
        collect() {
          const { server, ca } = expiries();
          this.set({ certificate: 'server' }, server.getTime() / 1000);
          if (ca === undefined) {
            this.remove({ certificate: 'ca' });
          } else {
            this.set({ certificate: 'ca' }, ca.getTime() / 1000);
          }
        },
      }),
    );
  }

  /** All metrics as Prometheus reads them. */
  async expose(): Promise<Exposition> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  *#usedStoreSeries(): Iterable<LatencySeries> {
    for (const outcomes of this.#storeOperations.values()) {
      for (const [outcome, series] of outcomes) {
        if (outcome === 'ok' || series.count > 0) {
          yield series;
        }
      }
    }
  }
}

function registerRequestMetrics(registry: Registry, requests: RequestRecorder): void {
  registry.registerMetric(
    new Counter({
      name: 'appimage_requests_total',
      help: 'Requests that reached a method, by outcome; code 0 is success.',
      labelNames: ['transport', 'method', 'code'],
      registers: [],
      collect() {
        this.reset();
        for (const series of requests.series()) {
          this.inc(series.labels, series.count);
        }
      },
    }),
  );
  registry.registerMetric(
    new RecordedHistogram(
      {
        name: 'appimage_request_duration_seconds',
        help: 'How long a method took, from the whole request read to the response made.',
        registers: [],
      },
      () => requests.series(),
    ),
  );
  registry.registerMetric(
    new Gauge({
      name: 'appimage_requests_in_flight',
      help: 'Requests that have begun and not ended.',
      registers: [],
      collect() {
        this.set(requests.inFlight);
      },
    }),
  );
  registry.registerMetric(
    new Counter({
      name: 'appimage_refused_requests_total',
      help: 'Requests turned away before they reached a method: caller refused, path or method unknown, body over the limit.',
      labelNames: ['transport', 'method', 'code'],
      registers: [],
      collect() {
        this.reset();
        for (const { labels, count } of requests.refusals()) {
          this.inc(labels, count);
        }
      },
    }),
  );
}
