import type { Peer } from '../dispatcher.js';

/** A property and no WeakMap, since the sockets that node:http2 hands out are proxies, which pass properties on. */
const PEER = Symbol('peer');

interface PeerCarrier {
  [PEER]?: Peer;
  readonly remoteAddress?: string | undefined;
}

/** Writes down who is at the other end of a connection, for {@link peerOf}. */
export function rememberPeer(socket: PeerCarrier, peer: Peer): void {
  socket[PEER] = peer;
}

/**
 * Who is at the other end of a connection: costs no more than reading a property. Takes the sockets of node:net, node:tls,
 * node:http and node:http2, and never throws.
 */
export function peerOf(socket: PeerCarrier): Peer {
  try {
    return socket[PEER] ?? { address: readableAddress(socket.remoteAddress), certificateSubject: undefined };
  } catch {
    // node:http2 throws ERR_HTTP2_SOCKET_UNBOUND once the session is gone.
    return { address: 'unknown', certificateSubject: undefined };
  }
}

/** An IPv4 address that came in over an IPv6 socket (`::ffff:192.0.2.1`) is shown as what it is. */
export function readableAddress(address: string | undefined): string {
  return address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? 'unknown';
}
