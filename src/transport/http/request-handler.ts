import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Authenticator } from '../../auth/authenticator.js';
import type { Principal } from '../../auth/principal.js';
import type { AppImageError } from '../../domain/errors.js';
import type { Caller, Dispatcher, StreamCaller } from '../dispatcher.js';
import { requestIdFrom } from '../request-id.js';
import { encodeFailure } from '../wire/envelope.js';
import {
  type FieldValidation,
  type Method,
  NO_WARNINGS,
  type StreamMethod,
  type WireResponse,
} from '../wire/method.js';
import type { Connection, ConnectionTable } from './connection.js';
import { EventStream } from './event-stream.js';
import { type HttpErrorStatus, outcomeStatus, statusHeaders } from './http-status.js';
import { type BodyFormat, bodyFormat, JSON_FORMAT } from './media-type.js';
import { Refusal } from './refusal.js';
import { type AnswerHeaders, NodeReply, type Reply } from './reply.js';
import { RequestBody } from './request-body.js';
import {
  closeWhereBodyIsUncertain,
  expectAcceptableBody,
  expectReadableHead,
  fieldValidationOf,
  tokenOf,
} from './request-head.js';
import type { UsualHead } from './usual-head.js';
import { warningHeader } from './warning-header.js';
import { tokenFromCookie, watchCookie } from './watch-cookie.js';

export interface RequestHandlerOptions {
  readonly dispatcher: Dispatcher;
  readonly authenticator: Authenticator;
  readonly connections: ConnectionTable;
  /** Largest body of a request, in bytes. */
  readonly maxBodyBytes: number;
  readonly httpErrorStatus: HttpErrorStatus;
  /** How long a client may leave an answer where it is. */
  readonly answerTimeoutMs: number;
  /** Called after every answer while {@link RequestHandler.closing}. */
  readonly onAnswer: () => void;
}

/** A request on its way to an answer. */
interface Exchange {
  readonly reply: Reply;
  readonly connection: Connection;
  readonly format: BodyFormat;
  readonly requestId: string;
  /** `undefined` where the request is for none. */
  readonly method: Method | StreamMethod | undefined;
}

type MethodExchange = Exchange & { readonly method: Method };

/** What of a request, besides its body, tells how its method is to run. */
interface CallOptions {
  readonly principal: Principal;
  readonly ifMatch: string | undefined;
  readonly fieldValidation: FieldValidation;
}

/** Caller of a request that is turned away: who it is does not matter. */
type Stranger = Omit<Caller, 'principal'>;

const EMPTY_RESPONSE: WireResponse = {
  body: new Uint8Array(),
  error: undefined,
  etag: undefined,
  warnings: NO_WARNINGS,
};

/**
 * Takes a request from its head to its answer: authenticates the caller, receives the body, has the method run, and answers. Works on Node's
 * own request and response, since fastify's reply costs as much as all the rest.
 */
export class RequestHandler {
  /** Bodies that are being received over HTTP/2, where Node has no limit of its own on how long that may take. */
  readonly receivingHttp2 = new Set<RequestBody>();
  /** Methods that are running. */
  running = 0;
  /** Whether every answer says that the connection is closed behind it. */
  closing = false;
  readonly #dispatcher: Dispatcher;
  readonly #authenticator: Authenticator;
  readonly #connections: ConnectionTable;
  readonly #maxBodyBytes: number;
  readonly #httpErrorStatus: HttpErrorStatus;
  readonly #answerTimeoutMs: number;
  readonly #onAnswer: () => void;

  constructor(options: RequestHandlerOptions) {
    this.#dispatcher = options.dispatcher;
    this.#authenticator = options.authenticator;
    this.#connections = options.connections;
    this.#maxBodyBytes = options.maxBodyBytes;
    this.#httpErrorStatus = options.httpErrorStatus;
    this.#answerTimeoutMs = options.answerTimeoutMs;
    this.#onAnswer = options.onAnswer;
  }

