import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import { MONGO_TIMEOUTS } from './mongo-timeouts.js';

const BASE_BACKOFF_MS = 4;
const MAX_BACKOFF_MS = 200;

/** The end of the time that a call has: `operationMs` from its start, or from where it was last extended. */
export class Deadline {
  readonly #limitMs: number;
  #endsAtMs: number;

  /** @param startMs when the time began, on the clock of `performance.now()` */
  constructor(startMs: number) {
    this.#endsAtMs = startMs + MONGO_TIMEOUTS.operationMs;
    this.#limitMs = startMs + MONGO_TIMEOUTS.contendedMs;
  }

  /** Starts the time again, for a call whose database answers but that has to try once more; up to `contendedMs` in all. */
  extend(): void {
    this.#endsAtMs = Math.min(performance.now() + MONGO_TIMEOUTS.operationMs, this.#limitMs);
  }

  /** Whether the time is over. */
  get isOver(): boolean {
    return performance.now() >= this.#endsAtMs;
  }

  /** @throws StoreUnavailableError when the time is over */
  check(cause?: unknown): void {
    if (this.isOver) {
      throw timedOut(cause);
    }
  }

  /** Settles as the work does, or rejects with {@link StoreUnavailableError} at the deadline, whichever comes first. */
  async race<T>(start: () => Promise<T>): Promise<T> {
    this.check();
    let timer: NodeJS.Timeout | undefined;
    const end = new Promise<never>((_, reject) => {
      const wait = () => {
        const leftMs = this.#endsAtMs - performance.now();
        if (leftMs <= 0) {
          reject(timedOut());
        } else {
          timer = setTimeout(wait, Math.ceil(leftMs));
        }
      };
      wait();
    });
    try {
      return await Promise.race([start(), end]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Waits before the next attempt: a random time, so that writers who collided do not meet again, out of a range that grows with the
   * attempts.
   * @throws StoreUnavailableError when the time is over; `cause` says why there is another attempt at all
   */
  async backOff(attempt: number, cause?: unknown): Promise<void> {
    const rangeMs = Math.min(MAX_BACKOFF_MS, BASE_BACKOFF_MS * 2 ** attempt);
    await sleep(Math.random() * rangeMs);
    this.check(cause);
  }
}

function timedOut(cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError('MongoDB did not answer in time', { cause });
}
