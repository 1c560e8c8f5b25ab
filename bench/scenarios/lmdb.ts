import type { BenchContext } from './bench-context.js';
import { measureScenario } from './measure.js';
import type { Measurement, Scenario } from './measurement.js';
import { fillStore } from './stored-templates.js';
import { measureAgainstStore, type StoreFloorMeasurement } from './write-floor.js';

/** Templates that the requests draw from. */
export const STORED_TEMPLATES = 10_000;

const LEVELS = [1, 16, 64];

export const QUERY_JSON: Scenario = {
  id: 'query-http-json',
  title: 'query, HTTP JSON',
  protocol: 'http1',
  workload: { kind: 'query', encoding: 'json' },
  inFlight: LEVELS,
};

export const BATCH_QUERY: Scenario = {
  id: 'batch-100',
  title: 'batch query of 100, HTTP JSON',
  protocol: 'http1',
  workload: { kind: 'batchQuery', names: 100 },
  inFlight: LEVELS,
};

export const CREATE: Scenario = {
  id: 'create',
  title: 'create, HTTP JSON',
  protocol: 'http1',
  workload: { kind: 'create' },
  inFlight: LEVELS,
};

const QUERY_GRPC: Scenario = {
  id: 'query-grpc',
  title: 'query, gRPC',
  protocol: 'grpc',
  workload: { kind: 'query', encoding: 'protobuf' },
  inFlight: LEVELS,
  oneConnection: true,
};

const UPDATE: Scenario = {
  id: 'update',
  title: 'update of different templates, HTTP JSON',
  protocol: 'http1',
  workload: { kind: 'update' },
  inFlight: LEVELS,
};

const SCENARIOS: readonly Scenario[] = [
  QUERY_JSON,
  {
    id: 'query-http-protobuf',
    title: 'query, HTTP protobuf',
    protocol: 'http1',
    workload: { kind: 'query', encoding: 'protobuf' },
    inFlight: LEVELS,
  },
  QUERY_GRPC,
  { ...QUERY_GRPC, id: 'query-grpc-connections', inFlight: [16], oneConnection: false },
  BATCH_QUERY,
  {
    id: 'list-100',
    title: 'list of 100, HTTP JSON',
    protocol: 'http1',
    workload: { kind: 'list', pageSize: 100 },
    inFlight: LEVELS,
  },
  {
    id: 'mixed',
    title: '95 % query, 5 % update, HTTP JSON',
    protocol: 'http1',
    workload: { kind: 'mixed', updateShare: 0.05 },
    inFlight: LEVELS,
  },
  CREATE,
  UPDATE,
  {
    id: 'update-one',
    title: 'update of one hot template, HTTP JSON',
    protocol: 'http1',
    workload: { kind: 'updateOne' },
    inFlight: LEVELS,
  },
];

const QUICK_SCENARIOS: readonly Scenario[] = [
  { ...QUERY_JSON, inFlight: [16] },
  { ...QUERY_GRPC, inFlight: [16] },
  { ...BATCH_QUERY, inFlight: [16] },
  { ...CREATE, inFlight: [64] },
  { ...UPDATE, inFlight: [64] },
];

/** Measures everything on LMDB that needs a store of the usual size. */
export async function measureLmdb(
  context: BenchContext,
  progress: (line: string) => void,
): Promise<{ measurements: Measurement[]; againstStore: StoreFloorMeasurement[] }> {
  const directory = context.newDirectory();
  progress(`filling a store with ${STORED_TEMPLATES} templates`);
  await fillStore('lmdb', directory, STORED_TEMPLATES);
  await using service = await context.startService([`--data-dir=${directory}`]);
  const subject = { service, store: 'lmdb', storedTemplates: STORED_TEMPLATES } as const;
  const measurements: Measurement[] = [];
  for (const scenario of context.effort.quick ? QUICK_SCENARIOS : SCENARIOS) {
    progress(`${scenario.title}, on LMDB`);
    measurements.push(...(await measureScenario(context, subject, scenario)));
  }
  const againstStore: StoreFloorMeasurement[] = [];
  for (const scenario of [CREATE, UPDATE]) {
    progress(`${scenario.title}, against LMDB alone`);
    againstStore.push(
      ...(await measureAgainstStore(context, subject, { ...scenario, inFlight: [64] }, context.newDirectory())),
    );
  }
  return { measurements, againstStore };
}
