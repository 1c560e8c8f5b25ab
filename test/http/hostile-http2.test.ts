import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import {
  connectRaw,
  http2Client,
  QUERY_PATH,
  readAll,
  startGateway,
  type TestGateway,
  TOKENS,
} from './test-gateway.js';

let certificates: TemporaryCertificates;
let gateway: TestGateway;
let impatient: TestGateway;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  gateway = await startGateway(certificates);
  impatient = await startGateway(certificates, { requestTimeoutMs: 200, keepAliveTimeoutMs: 200 });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await impatient[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

beforeEach(() => {
  gateway.requests.length = 0;
});

function openSession(port: number): ClientHttp2Session {
  const { ca, client } = certificates;
  const session = connect(`https://127.0.0.1:${port}`, { ca, cert: client.certificate, key: client.key });
  session.on('error', () => undefined);
  return session;
}

function post(session: ClientHttp2Session, headers: Record<string, string> = {}): ClientHttp2Stream {
  const stream = session.request(
    { ':method': 'POST', ':path': QUERY_PATH, token: TOKENS.admin, ...headers },
    { endStream: false },
  );
  stream.on('error', () => undefined);
  return stream;
}

interface StreamEnd {
  readonly status: number | undefined;
  readonly body: string;
  readonly code: number;
}

async function endOf(stream: ClientHttp2Stream): Promise<StreamEnd> {
  let status: number | undefined;
  let body = '';
  stream.on('response', (headers) => {
    status = headers[':status'];
  });
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    body += text;
  });
  return await new Promise((resolve) => {
    stream.on('close', () => resolve({ status, body, code: stream.rstCode }));
  });
}

describe('hostile clients over HTTP/2', () => {
  it('get 413 for a body over the limit that was not announced, and are told to stop', async () => {
    const session = openSession(gateway.tlsPort);
    const stream = post(session);
    const end = endOf(stream);
    const chunk = Buffer.alloc(16 * 1024, '[');
    const timer = setInterval(() => {
      if (!stream.destroyed && stream.writable) {
        stream.write(chunk);
      }
    }, 1);
    const { status, body, code } = await end;
    clearInterval(timer);
    session.destroy();
    expect(status).toBe(413);
    expect(body).toContain('13152');
    expect(code).toBe(constants.NGHTTP2_NO_ERROR);
    expect(gateway.requests).toEqual([]);
  });

  it('get 401 before their body is read', async () => {
    const session = openSession(gateway.tlsPort);
    const stream = post(session, { token: 'wrong' });
    stream.write('{');
    const { status } = await endOf(stream);
    session.destroy();
    expect(status).toBe(401);
  });

  it('reach no method with a body that breaks off or is shorter than announced', async () => {
    const session = openSession(gateway.tlsPort);
    const broken = post(session);
    broken.write('{');
    await new Promise((resolve) => setTimeout(resolve, 50));
    broken.close(constants.NGHTTP2_CANCEL);
    const short = post(session, { 'content-length': '100' });
    short.end('{}');
    const { status } = await endOf(short);
    expect(status === undefined || status >= 400).toBe(true);
    session.destroy();
    await expect.poll(() => gateway.openConnections()).toBe(0);
    expect(gateway.requests).toEqual([]);
  });

  it('get 408 for a body that does not arrive', async () => {
    const session = openSession(impatient.tlsPort);
    const stream = post(session);
    stream.write('{');
    const { status, body } = await endOf(stream);
    session.destroy();
    expect(status).toBe(408);
    expect(body).toContain('11100');
  });

  it('have an idle session closed in order', async () => {
    const session = openSession(impatient.tlsPort);
    const stream = post(session);
    stream.end('{}');
    await endOf(stream);
    const code = await new Promise((resolve) => session.once('goaway', resolve));
    expect(code).toBe(constants.NGHTTP2_NO_ERROR);
    await new Promise((resolve) => session.once('close', resolve));
  });

  it('cannot have more streams open than the settings say', async () => {
    const session = openSession(gateway.tlsPort);
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(session.remoteSettings.maxConcurrentStreams).toBe(250);
    expect(session.remoteSettings.maxHeaderListSize).toBe(16 * 1024);
    session.destroy();
  });

  it('do no harm by opening and resetting streams', async () => {
    const session = openSession(gateway.tlsPort);
    const ended = new Promise((resolve) => session.once('close', resolve));
    for (let round = 0; round < 50 && !session.destroyed; round += 1) {
      for (let stream = 0; stream < 100 && !session.destroyed; stream += 1) {
        post(session).close(constants.NGHTTP2_CANCEL);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    session.destroy();
    await ended;
    await expect.poll(() => gateway.openConnections()).toBe(0);
    expect((await http2Client(gateway.tlsPort, certificates).call()).status).toBe(200);
  });

  it('do no harm with a flood of headers', async () => {
    const session = openSession(gateway.tlsPort);
    const flood = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x-flood-${index}`, 'y'.repeat(100)]));
    const { status } = await endOf(post(session, flood).end('{}'));
    expect(status).not.toBe(200);
    session.destroy();
    expect(gateway.requests).toEqual([]);
  });

  it.each(['FETCH', 'CONNECT', 'get'])('get 404 or 405 for the method %s', async (method) => {
    const session = openSession(gateway.tlsPort);
    const stream =
      method === 'CONNECT'
        ? session.request({ ':method': method, ':authority': 'localhost:443' })
        : session.request({ ':method': method, ':path': QUERY_PATH });
    stream.on('error', () => undefined);
    const { status, body } = await endOf(stream.end());
    session.destroy();
    expect(status).toBe(method === 'CONNECT' ? 404 : 405);
    expect(body).toContain('11100');
  });

  it('are cut off when they send garbage behind the preface', async () => {
    const socket = await connectRaw(gateway.plainPort);
    const stream = readAll(socket);
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.alloc(10_000, 0xff));
    await stream;
    await expect.poll(() => gateway.openConnections()).toBe(0);
  });
});

it('speaks HTTP/2 without TLS to clients that know', async () => {
  const session = connect(`http://127.0.0.1:${gateway.plainPort}`);
  const { status } = await endOf(post(session).end('{}'));
  session.destroy();
  expect(status).toBe(200);
});

it('never took a fault of a client for its own', () => {
  expect(gateway.log.filter((line) => line['code'] === 11101)).toEqual([]);
});
