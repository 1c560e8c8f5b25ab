import { Latencies } from './latencies.js';
import type { RequestSource } from './request-source.js';

/** Every so many answers one is read as a whole. */
const SAMPLE_EVERY = 64;

/** Looks into the body of an answer; throws where it is not what was asked for. */
export type CheckAnswer = (body: Buffer) => void;

/** What the connections to one server share: what they send, whether they go on, and what they measured. */
export class LoadDriver {
  readonly latencies = new Latencies();
  readonly source: RequestSource;
  readonly check: CheckAnswer;
  running = false;
  /** Pieces of data that have arrived. */
  arrivals = 0;
  #answers = 0;
  readonly #fail: (error: Error) => void;
  /** Rejects when any answer is not a success: there is nothing to be measured then. */
  readonly failed: Promise<never>;

  constructor(source: RequestSource, check: CheckAnswer) {
    this.source = source;
    this.check = check;
    const { promise, reject } = withResolvers();
    this.failed = promise;
    this.#fail = reject;
    // Whoever waits for it hears of it; while nobody does it is no reason to end the process.
    promise.catch(() => undefined);
  }

  /** Whether the answer that begins now is one that is read as a whole. */
  isSample(): boolean {
    this.#answers += 1;
    return this.#answers % SAMPLE_EVERY === 0;
  }

  fail(error: unknown): void {
    this.running = false;
    this.#fail(error instanceof Error ? error : new Error(String(error)));
  }

  /** Checks the body of a sample. */
  verify(body: Buffer): void {
    try {
      this.check(body);
    } catch (error) {
      this.fail(error);
    }
  }
}

/** A connection that keeps its number of requests in flight for as long as its driver runs. */
export interface LoadConnection {
  /** Sends as many requests as may be in flight. */
  begin(): void;
  /** Resolves when no request is in flight any more. */
  idle(): Promise<void>;
  close(): void;
}

function withResolvers(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<never>((_resolve, fail) => {
    reject = fail;
  });
  return { promise, reject };
}
