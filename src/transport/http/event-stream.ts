import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import type { StreamEnd, StreamSink } from '../stream-run.js';
import { encodeFailure } from '../wire/envelope.js';
import type { StreamMessage } from '../wire/method.js';
import type { Connection } from './connection.js';
import { http2Stream } from './http2-stream.js';

export const EVENT_STREAM_TYPE = 'text/event-stream';

/** How long an event source is to wait before it connects again. */
const RETRY_MS = 2000;
/** How long a client may take to read what is on its way to it when its stream has ended. */
const LINGER_MS = 5000;

const PREAMBLE = `retry: ${RETRY_MS}\n\n`;

/** A stream as server-sent events. */
export class EventStream implements StreamSink {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #connection: Connection;
  readonly #requestId: string;
  readonly #gone = new AbortController();
  #begun = false;

  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection, requestId: string) {
    this.#request = request;
    this.#response = response;
    this.#connection = connection;
    this.#requestId = requestId;
    // A body means nothing here, and what is left of it must not hold up the connection.
    request.resume();
    const leave = (): void => this.#gone.abort();
    response.once('close', leave);
    if (connection.session === undefined) {
      // Our side of the socket stays open when the client closes its side, and nothing else would tell before the next write.
      connection.socket.once('end', leave);
      response.once('close', () => connection.socket.off('end', leave));
    }
    if (response.destroyed) {
      leave();
    }
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whether the response has begun, so that it is too late for a status. */
  get begun(): boolean {
    return this.#begun;
  }

  begin(): void {
    if (this.#gone.signal.aborted) {
      return;
    }
    this.#begun = true;
    const headers: OutgoingHttpHeaders = {
      'content-type': EVENT_STREAM_TYPE,
      'cache-control': 'no-store',
      // So that nginx sends on what it gets at once.
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'x-request-id': this.#requestId,
    };
    if (this.#connection.session === undefined) {
      headers['connection'] = 'close';
    }
    this.#response.writeHead(200, headers);
    // The head goes out with it, so that a client knows that its watch has begun.
    this.#response.write(PREAMBLE);
  }

  send({ events }: StreamMessage): boolean {
    return this.#gone.signal.aborted || this.#response.write(events);
  }

  onceReady(callback: () => void): void {
    this.#response.once('drain', callback);
  }

  /** Ends a stream that has {@link begun}. `onEnded` is called when nothing more goes over it. */
  end(end: StreamEnd, onEnded: () => void): void {
    if (this.#gone.signal.aborted) {
      this.#reset();
      onEnded();
      return;
    }
    const timer = setTimeout(() => this.#reset(), LINGER_MS);
    this.#response.once('close', () => {
      clearTimeout(timer);
      onEnded();
    });
    this.#response.end('error' in end ? errorEvent(end.error) : undefined);
  }

  #reset(): void {
    const stream = http2Stream(this.#request);
    if (stream === undefined) {
      this.#connection.socket.destroy();
    } else {
      stream.close(constants.NGHTTP2_CANCEL);
    }
  }
}

/** Has no id, so that an event source goes on behind the last change that it was told. */
function errorEvent(error: Parameters<typeof encodeFailure>[0]): string {
  return `event: ERROR\ndata: ${Buffer.from(encodeFailure(error, 'json')).toString()}\n\n`;
}
