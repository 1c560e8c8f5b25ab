import { createServer, type IncomingMessage, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Connection, ConnectionTable } from './connection.js';
import { JSON_TYPE } from './media-type.js';
import { malformed, type Refusal, requestTimeout } from './refusal.js';
import type { RequestHandler } from './request-handler.js';
import { newRequestId, requestIdFrom } from './request-id.js';
import { type AllowedMethods, unknownTarget } from './unknown-path.js';

/** Largest head of a request, in bytes. */
const MAX_HEADER_BYTES = 16 * 1024;
/** How long a client may take to read the answer to a broken request, which is sent while it is perhaps still sending. */
const LINGER_MS = 2000;

export interface Http1ServerOptions {
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly connections: ConnectionTable;
  readonly handler: RequestHandler;
  readonly paths: AllowedMethods;
}

/**
 * A server for HTTP/1.1 that does not listen: it takes sockets by its event `connection`. Requests too broken for a response object are
 * answered here.
 */
export function createHttp1Server(listener: RequestListener, options: Http1ServerOptions): Server {
  const { connections, handler, paths, requestTimeoutMs, keepAliveTimeoutMs } = options;
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, requestTimeoutMs / 4),
      // Checked by the request handler, whose answer has the usual body.
      requireHostHeader: false,
    },
    listener,
  );
  // The last answers still go out to a client that has closed its own side after its last request.
  Object.assign(server, { httpAllowHalfOpen: true });
  // A client that does not read its answer is given up; one that does not send its request gets an answer before that.
  server.timeout = 2 * requestTimeoutMs;
  server.on('timeout', (socket) => {
    if ((connections.find(socket)?.unanswered ?? 0) === 0) {
      socket.destroy();
    }
  });
  // Having these listeners leaves it to the request handler to let a body come, or to refuse before it is sent.
  server.on('checkContinue', listener);
  server.on('checkExpectation', listener);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const connection = connections.find(socket);
    const refusal = brokenRequest(error);
    if (connection === undefined || refusal === undefined) {
      socket.destroy();
    } else {
      failConnection(connection, refusal);
    }
  });
  server.on('connect', (request: IncomingMessage, socket) => {
    const connection = connections.find(socket);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    // Node has taken its own listener off.
    socket.on('error', () => socket.destroy());
    const { refusal, allow } = unknownTarget('CONNECT', request.url ?? '', paths);
    const requestId = requestIdFrom(request.headers['x-request-id']);
    writeRefusal(connection, refusal, requestId, allow === undefined ? '' : `Allow: ${allow}\r\n`);
  });
  // This is what has Node watch `headersTimeout` and `requestTimeout`: it begins to when a server listens, and this one never does.
  // https://github.com/nodejs/node/blob/v20.20.2/lib/_http_server.js#L552
  server.emit('listening');
  return server;

  function failConnection(connection: Connection, refusal: Refusal): void {
    if (connection.broken) {
      return;
    }
    connection.broken = true;
    if (connection.receiving !== undefined) {
      connection.receiving.fail(refusal);
    } else if (connection.unanswered > 0) {
      // What is broken stands behind requests that have yet to be answered, which the client would take this answer for.
      connection.closing = true;
    } else if (connection.unread?.complete === false) {
      connection.socket.destroy();
    } else {
      writeRefusal(connection, refusal, newRequestId());
    }
  }

  function writeRefusal(connection: Connection, refusal: Refusal, requestId: string, headers = ''): void {
    const body = handler.refusalBody(connection, requestId, refusal.error);
    const head =
      `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n` +
      `Content-Type: ${JSON_TYPE}\r\nContent-Length: ${body.length}\r\n` +
      `X-Request-Id: ${requestId}\r\n${headers}Connection: close\r\n\r\n`;
    endSocket(connection.socket, Buffer.concat([Buffer.from(head), body]));
  }
}

function endSocket(socket: Duplex, answer: Uint8Array): void {
  socket.end(answer);
  // To close at once would reset the connection while the client is sending, and the answer would be lost to it.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}

/** What to tell a client whose bytes are no HTTP; `undefined` where there is nobody left to tell. */
function brokenRequest(error: NodeJS.ErrnoException): Refusal | undefined {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTimeout();
    case 'HPE_HEADER_OVERFLOW':
      return malformed(431, `the head of the request is over the limit of ${MAX_HEADER_BYTES} bytes`);
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return malformed(413, 'the chunk extensions of the request body are too long; leave them out');
    case 'HPE_INVALID_METHOD':
      return malformed(400, 'the request is no HTTP/1.1, or its method is unknown; use POST');
    case 'HPE_INVALID_EOF_STATE':
      return malformed(400, 'the connection was closed before the request was complete; send it whole');
    default:
      return error.code?.startsWith('HPE_') === true
        ? malformed(
            400,
            `the request is no valid HTTP/1.1 (${error.code.slice('HPE_'.length).toLowerCase().replaceAll('_', ' ')})`,
          )
        : undefined;
  }
}
