import { StoreFaultError, StoreUnavailableError } from '../../domain/app-image/app-image-store.js';

/** Runs `body` inside a write transaction; resolves once the transaction is on disk, rejects where none of it was stored. */
export type RunTransaction = (body: () => void) => Promise<unknown>;

/** How long one transaction goes on taking in changes: other processes and the event loop wait meanwhile. */
const MAX_HOLD_MS = 10;

/**
 * Lets changes that arrive together share one transaction, and so one flush of the disk. A change joins until the moment
 * its transaction begins to execute; those that come later, while the disk is flushed, make up the next transaction.
 */
export class GroupCommit {
  readonly #runTransaction: RunTransaction;
  readonly #timeoutMs: number;
  #waiting: PendingChange[] = [];
  #underWay: Promise<void> | undefined;
  #startedAt = 0;

  /** @param timeoutMs a change that is not stored after this time rejects with {@link StoreUnavailableError} */
  constructor(runTransaction: RunTransaction, timeoutMs: number) {
    this.#runTransaction = runTransaction;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Executes a change inside a transaction that it shares with others. Resolves with what it returned, or rejects with
   * what it threw, once the transaction is on disk. A change that throws must have written nothing.
   */
  run<T>(change: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push(new PendingChange(change, resolve as (value: unknown) => void, reject, this.#timeoutMs));
      this.#underWay ??= this.#commitAll();
    });
  }

  /** Whether a transaction has been waiting for the lock or the disk for longer than a change may take. */
  get stalled(): boolean {
    return this.#underWay !== undefined && performance.now() - this.#startedAt > this.#timeoutMs;
  }

  /** Resolves when nothing is under way: to `true`, or to `false` where that takes longer than a change may take. */
  async settled(): Promise<boolean> {
    if (this.#underWay === undefined) {
      return true;
    }
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, this.#timeoutMs, false);
    });
    try {
      return await Promise.race([this.#underWay.then(() => true), expiry]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#commitOne();
    }
    this.#underWay = undefined;
  }

  async #commitOne(): Promise<void> {
    let batch: readonly PendingChange[] = [];
    this.#startedAt = performance.now();
    try {
      await this.#runTransaction(() => {
        batch = this.#executeWaiting();
      });
      for (const pending of batch) {
        pending.deliver();
      }
    } catch (cause) {
      // Where the transaction could not even begin, nobody was executed, and those who wait have to be told.
      for (const pending of batch.length > 0 ? batch : this.#waiting.splice(0)) {
        pending.fail(
          new StoreFaultError('the change could not be written to disk; nothing of it is stored', { cause }),
        );
      }
    }
  }

  #executeWaiting(): readonly PendingChange[] {
    const endAt = performance.now() + MAX_HOLD_MS;
    let count = 0;
    do {
      this.#waiting[count]?.execute();
      count += 1;
    } while (count < this.#waiting.length && performance.now() < endAt);
    return this.#waiting.splice(0, count);
  }
}

class PendingChange {
  readonly #change: () => unknown;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #expired = false;
  #thrown = false;
  #outcome: unknown;

  constructor(
    change: () => unknown,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    timeoutMs: number,
  ) {
    this.#change = change;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => this.#expire(timeoutMs), timeoutMs);
  }

  execute(): void {
    // Nobody waits for it any more, so it must not be stored behind the caller's back.
    if (this.#expired) {
      return;
    }
    try {
      this.#outcome = this.#change();
    } catch (error) {
      this.#thrown = true;
      this.#outcome = error;
    }
  }

  deliver(): void {
    clearTimeout(this.#timer);
    if (this.#thrown) {
      this.#reject(this.#outcome);
    } else {
      this.#resolve(this.#outcome);
    }
  }

  fail(error: Error): void {
    clearTimeout(this.#timer);
    this.#reject(error);
  }

  #expire(timeoutMs: number): void {
    this.#expired = true;
    this.#reject(
      new StoreUnavailableError(
        `the store took longer than ${timeoutMs} ms: another process holds its write lock, or the disk does not keep up`,
      ),
    );
  }
}
