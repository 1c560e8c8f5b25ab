import { status } from '@grpc/grpc-js';
import type { CallStatus } from './call-status.js';

/** A call that can be ended; where it is over already, it takes no notice. */
interface EndableCall {
  sendStatus(failure: CallStatus): void;
}

interface WaitingCall {
  readonly call: EndableCall;
  readonly since: number;
}

/** How often overdue calls are looked for, in milliseconds. */
const SWEEP_INTERVAL_MS = 1000;
/** Calls remembered at most; calls that a client resets leave nothing but their place here until it is swept. */
const MAX_WAITING_CALLS = 16_384;

/**
 * Ends calls whose request does not arrive in time: grpc-js waits for ever for a client that opens a call and sends its body
 * slowly or not at all.
 */
export class RequestTimeout implements Disposable {
  readonly #timeoutMs: number;
  // In the order of arrival, so a sweep looks at the overdue ones only.
  readonly #waiting = new Map<object, WaitingCall>();
  readonly #timer: NodeJS.Timeout;

  /** @param timeoutMs how long a request message may take to arrive */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#timer = setInterval(() => this.#sweep(), Math.min(SWEEP_INTERVAL_MS, timeoutMs)).unref();
  }

  /**
   * To be told that a call has begun.
   * @param key whatever object the call is known by when its request is here
   */
  began(key: object, call: EndableCall): void {
    this.#waiting.set(key, { call, since: performance.now() });
    if (this.#waiting.size > MAX_WAITING_CALLS) {
      this.#endOldest(status.RESOURCE_EXHAUSTED, 'too many calls are waiting for their request message');
    }
  }

  /** To be told first of all when the request of a call is here. */
  received(key: object): void {
    this.#waiting.delete(key);
  }

  #sweep(): void {
    const overdue = performance.now() - this.#timeoutMs;
    for (const { since } of this.#waiting.values()) {
      if (since > overdue) {
        return;
      }
      this.#endOldest(status.DEADLINE_EXCEEDED, `the request message did not arrive within ${this.#timeoutMs} ms`);
    }
  }

  #endOldest(code: status, details: string): void {
    for (const [key, { call }] of this.#waiting) {
      this.#waiting.delete(key);
      call.sendStatus({ code, details });
      return;
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#waiting.clear();
  }
}
