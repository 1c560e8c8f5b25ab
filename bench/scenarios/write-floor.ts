import type { StoreFloorMessage, StoreFloorReply } from '../floors/store-floor-message.js';
import { touchFreeMemory } from '../load/free-memory.js';
import { SERVER_CORE } from '../processes/cores.js';
import { PinnedProcess } from '../processes/pinned-process.js';
import type { BenchContext } from './bench-context.js';
import { type Subject, targetOf } from './measure.js';
import { median, type Scenario } from './measurement.js';

/** The service against the store alone (F3). */
export interface StoreFloorMeasurement {
  readonly id: string;
  readonly title: string;
  readonly store: 'lmdb' | 'mongodb';
  readonly inFlight: number;
  readonly serviceRequestsPerSecond: number;
  readonly floor: StoreFloorReply;
  /** Median over the pairs. */
  readonly throughputRatio: number;
}

/** Measures writes of the service in turn with writes to the store alone: updates with ones that overwrite as many records, others with inserts. */
export async function measureAgainstStore(
  context: BenchContext,
  subject: Subject,
  scenario: Scenario,
  location: string,
): Promise<StoreFloorMeasurement[]> {
  const script = subject.store === 'lmdb' ? 'floors/lmdb-floor' : 'floors/mongo-floor';
  await using floor = new PinnedProcess<StoreFloorMessage, StoreFloorReply>(script, SERVER_CORE);
  const { windowMs, pairs } = context.effort;
  const target = targetOf(subject, 'http1');
  const overwritten = scenario.workload.kind === 'update' ? subject.storedTemplates : 0;
  const measurements: StoreFloorMeasurement[] = [];
  for (const inFlight of scenario.inFlight) {
    const rates: number[] = [];
    const replies: StoreFloorReply[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      const { a } = await context.duel({
        protocol: 'http1',
        workload: scenario.workload,
        connections: inFlight,
        streams: 1,
        pairs: 1,
        warmUpMs: 100,
        a: target,
        b: undefined,
      });
      rates.push(a[0]?.requestsPerSecond ?? Number.NaN);
      touchFreeMemory();
      replies.push(await floor.ask({ location, inFlight, windowMs, overwritten }));
    }
    const of = (pick: (reply: StoreFloorReply) => number): number => median(replies.map(pick));
    measurements.push({
      id: scenario.id,
      title: scenario.title,
      store: subject.store,
      inFlight,
      serviceRequestsPerSecond: median(rates),
      floor: {
        requestsPerSecond: of((reply) => reply.requestsPerSecond),
        p50Us: of((reply) => reply.p50Us),
        p99Us: of((reply) => reply.p99Us),
        cpuUsPerRequest: of((reply) => reply.cpuUsPerRequest),
      },
      throughputRatio: median(rates.map((rate, index) => rate / (replies[index]?.requestsPerSecond ?? Number.NaN))),
    });
  }
  return measurements;
}
