import { ERRORS } from '../domain/errors.js';
import { LatencySeries } from './recorded-histogram.js';
import type { RequestMetrics } from './request-metrics.js';

/** What a request came over. */
export type Transport = Parameters<RequestMetrics['finished']>[0];

/** Label of requests that reached no method, and of methods that were not announced. */
const NO_METHOD = 'none';
/** Label of codes that are not in the error table. */
const UNKNOWN_CODE = 'unknown';

const KNOWN_CODES: ReadonlySet<number> = new Set([0, ...Object.values(ERRORS).map((error) => error.code)]);

/** The series of one method on one transport, by code. Success has its own field, since it is what most requests end with. */
class MethodSeries {
  readonly success: LatencySeries;
  readonly failures = new Map<number, LatencySeries>();

  constructor(labels: { readonly transport: Transport; readonly method: string }) {
    this.success = new LatencySeries({ ...labels, code: '0' });
  }
}

/** One kind of refusal and how often it happened. */
export interface RefusalCount {
  readonly labels: { readonly transport: Transport; readonly method: string; readonly code: string };
  count: number;
}

/**
 * Counts requests in plain numbers, by transport, method and code; they become metrics only when someone asks. The number of series is
 * bounded by the methods announced and the error table, whatever callers send.
 */
export class RequestRecorder implements RequestMetrics {
  readonly #http: ReadonlyMap<string, MethodSeries>;
  readonly #grpc: ReadonlyMap<string, MethodSeries>;
  readonly #refusals = new Map<string, RefusalCount>();
  #inFlight = 0;

  /** @param methods names of all methods */
  constructor(methods: readonly string[]) {
    const names = [...methods, NO_METHOD];
    this.#http = new Map(names.map((method) => [method, new MethodSeries({ transport: 'http', method })]));
    this.#grpc = new Map(names.map((method) => [method, new MethodSeries({ transport: 'grpc', method })]));
  }

  started(): void {
    this.#inFlight += 1;
  }

  finished(transport: Transport, method: string, code: number, seconds: number): void {
    this.#inFlight -= 1;
    const byMethod = transport === 'http' ? this.#http : this.#grpc;
    const series = byMethod.get(method) ?? byMethod.get(NO_METHOD);
    if (series === undefined) {
      return;
    }
    if (code === 0) {
      series.success.observe(seconds);
    } else {
      failureSeries(series, code).observe(seconds);
    }
  }

  refused(transport: Transport, method: string, code: number): void {
    const labels = { transport, method: this.#http.has(method) ? method : NO_METHOD, code: codeLabel(code) };
    const key = `${labels.transport} ${labels.method} ${labels.code}`;
    const refusal = this.#refusals.get(key);
    if (refusal === undefined) {
      this.#refusals.set(key, { labels, count: 1 });
    } else {
      refusal.count += 1;
    }
  }

  /** Requests that have begun and not ended. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Every series of latencies. Those of a method's success are there from the start, so that a rate has a beginning. */
  *series(): Iterable<LatencySeries> {
    for (const byMethod of [this.#http, this.#grpc]) {
      for (const [method, { success, failures }] of byMethod) {
        if (method !== NO_METHOD || success.count > 0) {
          yield success;
        }
        yield* failures.values();
      }
    }
  }

  /** Every kind of refusal that happened. */
  refusals(): Iterable<RefusalCount> {
    return this.#refusals.values();
  }
}

function failureSeries({ success, failures }: MethodSeries, code: number): LatencySeries {
  const known = KNOWN_CODES.has(code) ? code : Number.NaN;
  let series = failures.get(known);
  if (series === undefined) {
    series = new LatencySeries({ ...success.labels, code: codeLabel(code) });
    failures.set(known, series);
  }
  return series;
}

function codeLabel(code: number): string {
  return KNOWN_CODES.has(code) ? String(code) : UNKNOWN_CODE;
}
