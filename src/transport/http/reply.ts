import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { whileOpen } from '../while-open.js';
import type { ResponseBody } from '../wire/method.js';
import type { Connection } from './connection.js';
import { http2Stream } from './http2-stream.js';

/** Headers of an answer. The names are in lower case, and the values fit for a header. */
export type AnswerHeaders = Record<string, OutgoingHttpHeader>;

/** Where the answer to one request goes. */
export interface Reply {
  /** Sends the answer, unless the client has gone. Called once. */
  send(status: number, headers: AnswerHeaders, answer: ResponseBody): void;
}

/** Answers through Node's own response. */
export class NodeReply implements Reply {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #connection: Connection;
  readonly #answerTimeoutMs: number;

  /** @param answerTimeoutMs how long a client may take for an answer over HTTP/2; over HTTP/1.1 the server sees to that */
  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection, answerTimeoutMs: number) {
    this.#request = request;
    this.#response = response;
    this.#connection = connection;
    this.#answerTimeoutMs = answerTimeoutMs;
  }

  send(status: number, headers: AnswerHeaders, { body, release }: ResponseBody): void {
    const request = this.#request;
    this.#connection.unread = request.complete ? undefined : request;
    const stream = http2Stream(request);
    if (stream !== undefined) {
      stopSending(stream, request);
      // Not by `setTimeout` of the stream: that begins anew with all that the session sends, the answer to a ping included.
      whileOpen(stream, this.#answerTimeoutMs, () => stream.close(constants.NGHTTP2_CANCEL));
    }
    if (!this.#response.destroyed) {
      if (release !== undefined) {
        // A response over HTTP/2 says that it has finished also where its stream was reset, when the session may still hold the body.
        (stream ?? this.#response).once('finish', release);
      }
      this.#response.writeHead(status, headers as OutgoingHttpHeaders);
      this.#response.end(body);
    }
  }
}

/** Has an HTTP/2 client that has its answer send no more of its body (RFC 9113, section 8.1). */
function stopSending(stream: ServerHttp2Stream, request: IncomingMessage): void {
  if (!request.complete && !stream.endAfterHeaders) {
    stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  }
}
