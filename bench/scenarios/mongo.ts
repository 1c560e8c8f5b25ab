import { provideMongo } from '../../test/support/mongo-server.js';
import type { BenchContext } from './bench-context.js';
import { BATCH_QUERY, CREATE, QUERY_JSON, STORED_TEMPLATES } from './lmdb.js';
import { measureScenario } from './measure.js';
import type { Measurement } from './measurement.js';
import { fillStore } from './stored-templates.js';
import { measureAgainstStore, type StoreFloorMeasurement } from './write-floor.js';

/** What was measured on MongoDB, or why nothing was. */
export interface MongoMeasurements {
  /** What stands in for MongoDB, in words. */
  readonly server: string;
  readonly measurements: readonly Measurement[];
  readonly againstStore: readonly StoreFloorMeasurement[];
}

const READ_CACHE_MS = 1000;
const SERVERS = {
  uri: 'the server of MONGODB_URI',
  mongod: 'a mongod on this machine',
  ferretdb: 'FerretDB 1.24 on SQLite on this machine, which is slower than MongoDB',
} as const;

/** Measures query, batch query and create on MongoDB. The database server runs on any core. */
export async function measureMongo(
  context: BenchContext,
  hasReadCache: boolean,
  progress: (line: string) => void,
): Promise<MongoMeasurements | { readonly unavailable: string }> {
  const mongo = await provideMongo(progress);
  if (mongo.unavailable !== undefined) {
    return { unavailable: mongo.unavailable };
  }
  await using server = mongo;
  const location = new URL(server.url);
  location.pathname = `/bench_${process.pid}`;
  const url = location.href;
  progress(`filling ${server.kind} with ${STORED_TEMPLATES} templates`);
  await fillStore(url, '', STORED_TEMPLATES);
  const measurements: Measurement[] = [];
  const againstStore: StoreFloorMeasurement[] = [];
  {
    await using service = await context.startService([`--store=${url}`]);
    const subject = { service, store: 'mongodb', storedTemplates: STORED_TEMPLATES } as const;
    for (const scenario of [QUERY_JSON, BATCH_QUERY, CREATE]) {
      progress(`${scenario.title}, on MongoDB`);
      measurements.push(...(await measureScenario(context, subject, scenario)));
    }
    progress('create, against MongoDB alone');
    againstStore.push(...(await measureAgainstStore(context, subject, { ...CREATE, inFlight: [64] }, server.url)));
  }
  if (hasReadCache) {
    await using service = await context.startService([`--store=${url}`, `--read-cache-ms=${READ_CACHE_MS}`]);
    const subject = { service, store: 'mongodb', storedTemplates: STORED_TEMPLATES } as const;
    const scenario = {
      ...QUERY_JSON,
      id: 'query-read-cache',
      title: `query, HTTP JSON, --read-cache-ms=${READ_CACHE_MS}`,
    };
    progress(`${scenario.title}, on MongoDB`);
    measurements.push(...(await measureScenario(context, subject, scenario)));
  }
  return { server: SERVERS[server.kind], measurements, againstStore };
}
