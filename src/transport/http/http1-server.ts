import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type BrokenRequestResponder, MAX_HEAD_BYTES } from './broken-request.js';
import type { ConnectionTable } from './connection.js';

export interface Http1ServerOptions {
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long a client may leave an answer where it is; longer than it may take for a request. */
  readonly answerTimeoutMs: number;
  readonly connections: ConnectionTable;
  readonly broken: BrokenRequestResponder;
}

/**
 * A server for HTTP/1.1 that does not listen: it takes sockets by its event `connection`. Its `clientError` is left to the caller, since
 * fastify listens to it anyway.
 */
export function createHttp1Server(serve: RequestListener, options: Http1ServerOptions): Server {
  const { connections, broken, requestTimeoutMs, keepAliveTimeoutMs, answerTimeoutMs } = options;
  const listener = oneByOne(serve, connections);
  const server = createServer(
    {
      maxHeaderSize: MAX_HEAD_BYTES,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, requestTimeoutMs / 4),
      // Checked by the request handler, whose answer has the usual body.
      requireHostHeader: false,
    },
    listener,
  );
  // The size of a head is what is limited. Node would pass over headers behind the 2000th without a word.
  server.maxHeadersCount = 0;
  // With a listener, Node reads the socket as a stream. Without one it takes the bytes from below it, and loses some of those that TLS has decrypted
  // already when it stops reading since answers are not taken: https://github.com/nodejs/node/blob/v20.20.2/lib/_http_server.js#L1041
  server.on('connection', (socket) => socket.on('data', () => undefined));
  // The last answers still go out to a client that has closed its own side after its last request.
  Object.assign(server, { httpAllowHalfOpen: true });
  // A client that does not read its answer is given up; one that does not send its request gets an answer before that.
  server.timeout = answerTimeoutMs;
  server.on('timeout', (socket) => {
    if ((connections.find(socket)?.unanswered ?? 0) === 0) {
      socket.destroy();
    }
  });
  // Having these listeners leaves it to the request handler to let a body come, or to refuse before it is sent.
  server.on('checkContinue', listener);
  server.on('checkExpectation', listener);
  server.on('connect', (request, socket) => broken.onConnect(request, socket));
  // This is what has Node watch `headersTimeout` and `requestTimeout`: it begins to when a server listens, and this one never does.
  // https://github.com/nodejs/node/blob/v20.20.2/lib/_http_server.js#L552
  server.emit('listening');
  return server;
}

/**
 * Has the requests of a connection served one by one, as the fast lane does. Node hands out one that came behind another while that is still being
 * served, though it may ask for what the other one changes (RFC 9112, section 9.3.2).
 */
function oneByOne(serve: RequestListener, connections: ConnectionTable): RequestListener {
  const last = new WeakMap<Socket, ServerResponse>();
  return (request, response) => {
    const { socket } = request;
    const before = last.get(socket);
    last.set(socket, response);
    if (before === undefined || before.closed) {
      serve(request, response);
      return;
    }
    const connection = connections.find(socket);
    if (connection !== undefined) {
      connection.unanswered += 1;
    }
    before.once('close', () => {
      if (connection !== undefined) {
        connection.unanswered -= 1;
      }
      // After an answer that was the last one nobody would learn what becomes of this request.
      if (socket.writable) {
        serve(request, response);
      }
    });
  };
}
