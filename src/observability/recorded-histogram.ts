import { Histogram, type HistogramConfiguration } from 'prom-client';

/** Upper bounds of the latency buckets, in seconds: from a read out of memory to the longest time-out. */
export const LATENCY_BOUNDS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** The latencies of one combination of labels. Observing costs some nanoseconds, which prom-client's own histogram does not. */
export class LatencySeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Observations in each bucket, not accumulated; the last element counts those above the last bound. */
  readonly #buckets = new Float64Array(LATENCY_BOUNDS_SECONDS.length + 1);
  #sum = 0;

  constructor(labels: Readonly<Record<string, string>>) {
    this.labels = labels;
  }

  observe(seconds: number): void {
    let index = 0;
    // Most observations are short, so the search ends soon.
    while (index < LATENCY_BOUNDS_SECONDS.length && seconds > (LATENCY_BOUNDS_SECONDS[index] ?? 0)) {
      index += 1;
    }
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
    this.#sum += seconds;
  }

  /** How many there were. */
  get count(): number {
    return this.#buckets.reduce((sum, bucket) => sum + bucket, 0);
  }

  /** Sum of all, in seconds. */
  get sum(): number {
    return this.#sum;
  }

  /** Observations up to each bound, the shorter ones included. */
  cumulative(): readonly { readonly bound: number; readonly count: number }[] {
    let count = 0;
    return LATENCY_BOUNDS_SECONDS.map((bound, index) => {
      count += this.#buckets[index] ?? 0;
      return { bound, count };
    });
  }
}

interface RecordedValue {
  readonly metricName: string;
  readonly labels: Record<string, string | number>;
  readonly sharedLabels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A histogram of prom-client that takes its values from our own series, when it is read. */
export class RecordedHistogram extends Histogram {
  readonly #configuration: Pick<HistogramConfiguration<string>, 'name' | 'help'>;
  readonly #series: () => Iterable<LatencySeries>;

  constructor(configuration: HistogramConfiguration<string>, series: () => Iterable<LatencySeries>) {
    super({ ...configuration, buckets: [...LATENCY_BOUNDS_SECONDS] });
    this.#configuration = configuration;
    this.#series = series;
  }

  /**
   * The one method through which prom-client 15 reads a histogram, both as text and as JSON; its types leave it out.
   * See https://github.com/siimon/prom-client/blob/v15.1.3/lib/histogram.js
   */
  async getForPromString(): Promise<{
    name: string;
    help: string;
    type: 'histogram';
    values: RecordedValue[];
    aggregator: 'sum';
  }> {
    const { name, help } = this.#configuration;
    return {
      name,
      help,
      type: 'histogram',
      values: [...this.#series()].flatMap((series) => valuesOf(name, series)),
      aggregator: 'sum',
    };
  }
}

function valuesOf(name: string, series: LatencySeries): RecordedValue[] {
  const sharedLabels = series.labels;
  return [
    ...series
      .cumulative()
      .map(({ bound, count }) => ({ metricName: `${name}_bucket`, labels: { le: bound }, sharedLabels, value: count })),
    { metricName: `${name}_bucket`, labels: { le: '+Inf' }, sharedLabels, value: series.count },
    { metricName: `${name}_sum`, labels: {}, sharedLabels, value: series.sum },
    { metricName: `${name}_count`, labels: {}, sharedLabels, value: series.count },
  ];
}
