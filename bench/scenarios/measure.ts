import type { LoadResult, LoadTarget } from '../load/load-job.js';
import { requestSource } from '../load/request-source.js';
import { resetPeakMemory } from '../processes/process-usage.js';
import type { ServiceProcess } from '../processes/service-process.js';
import type { BenchContext } from './bench-context.js';
import { answerOf } from './example-answer.js';
import { figuresOf, isGeneratorBound, type Measurement, ratiosOf, type Scenario } from './measurement.js';

/** What a scenario is measured on. */
export interface Subject {
  readonly service: ServiceProcess;
  readonly store: 'lmdb' | 'mongodb';
  readonly storedTemplates: number;
}

/** The service as a target of load over one protocol. */
export function targetOf({ service, storedTemplates }: Omit<Subject, 'store'>, protocol: 'http1' | 'grpc'): LoadTarget {
  const port = protocol === 'http1' ? service.httpPort : service.grpcPort;
  return { port, pid: service.pid, storedTemplates, answersByName: true };
}

/** Measures a scenario at each of its numbers in flight, the service in turn with the floor that answers the same bytes. */
export async function measureScenario(
  context: BenchContext,
  subject: Subject,
  scenario: Scenario,
): Promise<Measurement[]> {
  const { protocol, workload } = scenario;
  const service = targetOf(subject, protocol);
  const [body] = requestSource(workload, service).bodies;
  if (body === undefined) {
    throw new Error(`${scenario.id} sends no requests`);
  }
  const answer = await answerOf(subject.service.httpPort, body, context.credentials);
  const floor = await context.floor(protocol, answer, body.contentType);
  const measurements: Measurement[] = [];
  for (const inFlight of scenario.inFlight) {
    const connections = scenario.oneConnection === true ? 1 : inFlight;
    const job = { protocol, workload, connections, streams: inFlight / connections, a: service, b: floor };
    resetPeakMemory(subject.service.pid);
    const result = await context.duel({ ...job, pairs: context.effort.pairs });
    measurements.push({
      ...measurementOf(scenario, subject, inFlight, result, protocol === 'http1' ? 'F1' : 'F2'),
      peakMemoryBytes: subject.service.memory().peak,
    });
  }
  return measurements;
}

export function measurementOf(
  { id, title, oneConnection }: Pick<Scenario, 'id' | 'title' | 'oneConnection'>,
  { store }: Pick<Subject, 'store'>,
  inFlight: number,
  result: LoadResult,
  against: string,
): Omit<Measurement, 'peakMemoryBytes'> {
  const service = figuresOf(result.a);
  const floor = figuresOf(result.b);
  return {
    id,
    title,
    store,
    inFlight,
    connections: oneConnection === true || inFlight === 1 ? '1 connection' : `${inFlight} connections`,
    service,
    against,
    floor,
    ratios: ratiosOf(result),
    generatorBound: isGeneratorBound(service, floor),
  };
}
