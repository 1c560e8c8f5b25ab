import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { AppImageError } from '../../domain/errors.js';
import { encodeFailure } from '../wire/envelope.js';
import type { Encoding } from '../wire/method.js';
import type { AlpnProtocol } from './transport-protocol.js';

/** What every request of a refused connection is answered with. */
export interface Refusal {
  readonly error: AppImageError;
  readonly httpStatus: 400 | 401;
}

/** A refused connection lives no longer than this, answered or not. */
const CONNECTION_TIMEOUT_MS = 5000;

/** How long a request body is read, and thrown away, before the answer goes out all the same. */
const BODY_TIMEOUT_MS = 1000;

const GRPC_UNAUTHENTICATED = '16';
const GRPC_FAILED_PRECONDITION = '9';

/**
 * Tells refused callers why they are refused, in the protocol they speak, and ends the connection. It shares nothing with
 * the servers that do the work, so that what a refused caller sends cannot reach them.
 */
export class RefusalResponder implements Disposable {
  readonly #sockets = new Set<Socket>();
  readonly #refusals = new WeakMap<Socket, Refusal>();
  readonly #http1: Server;

  constructor() {
    this.#http1 = createServer({ maxHeaderSize: 16_384, keepAlive: false }, (request, response) =>
      this.#answerHttp1(request, response),
    );
    // A body that waits for a "100 Continue" need not be sent at all.
    this.#http1.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
      this.#sendHttp1(request, response),
    );
  }

  /** Takes a connection over. */
  refuse(socket: Socket, alpn: AlpnProtocol, refusal: Refusal): void {
    this.#sockets.add(socket);
    const timeout = setTimeout(() => socket.destroy(), CONNECTION_TIMEOUT_MS).unref();
    socket.once('close', () => {
      clearTimeout(timeout);
      this.#sockets.delete(socket);
    });
    if (alpn === 'h2') {
      refuseHttp2(socket, refusal);
    } else {
      this.#refusals.set(socket, refusal);
      this.#http1.emit('connection', socket);
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  #answerHttp1(request: IncomingMessage, response: ServerResponse): void {
    // Were the connection closed while the client is still sending, the client would see a reset and not the answer.
    const timeout = setTimeout(() => this.#sendHttp1(request, response), BODY_TIMEOUT_MS).unref();
    request.once('end', () => this.#sendHttp1(request, response));
    request.once('close', () => clearTimeout(timeout));
    request.on('error', () => undefined);
    request.resume();
  }

  #sendHttp1(request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#refusals.get(request.socket);
    if (refusal === undefined || response.headersSent) {
      return;
    }
    const { contentType, body } = httpAnswer(refusal, request.headers['content-type']);
    response.writeHead(refusal.httpStatus, {
      'content-type': contentType,
      'content-length': body.length,
      connection: 'close',
    });
    response.end(body);
  }
}

function refuseHttp2(socket: Socket, refusal: Refusal): void {
  const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: 16 } });
  session.on('error', () => socket.destroy());
  session.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    // Thrown away; the connection's timeout bounds it.
    stream.resume();
    answerHttp2(stream, headers['content-type'], refusal);
    // Lets what has been begun end, and takes nothing new.
    session.close();
  });
}

function answerHttp2(stream: ServerHttp2Stream, requestType: string | undefined, refusal: Refusal): void {
  if (requestType?.toLowerCase().startsWith('application/grpc') === true) {
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc+proto',
        'grpc-status': refusal.httpStatus === 401 ? GRPC_UNAUTHENTICATED : GRPC_FAILED_PRECONDITION,
        'grpc-message': percentEncode(refusal.error.message),
      },
      { endStream: true },
    );
    return;
  }
  const { contentType, body } = httpAnswer(refusal, requestType);
  stream.respond({ ':status': refusal.httpStatus, 'content-type': contentType, 'content-length': body.length });
  stream.end(body);
}

function httpAnswer({ error }: Refusal, requestType: string | undefined): { contentType: string; body: Uint8Array } {
  const encoding: Encoding = /^\s*application\/(x-)?protobuf\s*(;|$)/i.test(requestType ?? '') ? 'protobuf' : 'json';
  return {
    contentType: encoding === 'json' ? 'application/json; charset=utf-8' : 'application/x-protobuf',
    body: encodeFailure(error, encoding),
  };
}

/** How gRPC writes a message into a header: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses */
export function percentEncode(message: string): string {
  return Array.from(Buffer.from(message, 'utf8'), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

/** What a client that speaks plain HTTP to a TLS port gets: the whole response. */
export const PLAIN_HTTP_ANSWER: string = plainHttpAnswer();

function plainHttpAnswer(): string {
  const error = new AppImageError('REQUEST_MALFORMED', 'this port speaks HTTPS and was sent plain HTTP; use https://');
  const body = Buffer.from(encodeFailure(error, 'json')).toString();
  return (
    'HTTP/1.1 400 Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n' +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}
