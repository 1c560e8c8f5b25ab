import type { LoadResult, WindowResult, Workload } from '../load/load-job.js';

/** One row of the report: the service against its floor under one load. */
export interface Measurement {
  /** For the table of targets to find it by. */
  readonly id: string;
  readonly title: string;
  readonly store: 'lmdb' | 'mongodb';
  readonly inFlight: number;
  /** In words, such as `16 connections`. */
  readonly connections: string;
  readonly service: Figures;
  /** What the service was measured against, in words. */
  readonly against: string;
  readonly floor: Figures;
  readonly ratios: Ratios;
  /** Largest resident memory of the service in this scenario, in bytes. */
  readonly peakMemoryBytes: number;
  /** Whether the generator had so little to spare that it may be what was measured. */
  readonly generatorBound: boolean;
}

/** Medians over the windows of one server. */
export interface Figures {
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuUsPerRequest: number;
  readonly cpuShare: number;
  readonly generatorUsPerRequest: number;
  readonly generatorShare: number;
}

/** Medians over the pairs. */
export interface Ratios {
  readonly throughput: number;
  readonly p99: number;
  /** Server CPU of the service less that of the floor, in microseconds a request. */
  readonly cpuDifferenceUs: number;
}

/** A load and how the report calls it. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly protocol: 'http1' | 'grpc';
  readonly workload: Workload;
  /** Requests in flight; each has a connection of its own unless `oneConnection`. */
  readonly inFlight: readonly number[];
  readonly oneConnection?: boolean;
}

/** From here on the generator is taken for the bottleneck. */
const GENERATOR_BOUND_SHARE = 0.9;

export function figuresOf(windows: readonly WindowResult[]): Figures {
  const of = (pick: (window: WindowResult) => number): number => median(windows.map(pick));
  return {
    requestsPerSecond: of((window) => window.requestsPerSecond),
    p50Us: of((window) => window.p50Us),
    p99Us: of((window) => window.p99Us),
    cpuUsPerRequest: of((window) => window.serverCpuUsPerRequest),
    cpuShare: of((window) => window.serverCpuShare),
    generatorUsPerRequest: of((window) => window.generatorUsPerRequest),
    generatorShare: of((window) => window.generatorShare),
  };
}

export function ratiosOf({ a, b }: LoadResult): Ratios {
  const ofPairs = (compare: (one: WindowResult, other: WindowResult) => number): number =>
    median(
      a.flatMap((one, index) => {
        const other = b[index];
        return other === undefined ? [] : [compare(one, other)];
      }),
    );
  return {
    throughput: ofPairs((one, other) => one.requestsPerSecond / other.requestsPerSecond),
    p99: ofPairs((one, other) => one.p99Us / other.p99Us),
    cpuDifferenceUs: ofPairs((one, other) => one.serverCpuUsPerRequest - other.serverCpuUsPerRequest),
  };
}

export function isGeneratorBound(...figures: readonly Figures[]): boolean {
  return figures.some(({ generatorShare }) => generatorShare > GENERATOR_BOUND_SHARE);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
}
