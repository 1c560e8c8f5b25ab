import { readFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { query } from './grpc-call.js';
import { type GrpcTestServer, startGrpcTestServer, TOKENS } from './grpc-test-server.js';

const PATH = '/kuscia.proto.api.v1alpha1.kusciaapi.AppImageService/QueryAppImage';

/** An HTTP/2 client that can send what no gRPC client would. */
function openSession({ port, certsDir }: GrpcTestServer): ClientHttp2Session {
  const file = (name: string): Buffer => readFileSync(join(certsDir, name));
  const session = connect(`https://localhost:${port}`, {
    ca: file('ca.crt'),
    cert: file('client.crt'),
    key: file('client.key'),
  });
  session.on('error', () => undefined);
  return session;
}

function open(session: ClientHttp2Session, headers: Record<string, string> = {}): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
    token: TOKENS.viewer,
    ...headers,
  });
  stream.on('error', () => undefined);
  stream.resume();
  return stream;
}

/** The headers that end a call without a response message. */
async function endOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  return await new Promise((resolve) => {
    stream.once('response', resolve);
    stream.once('close', () => resolve({ closed: String(stream.rstCode) }));
  });
}

describe('a hostile HTTP/2 client', () => {
  let server: GrpcTestServer;
  let session: ClientHttp2Session;
  beforeAll(async () => {
    server = await startGrpcTestServer({ requestTimeoutMs: 300 });
    session = openSession(server);
  });
  afterAll(async () => {
    session.destroy();
    await server[Symbol.asyncDispose]();
  });

  it('that never sends its message is told so and cut off', async () => {
    const stream = open(session);
    stream.write(Buffer.from([0, 0, 0, 0, 9, 0x12]));
    const end = await endOf(stream);
    expect(Number(end['grpc-status'])).toBe(status.DEADLINE_EXCEEDED);
    expect(decodeURI(String(end['grpc-message']))).toMatch(/did not arrive within 300 ms/);
  });

  it('that trickles its message is told so as well', async () => {
    const stream = open(session);
    stream.write(Buffer.from([0, 0, 0, 1, 0]));
    const trickle = setInterval(() => stream.write(Buffer.of(0)), 50);
    const end = await endOf(stream);
    clearInterval(trickle);
    expect(Number(end['grpc-status'])).toBe(status.DEADLINE_EXCEEDED);
  });

  it.each([
    ['a content type other than gRPC', { 'content-type': 'application/json' }, { ':status': 415 }],
    ['an unknown path with bytes beyond ASCII', { ':path': '/\u00e9/\u00ff' }, { 'grpc-status': '12' }],
    ['a time-out that is none', { 'grpc-timeout': 'soon' }, { 'grpc-status': '13' }],
  ])('that sends %s gets an answer', async (_what, headers, expected) => {
    expect(await endOf(open(session, headers))).toMatchObject(expected);
  });

  it('that sends an encoding nobody knows gets UNIMPLEMENTED', async () => {
    const stream = open(session, { 'grpc-encoding': 'brotli' });
    stream.end(Buffer.from([1, 0, 0, 0, 1, 0]));
    expect(await endOf(stream)).toMatchObject({ 'grpc-status': String(status.UNIMPLEMENTED) });
  });

  it('that says its message is compressed and lies gets an answer', async () => {
    const stream = open(session, { 'grpc-encoding': 'gzip' });
    stream.end(Buffer.from([1, 0, 0, 0, 3, 1, 2, 3]));
    expect(await endOf(stream)).toMatchObject({ 'grpc-status': String(status.INTERNAL) });
  });

  it('that has no token is told so before its message is there, of which nothing is kept', async () => {
    const lines = server.log.length;
    const streams = Array.from({ length: 50 }, () => open(session, { token: 'wrong' }));
    for (const stream of streams) {
      stream.write(Buffer.concat([Buffer.from([0, 0, 0, 0xff, 0]), Buffer.alloc(50_000)]));
    }
    const trailers = await Promise.all(
      streams.map((stream) => new Promise((resolve) => stream.once('trailers', resolve))),
    );
    expect(new Set(trailers.map((each) => (each as IncomingHttpHeaders)['grpc-status']))).toEqual(new Set(['16']));
    await expect.poll(() => streams.every((stream) => stream.closed), { timeout: 5000 }).toBe(true);
    expect(server.log.slice(lines).filter(({ msg }) => msg === 'request refused')).toHaveLength(50);
  });

  it('that sends too large a message leaves a line in the log, with the id that it gets', async () => {
    const stream = open(session);
    stream.write(Buffer.of(0, 0xff, 0xff, 0xff, 0xff));
    const end = await endOf(stream);
    expect(end).toMatchObject({ 'grpc-status': String(status.RESOURCE_EXHAUSTED) });
    const refused = { msg: 'request refused', requestId: end['x-request-id'], code: 13152, method: 'QueryAppImage' };
    expect(server.log).toContainEqual(expect.objectContaining(refused));
  });

  it.each(['/grpc.health.v1.Health/Check', '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'])(
    'that sends more to %s than anybody needs is cut off',
    async (path) => {
      await using large = await startGrpcTestServer({ maxMessageBytes: 1024 * 1024 });
      const other = openSession(large);
      const stream = open(other, { ':path': path });
      stream.write(Buffer.concat([Buffer.from([0, 0, 0xf, 0, 0]), Buffer.alloc(70_000)]));
      await new Promise((resolve) => stream.once('close', resolve));
      expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      other.destroy();
    },
  );

  it('that sends no message, or two, gets an answer', async () => {
    const none = open(session);
    none.end();
    expect(await endOf(none)).toMatchObject({ 'grpc-status': String(status.UNIMPLEMENTED) });
    const two = open(session);
    two.end(Buffer.alloc(10));
    expect(await endOf(two)).toMatchObject({ 'grpc-status': String(status.UNIMPLEMENTED) });
  });

  it('that resets a thousand calls does no harm to others', async () => {
    const resetting = openSession(server);
    for (let call = 0; call < 1000; call++) {
      open(resetting).close(8);
    }
    expect(await query(server.client(), 'app')).toMatchObject({ grpcStatus: status.OK, code: 0 });
    resetting.destroy();
  });

  it('that sends a token beyond ASCII is refused, and the token shows up nowhere', async () => {
    const stderr: string[] = [];
    const write = process.stderr.write.bind(process.stderr);
    process.stderr.write = (chunk: string | Uint8Array) => stderr.push(String(chunk)) > 0;
    try {
      const stream = open(session, { token: 'geheim\u00e9' });
      stream.end(Buffer.alloc(5));
      expect(await endOf(stream)).toMatchObject({ ':status': 200 });
    } finally {
      process.stderr.write = write;
    }
    expect(stderr.join('')).not.toContain('geheim');
    expect(JSON.stringify(server.log)).not.toContain('geheim');
  });

  it('that hangs up on a plain connection half way leaves nothing open', async () => {
    await using plain = await startGrpcTestServer({ protocol: 'NOTLS' });
    const socket = connectTcp(plain.port, '127.0.0.1');
    socket.end('PRI * HTTP/2.0\r\n');
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(await query(plain.client(), 'app')).toMatchObject({ grpcStatus: status.OK });
  });
});
