import type { Socket } from 'node:net';
import type { AlpnProtocol } from './transport-protocol.js';

/** What every HTTP/2 connection begins with (RFC 9113, section 3.4), and no HTTP/1.1 request. */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/**
 * Finds out by its first bytes whether an unencrypted connection speaks HTTP/1.1 or HTTP/2, which TLS does by ALPN. The bytes are
 * put back. A client that sends nothing for `timeoutMs` is cut off.
 */
export function detectHttpVersion(
  socket: Socket,
  timeoutMs: number,
  onDetected: (version: AlpnProtocol) => void,
): void {
  const timeout = setTimeout(() => socket.destroy(), timeoutMs).unref();
  let head: Buffer = Buffer.of();
  const onReadable = (): void => {
    const chunk: unknown = socket.read();
    if (!Buffer.isBuffer(chunk)) {
      return;
    }
    head = Buffer.concat([head, chunk]);
    const compared = Math.min(head.length, HTTP2_PREFACE.length);
    const isPreface = head.subarray(0, compared).equals(HTTP2_PREFACE.subarray(0, compared));
    if (isPreface && compared < HTTP2_PREFACE.length) {
      return;
    }
    stop();
    socket.unshift(head);
    onDetected(isPreface ? 'h2' : 'http/1.1');
  };
  const onEnd = (): void => {
    socket.destroy();
  };
  const stop = (): void => {
    clearTimeout(timeout);
    socket.off('readable', onReadable);
    socket.off('end', onEnd);
    socket.off('close', stop);
  };
  socket.on('readable', onReadable);
  socket.on('end', onEnd);
  socket.on('close', stop);
}
