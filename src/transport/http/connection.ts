import type { IncomingMessage } from 'node:http';
import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Peer } from '../dispatcher.js';
import { http2Stream } from './http2-stream.js';
import type { RequestBody } from './request-body.js';

/** One connection of a client, and what is going on over it. */
export class Connection {
  readonly socket: Socket;
  /** Looked up when first asked for, and once: it costs more than a query does. */
  readonly peer: () => Peer;
  /** Set where the connection speaks HTTP/2. */
  session: Http2Session | undefined;
  /** Requests whose head was read and that have no answer yet. */
  unanswered = 0;
  /** The body that is being read; over HTTP/1.1 there is one at most, and over HTTP/2 this is not kept. */
  receiving: RequestBody | undefined;
  /** The last request, if it was answered before it had arrived as a whole. */
  unread: IncomingMessage | undefined;
  /** Whether the next answer is the last one. */
  closing = false;
  /** Whether what the client sends can no longer be understood. */
  broken = false;

  constructor(socket: Socket, peerOf: (socket: Socket) => Peer) {
    this.socket = socket;
    let peer: Peer | undefined;
    this.peer = () => (peer ??= peerOf(socket));
  }
}

/** Every connection that is open. */
export class ConnectionTable {
  readonly open = new Set<Connection>();
  readonly #bySource = new WeakMap<object, Connection>();

  /** Keeps a connection until its socket is closed, then calls `onClosed`. */
  add(connection: Connection, onClosed: () => void): void {
    this.open.add(connection);
    this.#bySource.set(connection.socket, connection);
    connection.socket.once('close', () => {
      this.open.delete(connection);
      onClosed();
    });
  }

  /** Notes that a connection speaks HTTP/2. */
  addSession(connection: Connection, session: Http2Session): void {
    connection.session = session;
    this.#bySource.set(session, connection);
  }

  /** The connection of a socket or of an HTTP/2 session. */
  find(source: object): Connection | undefined {
    return this.#bySource.get(source);
  }

  /** The connection that a request came over; `undefined` where an HTTP/2 client has already taken the request back. */
  of(request: IncomingMessage): Connection | undefined {
    const stream = http2Stream(request);
    return stream === undefined ? this.find(request.socket) : stream.session && this.find(stream.session);
  }
}
