import type { BenchContext } from './bench-context.js';
import { QUERY_JSON, STORED_TEMPLATES } from './lmdb.js';
import { measurementOf, targetOf } from './measure.js';
import type { Measurement } from './measurement.js';
import { fillStore } from './stored-templates.js';

const IN_FLIGHT = 64;

/** Measures two processes on the same ports in turn with one, tied to no core. */
export async function measureWorkers(context: BenchContext): Promise<Measurement> {
  const start = async (workers: number) => {
    const directory = context.newDirectory();
    await fillStore('lmdb', directory, STORED_TEMPLATES);
    return await context.startService([`--data-dir=${directory}`, `--workers=${workers}`], undefined);
  };
  await using two = await start(2);
  await using one = await start(1);
  const { protocol, workload } = QUERY_JSON;
  const result = await context.duel({
    protocol,
    workload,
    connections: IN_FLIGHT,
    streams: 1,
    pairs: context.effort.pairs,
    a: targetOf({ service: two, storedTemplates: STORED_TEMPLATES }, protocol),
    b: targetOf({ service: one, storedTemplates: STORED_TEMPLATES }, protocol),
  });
  const scenario = { id: 'workers-2', title: 'query, HTTP JSON, --workers=2' };
  return {
    ...measurementOf(scenario, { store: 'lmdb' }, IN_FLIGHT, result, '--workers=1'),
    peakMemoryBytes: two.memory().peak,
  };
}
