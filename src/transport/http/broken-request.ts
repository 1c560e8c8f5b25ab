import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { newRequestId, requestIdFrom } from '../request-id.js';
import type { Connection, ConnectionTable } from './connection.js';
import { JSON_TYPE } from './media-type.js';
import { malformed, type Refusal, requestTimeout } from './refusal.js';
import type { RequestHandler } from './request-handler.js';
import { type AllowedMethods, unknownTarget } from './unknown-path.js';

/** Largest head of a request over HTTP/1.1, in bytes. */
export const MAX_HEAD_BYTES = 16 * 1024;
/** How long a client may take to read the answer to a broken request, which it gets while it is perhaps still sending. */
const LINGER_MS = 2000;

/** Answers what Node's HTTP/1.1 server makes no response object for: requests it cannot read, and `CONNECT`. */
export class BrokenRequestResponder {
  readonly #connections: ConnectionTable;
  readonly #handler: RequestHandler;
  readonly #paths: AllowedMethods;

  constructor(options: {
    readonly connections: ConnectionTable;
    readonly handler: RequestHandler;
    readonly paths: AllowedMethods;
  }) {
    this.#connections = options.connections;
    this.#handler = options.handler;
    this.#paths = options.paths;
  }

  /** For the event `clientError`. */
  onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const refusal = brokenRequest(error);
    if (refusal === undefined) {
      socket.destroy();
    } else {
      this.#breakOff(socket, refusal);
    }
  }

  /** For a client that has connected and sends nothing. */
  onSilence(socket: Duplex): void {
    this.#breakOff(socket, requestTimeout());
  }

  /** For a client that has ended its side in the middle of a request. */
  onCutShort(socket: Duplex): void {
    this.#breakOff(socket, cutShort());
  }

  /** For the event `connect`. */
  onConnect(request: IncomingMessage, socket: Duplex): void {
    const connection = this.#connections.find(socket);
    if (connection === undefined) {
      socket.destroy();
      return;
    }
    // Node has taken its own listener off.
    socket.on('error', () => socket.destroy());
    const { refusal, allow } = unknownTarget('CONNECT', request.url ?? '', this.#paths);
    const requestId = requestIdFrom(request.headers['x-request-id']);
    this.#write(connection, refusal, requestId, allow === undefined ? '' : `Allow: ${allow}\r\n`);
  }

  #breakOff(socket: Duplex, refusal: Refusal): void {
    const connection = this.#connections.find(socket);
    if (connection === undefined) {
      socket.destroy();
    } else if (!connection.broken) {
      connection.broken = true;
      this.#fail(connection, refusal);
    }
  }

  #fail(connection: Connection, refusal: Refusal): void {
    if (connection.receiving?.hasArrived === false) {
      connection.receiving.fail(refusal);
    } else if (connection.unanswered > 0) {
      // What is broken stands behind requests that have yet to be answered, for one of which the client would take this answer.
      connection.closing = true;
    } else if (connection.unread?.complete === false) {
      connection.socket.destroy();
    } else {
      this.#write(connection, refusal, newRequestId());
    }
  }

  #write(connection: Connection, refusal: Refusal, requestId: string, headers = ''): void {
    const body = this.#handler.refusalBody(connection, requestId, refusal.error);
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

function cutShort(): Refusal {
  return malformed(400, 'the connection was closed before the request was complete; send it whole');
}

/** What to tell a client whose bytes are no HTTP; `undefined` where there is nobody left to tell. */
function brokenRequest(error: NodeJS.ErrnoException): Refusal | undefined {
  switch (error.code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTimeout();
    case 'HPE_HEADER_OVERFLOW':
      return malformed(431, `the head of the request is over the limit of ${MAX_HEAD_BYTES} bytes`);
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return malformed(413, 'the chunk extensions of the request body are too long; leave them out');
    case 'HPE_INVALID_METHOD':
      return malformed(400, 'the request is no HTTP/1.1, or its method is unknown; use POST');
    case 'HPE_INVALID_EOF_STATE':
      return cutShort();
    default: {
      const [, fault] = /^HPE_(.*)$/.exec(error.code ?? '') ?? [];
      return fault === undefined
        ? undefined
        : malformed(400, `the request is no valid HTTP/1.1 (${fault.toLowerCase().replaceAll('_', ' ')})`);
    }
  }
}
