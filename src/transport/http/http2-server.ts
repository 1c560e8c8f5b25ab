import { type IncomingMessage, METHODS, type RequestListener, type ServerResponse } from 'node:http';
import { createServer, type Http2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { ConnectionTable } from './connection.js';

/** Streams that a client may have open at a time on one connection. */
const MAX_CONCURRENT_STREAMS = 250;
/** Largest head of a request, in bytes as HTTP/2 counts them. */
const MAX_HEADER_BYTES = 16 * 1024;
/** Frames that make no sense, and streams over the limit, that a connection survives. */
const MAX_INVALID_FRAMES = 100;
/** How much of its bodies one stream may send before we have taken it in: a usual body fits without a round trip. */
const STREAM_WINDOW_BYTES = 1024 * 1024;

const KNOWN_METHODS = new Set(METHODS);

export interface Http2ServerOptions {
  readonly keepAliveTimeoutMs: number;
  readonly connections: ConnectionTable;
  /** Answers a request that fastify cannot route. */
  readonly refuseUnknown: RequestListener;
}

/**
 * A server for HTTP/2 that does not listen: it takes sockets by its event `connection`, over TLS (the listener's business) or not. Each
 * session is idle for `keepAliveTimeoutMs` at most.
 */
export function createHttp2Server(listener: RequestListener, options: Http2ServerOptions): Http2Server {
  const { connections, keepAliveTimeoutMs, refuseUnknown } = options;
  const server = createServer({
    settings: {
      maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
      maxHeaderListSize: MAX_HEADER_BYTES,
      initialWindowSize: STREAM_WINDOW_BYTES,
      enablePush: false,
    },
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    maxSessionRejectedStreams: MAX_INVALID_FRAMES,
  });
  const route = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    // Node's compatibility layer: the parts that we use are the same in both versions of HTTP.
    const compatible = [
      request as unknown as IncomingMessage & { url: string },
      response as unknown as ServerResponse,
    ] as const;
    if (KNOWN_METHODS.has(request.method) && request.method !== 'CONNECT') {
      listener(...compatible);
    } else {
      refuseUnknown(...compatible);
    }
  };
  server.on('request', route);
  server.on('checkContinue', route);
  server.on('checkExpectation', route);
  server.on('connect', route);
  server.on('session', (session) => {
    session.setTimeout(keepAliveTimeoutMs, () => {
      const connection = connections.find(session);
      if (session.closed) {
        // Streams that are answered, but whose answer the client does not take, hold a closed session open.
        session.destroy();
      } else if (connection === undefined || connection.unanswered === 0) {
        session.close();
      }
    });
  });
  return server;
}
