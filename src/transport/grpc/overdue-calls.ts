/** How often overdue calls are looked for, in milliseconds. */
const SWEEP_INTERVAL_MS = 1000;

interface TimedCall<Call> {
  readonly call: Call;
  readonly since: number;
}

/** Calls that something has to happen to in time. One timer does for all of them, since nearly each is in time. */
export class OverdueCalls<Call> implements Disposable {
  readonly #timeoutMs: number;
  readonly #onOverdue: (call: Call) => void;
  // In the order of arrival, so a sweep looks at the overdue ones only.
  readonly #calls = new Map<object, TimedCall<Call>>();
  readonly #timer: NodeJS.Timeout;

  /** @param onOverdue is told of a call that has been here for `timeoutMs`, and is here no longer */
  constructor(timeoutMs: number, onOverdue: (call: Call) => void) {
    this.#timeoutMs = timeoutMs;
    this.#onOverdue = onOverdue;
    this.#timer = setInterval(() => this.#sweep(), Math.min(SWEEP_INTERVAL_MS, timeoutMs)).unref();
  }

  get size(): number {
    return this.#calls.size;
  }

  /** @param key whatever object the call is known by when what has to happen has happened */
  add(key: object, call: Call): void {
    this.#calls.set(key, { call, since: performance.now() });
  }

  delete(key: object): void {
    this.#calls.delete(key);
  }

  /** Takes out the call that has been here for longest. */
  takeOldest(): Call | undefined {
    for (const [key, { call }] of this.#calls) {
      this.#calls.delete(key);
      return call;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#calls.clear();
  }

  #sweep(): void {
    const overdue = performance.now() - this.#timeoutMs;
    for (const [key, { call, since }] of this.#calls) {
      if (since > overdue) {
        return;
      }
      this.#calls.delete(key);
      this.#onOverdue(call);
    }
  }
}
