import { constants, type ServerHttp2Stream } from 'node:http2';
import { OverdueCalls } from './overdue-calls.js';
import { RequestTimeout } from './request-timeout.js';

/** How long a client whose call is over may go on sending its request, which is dropped. */
const SURPLUS_MS = 1000;

/** Bounds how long a call with one response stays open, whatever its client does or leaves undone. */
export class CallTimeouts implements Disposable {
  /** Until the request is here. */
  readonly request: RequestTimeout;
  /** Until the client has taken the answer. */
  readonly answer: OverdueCalls<ServerHttp2Stream>;
  /**
   * Until the client that has its whole answer stops sending. It is told to then, as RFC 9113 has it (section 8.1), and not at once: what tells it would
   * overtake an answer that waits for others on the same connection.
   */
  readonly surplus: OverdueCalls<ServerHttp2Stream>;

  constructor({ requestMs, answerMs }: { readonly requestMs: number; readonly answerMs: number }) {
    this.request = new RequestTimeout(requestMs);
    this.answer = new OverdueCalls(answerMs, (stream) => stream.close(constants.NGHTTP2_CANCEL));
    this.surplus = new OverdueCalls(SURPLUS_MS, (stream) => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  [Symbol.dispose](): void {
    this.request[Symbol.dispose]();
    this.answer[Symbol.dispose]();
    this.surplus[Symbol.dispose]();
  }
}
