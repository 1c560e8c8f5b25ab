import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
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

  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection) {
    this.#request = request;
    this.#response = response;
    this.#connection = connection;
  }

  send(status: number, headers: AnswerHeaders, { body, release }: ResponseBody): void {
    const request = this.#request;
    this.#connection.unread = request.complete ? undefined : request;
    stopSending(request);
    if (!this.#response.destroyed) {
      if (release !== undefined) {
        // A response over HTTP/2 says that it has finished also where its stream was reset, when the session may still hold the body.
        (http2Stream(request) ?? this.#response).once('finish', release);
      }
      this.#response.writeHead(status, headers as OutgoingHttpHeaders);
      this.#response.end(body);
    }
  }
}

/** Has an HTTP/2 client that has its answer send no more of its body (RFC 9113, section 8.1). */
function stopSending(request: IncomingMessage): void {
  const stream = http2Stream(request);
  if (stream !== undefined && !request.complete && !stream.endAfterHeaders) {
    stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
  }
}