  /** Answers a request for a method. Never throws. `query` is the parsed query string. */
  serve(
    method: Method,
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    query: Readonly<Record<string, unknown>>,
  ): void {
    const connection = this.#connections.of(request);
    if (connection === undefined) {
      return;
    }
    connection.unanswered += 1;
    const { headers } = request;
    const format = bodyFormat(headers['content-type']);
    const exchange = {
      reply: new NodeReply(request, response, connection, this.#answerTimeoutMs),
      connection,
      format,
      requestId,
      method,
    };
    let mode: HttpErrorStatus = 'standard';
    try {
      expectReadableHead(request);
      const principal = this.#authenticator.authenticate(tokenOf(headers));
      // What fails from here on is an outcome of a request that passed authentication.
      mode = this.#httpErrorStatus;
      const fieldValidation = fieldValidationOf(query['fieldValidation']);
      expectAcceptableBody(headers, this.#maxBodyBytes);
      this.#receive(exchange, request, response, { principal, ifMatch: headers['if-match'], fieldValidation });
    } catch (error) {
      closeWhereBodyIsUncertain(request, connection);
      this.#refuse(exchange, error, mode);
    }
  }

  /** Answers a request that is here as a whole, body included, and was counted as unanswered when it arrived. Never throws. */
  serveWhole(head: UsualHead, body: Uint8Array, connection: Connection, reply: Reply): void {
    const { method, format, ifMatch } = head;
    const exchange = { reply, connection, format, requestId: requestIdFrom(head.requestId), method };
    let principal: Principal;
    try {
      principal = this.#authenticator.authenticate(head.token);
    } catch (error) {
      this.#refuse(exchange, error, 'standard');
      return;
    }
    this.#run(exchange, { principal, ifMatch, fieldValidation: 'Warn' }, body);
  }

  /** Answers a request for a stream with server-sent events. Never throws. `query` is the parsed query string. */
  serveStream(
    method: StreamMethod,
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    query: Readonly<Record<string, unknown>>,
  ): void {
    this.#admit(method, request, response, requestId, (exchange, caller, token) => {
      const lastEventId = request.headers['last-event-id'];
      const message = method.requestFromQuery(query, typeof lastEventId === 'string' ? lastEventId : undefined);
      const authenticateAgain = (): Principal => this.#authenticator.authenticate(token);
      const stream = new EventStream(request, response, exchange.connection, requestId);
      void this.#stream(exchange, method, message, { ...caller, authenticateAgain }, stream);
    });
  }

