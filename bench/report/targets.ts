import type { Measurement } from '../scenarios/measurement.js';
import type { BenchReport } from './bench-report.js';

/** What the service has to reach, and what it reached. */
export interface TargetResult {
  readonly scenario: string;
  readonly target: string;
  /** `undefined` where it was not measured. */
  readonly measured: string | undefined;
  readonly met: boolean | undefined;
}

const MIB = 1024 * 1024;
const MILLION = 1_000_000;

/** Holds what was measured against every target. */
export function targetResults(report: BenchReport): TargetResult[] {
  const find = (id: string, inFlight: number): Measurement | undefined =>
    report.measurements.find((each) => each.id === id && each.inFlight === inFlight && each.store === 'lmdb');
  const http = find('query-http-json', 16);
  const grpc = find('query-grpc', 16);
  return [
    atLeast('query over HTTP, LMDB', 0.85, 'of F1', http?.ratios.throughput),
    atLeast('query over gRPC, LMDB', 0.9, 'of F2', grpc?.ratios.throughput),
    atLeast('batch query of 100', 0.5, 'of F1 with as many bytes', find('batch-100', 16)?.ratios.throughput),
    writeTarget(report, 'create', 'create, 64 in flight, LMDB, durable', 0.4),
    writeTarget(report, 'update', 'update of different templates, 64 in flight, LMDB, durable', 0.35),
    atMost('p99 of query over HTTP, 16 in flight', 1.5, "times the floor's", http?.ratios.p99),
    atMost('p99 of query over gRPC, 16 in flight', 1.5, "times the floor's", grpc?.ratios.p99),
    ...scaleTargets(report),
    atMost('validation + merge of the example', 50, 'us of CPU', report.cpuCosts.validateAndMerge),
    atMost('server CPU per query over HTTP', 5, "us above the floor's", http?.ratios.cpuDifferenceUs),
    atMost('server CPU per query over gRPC', 5, "us above the floor's", grpc?.ratios.cpuDifferenceUs),
  ];
}

/** A share of F1, or half of the store alone (F3), whichever is lower. */
function writeTarget(report: BenchReport, id: string, scenario: string, shareOfF1: number): TargetResult {
  const measured = report.measurements.find((each) => each.id === id && each.inFlight === 64 && each.store === 'lmdb');
  const store = report.againstStore.find((each) => each.id === id && each.inFlight === 64 && each.store === 'lmdb');
  const target = `at least ${shareOfF1} of F1, or 0.5 of F3 where that is lower`;
  if (measured === undefined || store === undefined) {
    return { scenario, target, measured: undefined, met: undefined };
  }
  const ofF1 = measured.ratios.throughput;
  const ofF3 = store.throughputRatio;
  return {
    scenario,
    target,
    measured: `${ofF1.toFixed(2)} of F1, ${ofF3.toFixed(2)} of F3`,
    met: ofF1 >= shareOfF1 || ofF3 >= 0.5,
  };
}

function scaleTargets({ scale }: BenchReport): TargetResult[] {
  const [smallest] = scale;
  const million = scale.find(({ storedTemplates }) => storedTemplates === MILLION);
  const query = million?.scenarios.find(({ id }) => id === 'query-http-json');
  const grown = (pick: (of: (typeof scale)[number]) => number): number | undefined =>
    million === undefined || smallest === undefined ? undefined : (pick(million) - pick(smallest)) / MIB;
  return [
    atLeast('1,000,000 templates: query throughput', 0.9, 'of that with 1,000', query?.throughputRatio),
    atMost('1,000,000 templates: start', 1, 's', million === undefined ? undefined : million.startMs / 1000),
    atMost(
      '1,000,000 templates: resident memory at start',
      64,
      'MiB more',
      grown((of) => of.memoryAtStart.rss),
    ),
    atMost(
      '1,000,000 templates: memory of its own (RssAnon) after the load',
      64,
      'MiB more',
      grown((of) => of.memoryAfterLoad.anonymous),
    ),
  ];
}

function atLeast(scenario: string, limit: number, of: string, measured: number | undefined): TargetResult {
  const met = measured === undefined ? undefined : measured >= limit;
  return { scenario, target: `at least ${limit} ${of}`, measured: measured?.toFixed(2), met };
}

function atMost(scenario: string, limit: number, of: string, measured: number | undefined): TargetResult {
  const met = measured === undefined ? undefined : measured <= limit;
  return { scenario, target: `at most ${limit} ${of}`, measured: measured?.toFixed(2), met };
}
