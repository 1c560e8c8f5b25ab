/** How often overdue calls are looked for, in milliseconds. */
const SWEEP_INTERVAL_MS = 1000;

/**
 * Calls that something has to happen to in time. One timer does for all of them, since nearly each is in time, and counting its sweeps spares each
 * call a look at the clock.
 */
export class OverdueCalls<Call extends object> implements Disposable {
  /** Sweeps that a call survives. */
  readonly #sweeps: number;
  readonly #onOverdue: (call: Call) => void;
  /** In the order of arrival, so that a sweep looks at the overdue ones only; with the number of the last sweep before. */
  readonly #calls = new Map<Call, number>();
  readonly #timer: NodeJS.Timeout;
  #swept = 0;

  /** @param onOverdue is told of a call that has been here for `timeoutMs`, or up to two seconds more, and is here no longer */
  constructor(timeoutMs: number, onOverdue: (call: Call) => void) {
    const intervalMs = Math.min(SWEEP_INTERVAL_MS, timeoutMs);
    this.#sweeps = Math.ceil(timeoutMs / intervalMs);
    this.#onOverdue = onOverdue;
    this.#timer = setInterval(() => this.#sweep(), intervalMs).unref();
  }

  get size(): number {
    return this.#calls.size;
  }

  add(call: Call): void {
    this.#calls.set(call, this.#swept);
  }

  /** To be told that what has to happen to a call has happened. */
  delete(call: Call): void {
    this.#calls.delete(call);
  }

  /** Takes out the call that has been here for longest. */
  takeOldest(): Call | undefined {
    for (const call of this.#calls.keys()) {
      this.#calls.delete(call);
      return call;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#calls.clear();
  }

  #sweep(): void {
    this.#swept += 1;
    for (const [call, before] of this.#calls) {
      // The first sweep may have come right behind the call.
      if (this.#swept - before <= this.#sweeps) {
        return;
      }
      this.#calls.delete(call);
      this.#onOverdue(call);
    }
  }
}
