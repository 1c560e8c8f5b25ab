import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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
/** Closed behind each test. */
const sessions: ClientHttp2Session[] = [];
/** What was logged by then. */
const logged: Record<string, unknown>[] = [];

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

afterEach(() => {
  for (const session of sessions.splice(0)) {
    session.destroy();
  }
  logged.push(...gateway.log, ...impatient.log);
  gateway.reset();
  impatient.reset();
});

function openSession(port: number): ClientHttp2Session {
  const { ca, client } = certificates;
  const session = connect(`https://127.0.0.1:${port}`, { ca, cert: client.certificate, key: client.key });
  session.on('error', () => undefined);
  sessions.push(session);
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

/** What comes over a stream until it ends; the status is `undefined` where it ends without an answer. */
async function answerOf(
  stream: ClientHttp2Stream,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  let status: number | undefined;
  let body = '';
  stream.on('response', (headers) => {
    status = headers[':status'];
  });
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    body += text;
  });
  await new Promise((resolve) => {
    stream.on('end', resolve);
    stream.on('close', resolve);
  });
  return { status, body };
}

describe('hostile clients over HTTP/2', () => {
  it('get 413 for a body over the limit that was not announced, and are told to stop', async () => {
    const stream = post(openSession(gateway.tlsPort));
    const answer = answerOf(stream);
    const chunk = Buffer.alloc(16 * 1024, '[');
    const timer = setInterval(() => {
      if (stream.writable) {
        stream.write(chunk);
      }
    }, 1);
    const { status, body } = await answer;
    expect(status).toBe(413);
    expect(body).toContain('13152');
    await expect.poll(() => stream.closed).toBe(true);
    clearInterval(timer);
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect(gateway.requests).toEqual([]);
  });

  it('get 401 before their body is read', async () => {
    const session = openSession(gateway.tlsPort);
    const stream = post(session, { token: 'wrong' });
    stream.write('{');
    const { status } = await answerOf(stream);
    expect(status).toBe(401);
  });

  it('reach no method with a body that breaks off or is shorter than announced', async () => {
    const session = openSession(gateway.tlsPort);
    const broken = post(session);
    broken.write('{');
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Closing it would end the body in order first.
    broken.destroy();
    const short = post(session, { 'content-length': '100' });
    short.end('{}');
    const { status } = await answerOf(short);
    expect(status === undefined || status >= 400).toBe(true);
    session.destroy();
    await expect.poll(() => gateway.openConnections(), { timeout: 5000 }).toBe(0);
    expect(gateway.requests).toEqual([]);
  });

  it('get 408 for a body that does not arrive', async () => {
    const session = openSession(impatient.tlsPort);
    const stream = post(session);
    stream.write('{');
    const { status, body } = await answerOf(stream);
    expect(status).toBe(408);
    expect(body).toContain('11100');
  });

  it('have an answer taken back that they leave where it is, however busy they keep the session', async () => {
    await using patient = await startGateway(certificates, { requestTimeoutMs: 200 });
    patient.invoke = () => ({ body: Buffer.alloc(3_000_000), warnings: [] });
    const session = openSession(patient.tlsPort);
    const pings = setInterval(() => session.ping(() => undefined), 50);
    const stream = post(session);
    stream.end('{}');
    await new Promise((resolve) => stream.once('close', resolve));
    clearInterval(pings);
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    expect(session.closed).toBe(false);
  });

  it('have an idle session closed in order', async () => {
    const session = openSession(impatient.tlsPort);
    const stream = post(session);
    stream.end('{}');
    await answerOf(stream);
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

  it('are shut out when they open and reset streams, and do no harm', async () => {
    const session = openSession(impatient.tlsPort);
    for (let round = 0; round < 50 && !session.destroyed; round += 1) {
      for (let opened = 0; opened < 100 && !session.destroyed; opened += 1) {
        post(session).destroy();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Node reads no more of such a connection, and the gateway's idle limit closes it.
    await expect.poll(() => impatient.openConnections(), { timeout: 5000 }).toBe(0);
    expect(impatient.requests).toEqual([]);
    await using client = http2Client(impatient.tlsPort, certificates);
    expect((await client.call()).status).toBe(200);
  });

  it('do no harm with a flood of headers', async () => {
    const session = openSession(gateway.tlsPort);
    const flood = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`x-flood-${index}`, 'y'.repeat(100)]));
    const { status } = await answerOf(post(session, flood).end('{}'));
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
    const { status, body } = await answerOf(stream.end());
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
    await expect.poll(() => gateway.openConnections(), { timeout: 5000 }).toBe(0);
  });
});

it('speaks HTTP/2 without TLS to clients that know', async () => {
  const session = connect(`http://127.0.0.1:${gateway.plainPort}`);
  const { status } = await answerOf(post(session).end('{}'));
  session.destroy();
  expect(status).toBe(200);
});

it('never took a fault of a client for its own', () => {
  expect(logged.length).toBeGreaterThan(10);
  expect(logged.filter((line) => line['code'] === 11101)).toEqual([]);
});
