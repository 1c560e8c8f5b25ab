import { rm } from 'node:fs/promises';
import { MAX_PAGE_SIZE } from '../../src/service/app-image-service.js';
import { listBody } from '../load/request-source.js';
import type { MemoryUsage } from '../processes/process-usage.js';
import type { ServiceProcess } from '../processes/service-process.js';
import type { BenchContext } from './bench-context.js';
import { measurementOf, targetOf } from './measure.js';
import { type Figures, median, type Scenario } from './measurement.js';
import { ServiceClient } from './service-client.js';
import { fillLmdb } from './stored-templates.js';

/** What a store of some size does to the service. */
export interface ScaleMeasurement {
  readonly storedTemplates: number;
  /** From the start of the process to its log saying that it listens, median of the starts. */
  readonly startMs: number;
  readonly memoryAtStart: MemoryUsage;
  readonly memoryAfterLoad: MemoryUsage;
  readonly scenarios: readonly ScaleFigures[];
}

/** One load at this size, in turn with the smallest store. */
export interface ScaleFigures {
  readonly id: string;
  readonly title: string;
  readonly inFlight: number;
  readonly figures: Figures;
  /** Throughput by that of the smallest store, median over the pairs; 1 for the smallest itself. */
  readonly throughputRatio: number;
}

const STARTS = 3;
const IN_FLIGHT = 16;

const LOADS: readonly Scenario[] = [
  {
    id: 'query-http-json',
    title: 'query, HTTP JSON',
    protocol: 'http1',
    workload: { kind: 'query', encoding: 'json' },
    inFlight: [IN_FLIGHT],
  },
  {
    id: 'list-100',
    title: 'list of 100, HTTP JSON',
    protocol: 'http1',
    workload: { kind: 'list', pageSize: 100 },
    inFlight: [IN_FLIGHT],
  },
];

/** Measures stores of these sizes on LMDB, the larger ones in turn with the smallest, which comes first. */
export async function measureScale(
  context: BenchContext,
  sizes: readonly number[],
  progress: (line: string) => void,
): Promise<ScaleMeasurement[]> {
  const [smallest = 0, ...larger] = sizes;
  const directory = context.newDirectory();
  await fillLmdb(directory, smallest);
  await using base = await context.startService([`--data-dir=${directory}`]);
  const measured: ScaleMeasurement[] = [];
  const startMs = await startTime(context, directory);
  let baseFigures: ScaleFigures[] = [];
  for (const size of larger) {
    const dataDir = context.newDirectory();
    progress(`filling a store with ${size} templates`);
    await fillLmdb(dataDir, size);
    progress(`measuring it against one with ${smallest}`);
    const large = await measureAgainst(context, { dataDir, size }, { service: base, size: smallest });
    baseFigures = large.base;
    measured.push(large.measurement);
    await rm(dataDir, { recursive: true, force: true });
  }
  return [
    {
      storedTemplates: smallest,
      startMs,
      memoryAtStart: base.memoryAtStart,
      memoryAfterLoad: base.memory(),
      scenarios: baseFigures,
    },
    ...measured,
  ];
}

async function measureAgainst(
  context: BenchContext,
  { dataDir, size }: { dataDir: string; size: number },
  base: { service: ServiceProcess; size: number },
): Promise<{ measurement: ScaleMeasurement; base: ScaleFigures[] }> {
  const startMs = await startTime(context, dataDir);
  await using service = await context.startService([`--data-dir=${dataDir}`]);
  await readAll(context, service, size);
  await readAll(context, base.service, base.size);
  const scenarios: ScaleFigures[] = [];
  const baseFigures: ScaleFigures[] = [];
  for (const load of LOADS) {
    const { id, title, protocol, workload } = load;
    const result = await context.duel({
      protocol,
      workload,
      connections: IN_FLIGHT,
      streams: 1,
      pairs: context.effort.pairs,
      a: targetOf({ service, storedTemplates: size }, protocol),
      b: targetOf({ service: base.service, storedTemplates: base.size }, protocol),
    });
    const compared = measurementOf(load, { store: 'lmdb' }, IN_FLIGHT, result, '');
    const row = { id, title, inFlight: IN_FLIGHT };
    scenarios.push({ ...row, figures: compared.service, throughputRatio: compared.ratios.throughput });
    baseFigures.push({ ...row, figures: compared.floor, throughputRatio: 1 });
  }
  const { memoryAtStart } = service;
  return {
    measurement: { storedTemplates: size, startMs, memoryAtStart, memoryAfterLoad: service.memory(), scenarios },
    base: baseFigures,
  };
}

/**
 * Reads every template once. The first touch of a page makes the kernel map it, which costs more than the query that it happens in; there are
 * thousands of them in a large store and hardly any in a small one, and only once in the life of a process.
 */
async function readAll({ credentials }: BenchContext, service: ServiceProcess, size: number): Promise<void> {
  await using client = new ServiceClient(service.httpPort, credentials);
  for (let next = 0; next < size; next += MAX_PAGE_SIZE) {
    await client.post(listBody(MAX_PAGE_SIZE, next - 1));
  }
}

async function startTime(context: BenchContext, dataDir: string): Promise<number> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    await using service = await context.startService([`--data-dir=${dataDir}`]);
    times.push(service.startMs);
  }
  return median(times);
}
