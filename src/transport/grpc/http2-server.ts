import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: string[],
) => void;

/**
 * The HTTP/2 server within a grpc-js server that has one connection injector. It is in a private field of grpc-js 1.14, and nothing that is public leads to
 * it; what is done with it is all public.
 * @throws Error where grpc-js keeps it elsewhere
 */
export function http2ServerOf(server: Server): Http2Server {
  const { http2Servers } = server as unknown as { http2Servers?: ReadonlyMap<Http2Server, unknown> };
  const [http2Server, ...others] = http2Servers instanceof Map ? http2Servers.keys() : [];
  if (http2Server?.listenerCount('stream') !== 1 || others.length > 0) {
    throw new Error(
      '@grpc/grpc-js no longer keeps its HTTP/2 server in Server.http2Servers, or no longer serves its event "stream"',
    );
  }
  return http2Server;
}

/** Shows every new stream to `take` first; those that it returns `false` for are served as before. */
export function takeStreams(
  http2Server: Http2Server,
  take: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean,
): void {
  const [serve] = http2Server.listeners('stream') as [StreamListener];
  http2Server.removeAllListeners('stream');
  const listener: StreamListener = (stream, headers, flags, rawHeaders) => {
    if (!take(stream, headers)) {
      serve.call(http2Server, stream, headers, flags, rawHeaders);
    }
  };
  http2Server.on('stream', listener);
}