  /** Answers a request for a cookie that lets an event source into a stream. Never throws. */
  serveSession(method: StreamMethod, request: IncomingMessage, response: ServerResponse, requestId: string): void {
    this.#admit(method, request, response, requestId, (exchange, caller) => {
      this.#dispatcher.admit(method, caller);
      const token = tokenOf(request.headers);
      this.#answer(exchange, 204, EMPTY_RESPONSE, {
        'cache-control': 'no-store',
        ...(token === undefined ? {} : { 'set-cookie': watchCookie(token, method.httpPath) }),
      });
    });
  }

  /** Answers a request that is for no method, in JSON. */
  refuse(
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    refusal: Refusal,
    headers?: OutgoingHttpHeaders,
  ): void {
    const connection = this.#connections.of(request);
    if (connection === undefined) {
      return;
    }
    connection.unanswered += 1;
    closeWhereBodyIsUncertain(request, connection);
    const reply = new NodeReply(request, response, connection, this.#answerTimeoutMs);
    const exchange = { reply, connection, format: JSON_FORMAT, requestId, method: undefined };
    this.#refuse(exchange, refusal, 'standard', headers);
  }

  /** The body of a failed exchange that has no request to answer to, for who writes the answer by hand. */
  refusalBody(connection: Connection, requestId: string, error: AppImageError): Uint8Array {
    return this.#dispatcher.refuse(error, 'json', { transport: 'http', requestId, peer: connection.peer }).body;
  }

  /** Authenticates a request of which only the head matters. What `serve` throws becomes the answer. */
  #admit(
    method: StreamMethod,
    request: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    serve: (exchange: Exchange, caller: Caller, token: string | undefined) => void,
  ): void {
    const connection = this.#connections.of(request);
    if (connection === undefined) {
      return;
    }
    connection.unanswered += 1;
    const reply = new NodeReply(request, response, connection, this.#answerTimeoutMs);
    const exchange: Exchange = { reply, connection, format: JSON_FORMAT, requestId, method };
    let mode: HttpErrorStatus = 'standard';
    try {
      expectReadableHead(request);
      const { headers } = request;
      const token = tokenOf(headers) ?? (request.method === 'GET' ? tokenFromCookie(headers.cookie) : undefined);
      const principal = this.#authenticator.authenticate(token);
      mode = this.#httpErrorStatus;
      serve(exchange, { transport: 'http', requestId, principal, peer: connection.peer }, token);
    } catch (error) {
      this.#refuse(exchange, error, mode);
    }
  }

  async #stream(
    exchange: Exchange,
    method: StreamMethod,
    message: Uint8Array,
    caller: StreamCaller,
    stream: EventStream,
  ): Promise<void> {
    // Looked up while the client is certainly there: the line of the log is written when it has gone.
    caller.peer();
    const end = await this.#dispatcher.stream(method, message, caller, stream);
    if (end.kind === 'failed' && !stream.begun) {
      const body = encodeFailure(end.error, 'json', method.descriptor.output);
      const status = outcomeStatus(end.error, this.#httpErrorStatus);
      this.#answer(exchange, status, { ...EMPTY_RESPONSE, body, error: end.error });
      return;
    }
    stream.end(end, () => {
      exchange.connection.unanswered -= 1;
      if (this.closing) {
        this.#onAnswer();
      }
    });
  }

  #receive(exchange: MethodExchange, request: IncomingMessage, response: ServerResponse, options: CallOptions): void {
    const { connection } = exchange;
    if (request.headers.expect !== undefined) {
      response.writeContinue();
    }
    const receiving = new RequestBody(request, this.#maxBodyBytes, (body, error) => {
      if (connection.session === undefined) {
        connection.receiving = undefined;
      } else {
        this.receivingHttp2.delete(receiving);
      }
      if (body === undefined) {
        this.#refuse(exchange, error, this.#httpErrorStatus);
      } else {
        this.#run(exchange, options, body);
      }
    });
    if (connection.session === undefined) {
      connection.receiving = receiving;
    } else {
      this.receivingHttp2.add(receiving);
    }
  }

  #run(exchange: MethodExchange, { principal, ifMatch, fieldValidation }: CallOptions, body: Uint8Array): void {
    const { connection, format, requestId, method } = exchange;
    this.running += 1;
    const result = this.#dispatcher.dispatch(
      method,
      { encoding: format.encoding, body, ifMatch, fieldValidation },
      { transport: 'http', requestId, principal, peer: connection.peer },
    );
    if (result instanceof Promise) {
      void result.then((later) => this.#finish(exchange, later));
    } else {
      this.#finish(exchange, result);
    }
  }

  #finish(exchange: Exchange, result: WireResponse): void {
    this.running -= 1;
    this.#answer(exchange, outcomeStatus(result.error, this.#httpErrorStatus), result);
  }

  #refuse(exchange: Exchange, reason: unknown, mode: HttpErrorStatus, headers?: OutgoingHttpHeaders): void {
    const { connection, format, requestId, method } = exchange;
    const caller: Stranger = { transport: 'http', requestId, peer: connection.peer };
    const refusal = reason instanceof Refusal ? reason : undefined;
    const result = this.#dispatcher.refuse(refusal?.error ?? reason, format.encoding, caller, method);
    const status = refusal?.status ?? outcomeStatus(result.error, mode);
    if (refusal?.closes === true) {
      connection.closing = true;
    }
    this.#answer(exchange, status, result, headers);
  }

  #answer(exchange: Exchange, status: number, result: WireResponse, more?: OutgoingHttpHeaders): void {
    const { reply, connection, format, requestId } = exchange;
    connection.unanswered -= 1;
    const { body, error, etag, warnings } = result;
    const headers: AnswerHeaders = { 'x-request-id': requestId };
    if (status !== 204) {
      headers['content-type'] = format.contentType;
      headers['content-length'] = body.length;
    }
    if (etag !== undefined) {
      headers['etag'] = etag;
    }
    if (warnings.length > 0) {
      headers['warning'] = warningHeader(warnings);
    }
    if (error !== undefined || more !== undefined) {
      Object.assign(headers, statusHeaders(status), more);
    }
    if (connection.session === undefined && (connection.closing || this.closing)) {
      headers['connection'] = 'close';
    }
    reply.send(status, headers, result);
    if (this.closing) {
      this.#onAnswer();
    }
  }
}
