import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';

/** The stream of a request over HTTP/2; `undefined` over HTTP/1.1. */
export function http2Stream(request: IncomingMessage): ServerHttp2Stream | undefined {
  return (request as { stream?: ServerHttp2Stream }).stream;
}
