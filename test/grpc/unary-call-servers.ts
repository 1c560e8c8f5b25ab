import { type ClientHttp2Session, type ClientHttp2Stream, connect, createServer } from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import {
  type handleUnaryCall,
  logVerbosity,
  Metadata,
  Server,
  ServerCredentials,
  setLogVerbosity,
} from '@grpc/grpc-js';
import type { Caller } from '../../src/transport/dispatcher.js';
import { CallTimeouts } from '../../src/transport/grpc/call-timeouts.js';
import { serveUnaryCall, type UnaryCall, type UnaryHandler } from '../../src/transport/grpc/unary-call.js';
import { framed } from './raw-call.js';

export const HEADERS = { ':path': '/test.Service/Method', 'content-type': 'application/grpc' };
/** A request as it is sent, whose message is `asks`. */
export const REQUEST = framed(Buffer.from('asks'));

/** A server with one unary method, whatever the path, and a connection to it. */
export interface UnaryServer extends AsyncDisposable {
  readonly port: number;
  readonly session: ClientHttp2Session;
}

/** Who calls, where a test does not care. */
export const CALLER: Caller = {
  transport: 'grpc',
  requestId: 'one',
  principal: { tokenName: 'test', role: 'admin' },
  peer: () => ({ address: 'unknown', certificateSubject: undefined }),
};

/** One on {@link serveUnaryCall}, whose handler admits everybody unless `admit` says otherwise. */
export async function serveUnary(
  serve: (call: UnaryCall) => void,
  {
    maxMessageBytes = 1000,
    requestTimeoutMs = 60_000,
    answerTimeoutMs = 60_000,
    admit = () => CALLER,
    refused = () => undefined,
  }: Partial<UnaryHandler> & {
    maxMessageBytes?: number;
    requestTimeoutMs?: number;
    answerTimeoutMs?: number;
  } = {},
): Promise<UnaryServer & { readonly bufferingPort: number }> {
  const timeouts = new CallTimeouts({ requestMs: requestTimeoutMs, answerMs: answerTimeoutMs });
  const handler: UnaryHandler = { admit, serve, refused };
  const server = createServer();
  server.on('stream', (stream, headers) => serveUnaryCall(stream, headers, handler, { maxMessageBytes, timeouts }));
  const buffering = createTcpServer((socket) => {
    socket.once('readable', () => server.emit('connection', socket));
  });
  const port = await listen(server);
  const session = connect(`http://127.0.0.1:${port}`);
  return {
    port,
    /** Where connections are taken over when their first bytes have been read. */
    bufferingPort: await listen(buffering),
    session,
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      timeouts[Symbol.dispose]();
      await Promise.all([server, buffering].map((each) => new Promise((resolve) => each.close(resolve))));
    },
  };
}

async function listen(server: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** One on grpc-js alone. */
export async function serveByGrpcJs(
  path: string,
  handler: handleUnaryCall<Buffer, Buffer>,
  maxMessageBytes: number,
): Promise<UnaryServer> {
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({ 'grpc.max_receive_message_length': maxMessageBytes });
  const untouched = (bytes: Buffer): Buffer => bytes;
  const definition = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: untouched,
    requestDeserialize: untouched,
    responseSerialize: untouched,
    responseDeserialize: untouched,
  };
  server.addService({ method: definition }, { method: handler });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const session = connect(`http://127.0.0.1:${port}`);
  return {
    port,
    session,
    [Symbol.asyncDispose]: async () => {
      session.destroy();
      server.forceShutdown();
    },
  };
}

/** Metadata with one entry. */
export function metadataOf(key: string, value: string): Metadata {
  const metadata = new Metadata();
  metadata.set(key, value);
  return metadata;
}

/** Calls that have been handed to a handler which does not answer them. */
export function unanswered(): { calls: UnaryCall[]; handler: (call: UnaryCall) => void } {
  const calls: UnaryCall[] = [];
  return { calls, handler: (call) => calls.push(call) };
}

/** Begins a call. */
export function open(session: ClientHttp2Session, headers: Record<string, string> = {}): ClientHttp2Stream {
  const stream = session.request({ ':method': 'POST', ...HEADERS, ...headers });
  stream.on('error', () => undefined);
  stream.resume();
  return stream;
}

/** Resolves once a stream has closed. */
export async function closeOf(stream: ClientHttp2Stream): Promise<void> {
  if (!stream.closed || !stream.destroyed) {
    await new Promise((resolve) => stream.once('close', resolve));
  }
}

/** The headers of an answer. */
export async function answerTo(stream: ClientHttp2Stream): Promise<Record<string, unknown>> {
  return await new Promise((resolve) => stream.once('response', resolve));
}

/** Answers a call with its request. */
export const answerOk = (call: UnaryCall): void => call.respond({ requestId: 'one' }, { body: call.request });
