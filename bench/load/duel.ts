import { setTimeout as delay } from 'node:timers/promises';
import { cpuTimeUs } from '../processes/process-usage.js';
import { answerCheck } from './answer-check.js';
import { BusyPoll } from './busy-poll.js';
import { touchFreeMemory } from './free-memory.js';
import { GrpcConnection } from './grpc-connection.js';
import { Http1Connection } from './http1-connection.js';
import { type LoadConnection, LoadDriver } from './load-driver.js';
import { isWriting, type LoadJob, type LoadResult, type LoadTarget, type WindowResult } from './load-job.js';
import { requestSource } from './request-source.js';

/** Load before a window begins, so that it finds the connections busy. */
const LEAD_IN_MS = 50;

/** One server and the connections to it. */
class Contender {
  readonly #target: LoadTarget;
  readonly #driver: LoadDriver;
  readonly #connections: LoadConnection[] = [];

  constructor(job: LoadJob, target: LoadTarget) {
    this.#target = target;
    const { workload, protocol } = job;
    const encoding =
      protocol === 'grpc' || (workload.kind === 'query' && workload.encoding === 'protobuf') ? 'protobuf' : 'json';
    this.#driver = new LoadDriver(requestSource(workload, target), answerCheck(workload, target, encoding));
  }

  async connect({ protocol, connections, streams, credentials }: LoadJob): Promise<void> {
    const { port } = this.#target;
    for (let count = 0; count < connections; count += 1) {
      this.#connections.push(
        protocol === 'http1'
          ? await Http1Connection.open(port, credentials, this.#driver)
          : await GrpcConnection.open(port, credentials, this.#driver, streams),
      );
    }
  }

  async run(windowMs: number): Promise<WindowResult> {
    const { pid } = this.#target;
    const driver = this.#driver;
    driver.running = true;
    const leadIn = new BusyPoll(driver);
    for (const connection of this.#connections) {
      connection.begin();
    }
    await Promise.race([delay(LEAD_IN_MS), driver.failed]);
    leadIn.end();
    driver.latencies.clear();
    const serverCpuUs = cpuTimeUs(pid);
    const poll = new BusyPoll(driver);
    const startedAt = performance.now();
    await Promise.race([delay(windowMs), driver.failed]);
    const seconds = (performance.now() - startedAt) / 1000;
    const busyMs = poll.end();
    const serverUsed = cpuTimeUs(pid) - serverCpuUs;
    const requests = driver.latencies.count;
    const [p50Us = 0, p99Us = 0] = driver.latencies.percentilesUs([0.5, 0.99]);
    driver.running = false;
    await Promise.race([Promise.all(this.#connections.map((connection) => connection.idle())), driver.failed]);
    return {
      requests,
      seconds,
      requestsPerSecond: requests / seconds,
      p50Us,
      p99Us,
      serverCpuUsPerRequest: serverUsed / requests,
      serverCpuShare: serverUsed / 1e6 / seconds,
      generatorUsPerRequest: (busyMs * 1000) / requests,
      generatorShare: busyMs / 1000 / seconds,
    };
  }

  close(): void {
    for (const connection of this.#connections) {
      connection.close();
    }
  }
}

/** Puts the same load on two servers in turn, A B A B, and measures both. */
export async function runDuel(job: LoadJob): Promise<LoadResult> {
  const a = new Contender(job, job.a);
  const b = job.b === undefined ? undefined : new Contender(job, job.b);
  try {
    await a.connect(job);
    await b?.connect(job);
    await a.run(job.warmUpMs);
    await b?.run(job.warmUpMs);
    const result: { a: WindowResult[]; b: WindowResult[] } = { a: [], b: [] };
    for (let pair = 0; pair < job.pairs; pair += 1) {
      if (isWriting(job.workload)) {
        touchFreeMemory();
      }
      result.a.push(await a.run(job.windowMs));
      if (b !== undefined) {
        result.b.push(await b.run(job.windowMs));
      }
    }
    return result;
  } finally {
    a.close();
    b?.close();
  }
}
