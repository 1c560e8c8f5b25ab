import { status } from '@grpc/grpc-js';
import type { CallStatus } from './call-status.js';
import { OverdueCalls } from './overdue-calls.js';

/** A call that can be ended; where it is over already, it takes no notice. */
interface EndableCall {
  sendStatus(failure: CallStatus): void;
}

/** Calls remembered at most; calls that a client resets leave nothing but their place here until it is swept. */
const MAX_WAITING_CALLS = 16_384;

/**
 * Ends calls whose request does not arrive in time: grpc-js waits for ever for a client that opens a call and sends its body
 * slowly or not at all.
 */
export class RequestTimeout implements Disposable {
  readonly #waiting: OverdueCalls<EndableCall>;

  /** @param timeoutMs how long a request message may take to arrive */
  constructor(timeoutMs: number) {
    const details = `the request message did not arrive within ${timeoutMs} ms`;
    this.#waiting = new OverdueCalls(timeoutMs, (call) => call.sendStatus({ code: status.DEADLINE_EXCEEDED, details }));
  }

  /** To be told that a call has begun. */
  began(call: EndableCall): void {
    this.#waiting.add(call);
    if (this.#waiting.size > MAX_WAITING_CALLS) {
      const details = 'too many calls are waiting for their request message';
      this.#waiting.takeOldest()?.sendStatus({ code: status.RESOURCE_EXHAUSTED, details });
    }
  }

  /** To be told first of all when the request of a call is here. */
  received(call: EndableCall): void {
    this.#waiting.delete(call);
  }

  [Symbol.dispose](): void {
    this.#waiting[Symbol.dispose]();
  }
}
