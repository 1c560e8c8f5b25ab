import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import { AggregatorRegistry } from 'prom-client';
import { isMessage, type PoolMessage, type WorkerMessage } from './messages.js';

/** A worker that ends is replaced after this time, so that one that cannot start does not take the machine with it. */
const RESTART_DELAY_MS = 1000;
/** A worker that has not said by then whether it is ready is not. */
const READINESS_TIMEOUT_MS = 900;

/** Where the workers listen, all of them on the same ports. */
export interface PoolAddresses {
  readonly http: AddressInfo;
  readonly grpc: AddressInfo;
}

/** Processes that serve on the same ports. One that ends is replaced; disposing ends all of them in order. */
export class WorkerPool implements AsyncDisposable {
  readonly #log: Logger;
  readonly #metrics = new AggregatorRegistry();
  readonly #workers = new Set<Worker>();
  readonly #restarts = new Set<NodeJS.Timeout>();
  #ending = false;

  private constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Starts workers with the arguments and environment of this process.
   * @throws Error where one of them ends before it listens; its own log says why
   */
  static async start(
    count: number,
    log: Logger,
  ): Promise<{ readonly pool: WorkerPool; readonly addresses: PoolAddresses }> {
    const pool = new WorkerPool(log);
    try {
      const [addresses] = await Promise.all(Array.from({ length: count }, () => pool.#fork()));
      if (addresses === undefined) {
        throw new Error('a pool needs at least one worker');
      }
      return { pool, addresses };
    } catch (error) {
      await pool[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whether every worker is ready. */
  async ready(): Promise<boolean> {
    const answers = await Promise.all([...this.#workers].map(isReady));
    return answers.length > 0 && answers.every(Boolean);
  }

  /** The metrics of all workers, added up. */
  async metrics(): Promise<{ readonly contentType: string; readonly body: string }> {
    return { contentType: this.#metrics.contentType, body: await this.#metrics.clusterMetrics() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    for (const timer of this.#restarts) {
      clearTimeout(timer);
    }
    await Promise.all(
      [...this.#workers].map(async (worker) => {
        const exited = once(worker, 'exit');
        tell(worker, { type: 'end' });
        await exited;
      }),
    );
  }

  async #fork(): Promise<PoolAddresses> {
    const worker = cluster.fork();
    this.#workers.add(worker);
    const pid = worker.process.pid;
    const listening = new Promise<PoolAddresses>((resolve) => {
      worker.on('message', (message) => {
        if (isMessage<WorkerMessage>(message, ['listening']) && message.type === 'listening') {
          resolve(message);
        }
      });
    });
    const exited = once(worker, 'exit').then(([code, signal]: readonly unknown[]) => {
      this.#workers.delete(worker);
      return `worker ${pid} ended with ${String(code ?? signal)}`;
    });
    const addresses = await Promise.race([
      listening,
      exited.then((how) => {
        throw new Error(`${how} before it listened`);
      }),
    ]);
    void exited.then((how) => this.#replace(how));
    return addresses;
  }

  #replace(how: string): void {
    if (this.#ending) {
      return;
    }
    this.#log.error({ restartDelayMs: RESTART_DELAY_MS }, `${how}; starting another one`);
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#fork().catch((error: unknown) => this.#replace(error instanceof Error ? error.message : String(error)));
    }, RESTART_DELAY_MS);
    this.#restarts.add(timer);
  }
}

async function isReady(worker: Worker): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const settle = (ready: boolean): void => {
      clearTimeout(timer);
      worker.off('message', onMessage);
      resolve(ready);
    };
    const onMessage = (message: unknown): void => {
      if (isMessage<WorkerMessage>(message, ['readiness']) && message.type === 'readiness') {
        settle(message.ready);
      }
    };
    const timer = setTimeout(settle, READINESS_TIMEOUT_MS, false);
    worker.on('message', onMessage);
    tell(worker, { type: 'readiness?' });
  });
}

function tell(worker: Worker, message: PoolMessage): void {
  if (worker.isConnected()) {
    worker.send(message);
  }
}
