import { AppImageError } from '../domain/errors.js';
import type { StreamMessage, StreamMethod } from './wire/method.js';

/** The client's end of a stream, as a transport has it. */
export interface StreamSink {
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
  /** Called once, before the first message: the stream begins. */
  begin(): void;
  /** Sends a message. Returns false where the client should get no further one yet; {@link onceReady} tells when. */
  send(message: StreamMessage): boolean;
  /** Calls back once, as soon as the client takes a further message. */
  onceReady(callback: () => void): void;
}

/** How a stream ended, for the transport to tell its client. */
export type StreamEnd =
  | { readonly kind: 'client' | 'shutdown' }
  | { readonly kind: 'failed' | 'too_slow'; readonly error: AppImageError };

interface StreamRunHooks {
  /** Called now and then before a message goes out; throws where the caller may no longer see the stream. */
  readonly recheck: () => void;
  readonly onSent: (events: number) => void;
}

/** How often a stream's caller is checked anew, so that a token that was taken away does not go on seeing what happens. */
const RECHECK_INTERVAL_MS = 30_000;

/** One stream on its way from a method to a client. */
export class StreamRun {
  readonly #method: StreamMethod;
  readonly #sink: StreamSink;
  readonly #hooks: StreamRunHooks;
  #checkedAt = performance.now();
  #shutDown = false;
  #interrupt: () => void = () => undefined;
  /** Events that were sent. */
  sentEvents = 0;
  /** Where the client goes on; empty before the first message. */
  resumeToken = '';

  constructor(method: StreamMethod, sink: StreamSink, hooks: StreamRunHooks) {
    this.#method = method;
    this.#sink = sink;
    this.#hooks = hooks;
  }

  /** Ends the stream also where its client is not reading. The method has to be told by itself. */
  shutDown(): void {
    this.#shutDown = true;
    this.#interrupt();
  }

  /** Sends messages until the stream ends. @throws what the method throws */
  async forward(messages: AsyncGenerator<StreamMessage, void>): Promise<StreamEnd> {
    this.#sink.begin();
    const { signal } = this.#sink;
    for await (const message of messages) {
      if (signal.aborted || this.#shutDown) {
        break;
      }
      this.#checkCaller();
      this.sentEvents += message.eventCount;
      this.#hooks.onSent(message.eventCount);
      this.resumeToken = message.resumeToken;
      if (!this.#sink.send(message) && (await this.#room()) === 'too_slow') {
        return { kind: 'too_slow', error: tooSlow(message.resumeToken) };
      }
    }
    return { kind: signal.aborted ? 'client' : 'shutdown' };
  }

  #checkCaller(): void {
    const now = performance.now();
    if (now - this.#checkedAt >= RECHECK_INTERVAL_MS) {
      this.#checkedAt = now;
      this.#hooks.recheck();
    }
  }

  /** Waits until the client reads again, is gone, or has too much waiting for it. */
  async #room(): Promise<'goes_on' | 'too_slow'> {
    const { signal } = this.#sink;
    return await new Promise((resolve) => {
      const settle = (outcome: 'goes_on' | 'too_slow'): void => {
        stopWatching();
        signal.removeEventListener('abort', goOn);
        this.#interrupt = () => undefined;
        resolve(outcome);
      };
      const goOn = (): void => settle('goes_on');
      const stopWatching = this.#method.whileBlocked(() => settle('too_slow'));
      signal.addEventListener('abort', goOn);
      this.#interrupt = goOn;
      this.#sink.onceReady(goOn);
      if (signal.aborted || this.#shutDown) {
        goOn();
      }
    });
  }
}

function tooSlow(resumeToken: string): AppImageError {
  return new AppImageError(
    'WATCHER_TOO_SLOW',
    `too many changes are waiting for this watcher; go on with its last resume token, ${resumeToken}, and read faster`,
  );
}
