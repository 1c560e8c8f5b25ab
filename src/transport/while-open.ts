import type { Http2Stream } from 'node:http2';

/** Does something to a stream after a time, unless the stream has closed by then. */
export function whileOpen(stream: Http2Stream, delayMs: number, action: () => void): void {
  if (!stream.destroyed) {
    const timer = setTimeout(action, delayMs);
    stream.once('close', () => clearTimeout(timer));
  }
}
