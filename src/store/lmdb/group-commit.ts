import { setImmediate as nextTurn } from 'node:timers/promises';
import { StoreFaultError, StoreUnavailableError } from '../../domain/app-image/app-image-store.js';

/** Runs `body` inside a write transaction; resolves once the transaction is on disk, rejects where none of it was stored. */
export type RunTransaction = (body: () => void) => Promise<unknown>;

/** How long one transaction goes on taking in changes: other processes and the event loop wait meanwhile. */
const MAX_HOLD_MS = 10;

/** How long beyond its time a change waits for the disk once it has been executed: it will be stored then, and its caller had better know. */
const FLUSH_GRACE_MS = 300;

/**
 * Lets changes that arrive together share one transaction, and so one flush of the disk. A change joins until the moment
 * its transaction begins to execute; those that come later, while the disk is flushed, make up the next transaction.
 */
export class GroupCommit {
  readonly #runTransaction: RunTransaction;
  readonly #timeoutMs: number;
  /** In the order in which they came, which is that of their deadlines. */
  #waiting: PendingChange[] = [];
  /** Those of the transaction that is under way: they came before all that wait. */
  #executed: readonly PendingChange[] = [];
  #underWay: Promise<void> | undefined;
  #startedAt = 0;
  /** One for all changes, since nearly every one of them is stored long before its deadline. */
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param timeoutMs a change that has not begun to execute after this time rejects with {@link StoreUnavailableError}, and so does one that is not
   *   on disk 300 ms later
   */
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
      const deadline = performance.now() + this.#timeoutMs;
      this.#waiting.push(new PendingChange(change, resolve as (value: unknown) => void, reject, deadline));
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
    this.#startedAt = performance.now();
    this.#timer = setTimeout(() => this.#expire(), this.#timeoutMs);
    while (this.#waiting.length > 0) {
      // Callers that were just told of their changes send the next ones at once: with a turn for these to arrive, transactions are fewer and fuller.
      await nextTurn();
      await this.#commitOne();
    }
    clearTimeout(this.#timer);
    this.#underWay = undefined;
  }

  async #commitOne(): Promise<void> {
    this.#startedAt = performance.now();
    try {
      await this.#runTransaction(() => {
        this.#executed = this.#executeWaiting();
      });
      for (const pending of this.#executed) {
        pending.deliver();
      }
    } catch (cause) {
      // Where the transaction could not even begin, nobody was executed, and those who wait have to be told.
      for (const pending of this.#executed.length > 0 ? this.#executed : this.#waiting.splice(0)) {
        pending.fail(
          new StoreFaultError('the change could not be written to disk; nothing of it is stored', { cause }),
        );
      }
    }
    this.#executed = [];
  }

  #executeWaiting(): readonly PendingChange[] {
    let now = performance.now();
    const endAt = now + MAX_HOLD_MS;
    let count = 0;
    do {
      const pending = this.#waiting[count];
      // Its timer may not have come to its turn yet.
      if (pending !== undefined && pending.deadline <= now) {
        pending.expire(this.#timeoutMs);
      }
      pending?.execute();
      count += 1;
      now = performance.now();
    } while (count < this.#waiting.length && now < endAt);
    return this.#waiting.splice(0, count);
  }

  /** Gives up on those whose time is over, and comes again when that of the next one will be. */
  #expire(): void {
    const now = performance.now();
    const next = Math.min(
      now + this.#timeoutMs,
      this.#expireUntil(now, this.#waiting, 0),
      this.#expireUntil(now, this.#executed, FLUSH_GRACE_MS),
    );
    this.#timer = setTimeout(() => this.#expire(), Math.ceil(next - now));
  }

  /** Gives up on those of which the time and `graceMs` are over, and returns when those of the next one will be; `Infinity` where there is none. */
  #expireUntil(now: number, changes: readonly PendingChange[], graceMs: number): number {
    for (const pending of changes) {
      const endAt = pending.deadline + graceMs;
      if (endAt > now) {
        return endAt;
      }
      pending.expire(this.#timeoutMs);
    }
    return Infinity;
  }
}

class PendingChange {
  readonly deadline: number;
  readonly #change: () => unknown;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #expired = false;
  #thrown = false;
  #outcome: unknown;

  constructor(
    change: () => unknown,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
    deadline: number,
  ) {
    this.#change = change;
    this.#resolve = resolve;
    this.#reject = reject;
    this.deadline = deadline;
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
    if (this.#thrown) {
      this.#reject(this.#outcome);
    } else {
      this.#resolve(this.#outcome);
    }
  }

  fail(error: Error): void {
    this.#reject(error);
  }

  expire(timeoutMs: number): void {
    if (this.#expired) {
      return;
    }
    this.#expired = true;
    this.#reject(
      new StoreUnavailableError(
        `the store took longer than ${timeoutMs} ms: another process holds its write lock, or the disk does not keep up`,
      ),
    );
  }
}
