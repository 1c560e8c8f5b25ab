import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { LoadCredentials } from './load-job.js';

/** Larger than any TLS record, so that the reads of one wake-up are few. */
const READ_BYTES = 64 * 1024;

/**
 * Opens a connection with mutual TLS to the loopback. What arrives is handed to `onBytes` in a buffer that is used again, which is
 * cheaper than a stream's events.
 */
export async function openTls(
  port: number,
  credentials: LoadCredentials,
  alpn: 'http/1.1' | 'h2',
  onBytes: (bytes: Buffer) => void,
  onError: (error: Error) => void,
): Promise<TLSSocket> {
  // `onread` works with TLS, but @types/node knows it of plain sockets only.
  const options = {
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    ca: credentials.ca,
    cert: credentials.certificate,
    key: credentials.key,
    ALPNProtocols: [alpn],
    onread: {
      buffer: Buffer.allocUnsafe(READ_BYTES),
      callback: (length: number, buffer: Uint8Array) => {
        onBytes(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        return true;
      },
    },
  };
  const socket = connect(options);
  socket.setNoDelay(true);
  await once(socket, 'secureConnect');
  socket.on('error', onError);
  socket.on('close', () => onError(new Error('the server closed a connection')));
  return socket;
}
