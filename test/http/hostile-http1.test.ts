import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import {
  CREATE_PATH,
  connectRaw,
  http1Client,
  QUERY_PATH,
  readAll,
  requestHead,
  sendRaw,
  startGateway,
  type TestGateway,
  TOKENS,
} from './test-gateway.js';

let certificates: TemporaryCertificates;
let gateway: TestGateway;
let impatient: TestGateway;
/** Waits for requests, and not between them. */
let hasty: TestGateway;
/** What was logged by then. */
const logged: Record<string, unknown>[] = [];

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  gateway = await startGateway(certificates);
  impatient = await startGateway(certificates, { requestTimeoutMs: 200, keepAliveTimeoutMs: 200 });
  hasty = await startGateway(certificates, { keepAliveTimeoutMs: 200 });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await impatient[Symbol.asyncDispose]();
  await hasty[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

afterEach(() => {
  logged.push(...gateway.log, ...impatient.log, ...hasty.log);
  gateway.reset();
  impatient.reset();
  hasty.reset();
});

/** The answers in a stream of them: status, whether the connection is closed behind it, code of the envelope. */
function answersIn(stream: string): { status: number; closes: boolean; code: number; message: string }[] {
  return stream
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((part) => part !== '' && !part.startsWith('HTTP/1.1 100'))
    .map((part) => {
      const [head = '', body = ''] = part.split('\r\n\r\n');
      const { code, message = '' } = (JSON.parse(body) as { status: { code: number; message?: string } }).status;
      const status = Number(head.slice(9, 12));
      expect(head.toLowerCase()).toContain('\r\nx-request-id: ');
      return { status, closes: /\r\nconnection: close/i.test(head), code, message };
    });
}

describe('malformed HTTP/1.1', () => {
  it.each([
    ['no HTTP at all', 'hello world\r\n\r\n'],
    ['an unknown method', `FETCH ${QUERY_PATH} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['an unknown version', `POST ${QUERY_PATH} HTTP/9.9\r\nHost: a\r\n\r\n`],
    ['a header without a name', `${requestHead(': x')}\r\n`],
    ['a line break in a header', `${requestHead('X-A: a\nb\u0000')}\r\n`],
    ['two lengths', `${requestHead('Content-Length: 2', 'Content-Length: 3')}\r\n{}`],
    ['a negative length', `${requestHead('Content-Length: -1')}\r\n{}`],
    ['a length that is no number', `${requestHead('Content-Length: abc')}\r\n{}`],
    ['an enormous length', `${requestHead('Content-Length: 99999999999999999999999')}\r\n{}`],
    ['a length and chunks', `${requestHead('Content-Length: 2', 'Transfer-Encoding: chunked')}\r\n0\r\n\r\n`],
    ['an unknown transfer encoding', `${requestHead('Transfer-Encoding: rot13')}\r\n{}`],
    ['no Host', `POST ${QUERY_PATH} HTTP/1.1\r\nToken: ${TOKENS.admin}\r\nContent-Length: 2\r\n\r\n{}`],
    ['a TLS handshake where there is no TLS', Buffer.from('16030100', 'hex')],
  ])('is answered 400 with the envelope, and the connection is closed: %s', async (_what, bytes) => {
    const [answer, ...others] = answersIn(await sendRaw(gateway.plainPort, bytes));
    expect(answer).toMatchObject({ status: 400, closes: true, code: 11100 });
    expect(others).toEqual([]);
    expect(gateway.requests).toEqual([]);
  });

  it('is answered 431 where the head is too large', async () => {
    const one = await sendRaw(gateway.plainPort, requestHead(`X-Large: ${'x'.repeat(20_000)}`));
    expect(answersIn(one)).toMatchObject([{ status: 431, closes: true, code: 11100 }]);
    const many = await sendRaw(gateway.plainPort, requestHead(), 'X-Flood: y\r\n'.repeat(100_000));
    expect(answersIn(many)).toMatchObject([{ status: 431, closes: true, code: 11100 }]);
  });

  it('is answered 400 where chunks are garbage, and no method sees the body', async () => {
    const stream = await sendRaw(
      gateway.plainPort,
      `${requestHead('Transfer-Encoding: chunked')}\r\n2\r\n{}\r\nzz\r\n`,
    );
    expect(answersIn(stream)).toMatchObject([{ status: 400, closes: true, code: 11100 }]);
    expect(gateway.requests).toEqual([]);
  });

  it.each([
    ['an unusual', ['TE: trailers'], [[200, true, 0]]],
    [
      'a usual',
      [],
      [
        [200, false, 0],
        [400, true, 11100],
      ],
    ],
  ])('does not take the answer of %s request before it', async (_, headers, expected) => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { invoke } = gateway;
    gateway.invoke = async (request, method) => {
      await held;
      return await invoke(request, method);
    };
    const socket = await connectRaw(gateway.plainPort);
    const stream = readAll(socket);
    socket.write(`${requestHead('Content-Length: 2', ...headers)}\r\n{}`);
    socket.write('garbage\r\n\r\n');
    await expect.poll(() => gateway.requests.length).toBe(1);
    release();
    expect(answersIn(await stream).map(({ status, closes, code }) => [status, closes, code])).toEqual(expected);
  });

  it('answers pipelined requests in order', async () => {
    const request = `${requestHead('Content-Length: 2')}\r\n{}`;
    const last = `${requestHead('Content-Length: 2', 'Connection: close')}\r\n{}`;
    const answers = answersIn(await sendRaw(gateway.plainPort, request + request + last));
    expect(answers.map(({ status, closes }) => [status, closes])).toEqual([
      [200, false],
      [200, false],
      [200, true],
    ]);
  });

  it.each([
    ['the fast lane', ''],
    ["Node's server", '?fieldValidation=Warn'],
  ])('serves a pipelined request when the one before has its answer, by %s', async (_by, query) => {
    const events: string[] = [];
    gateway.invoke = async (request) => {
      const body = Buffer.from(request.body).toString();
      events.push(`begins ${body}`);
      await delay(body === '[1]' ? 30 : 0);
      events.push(`ends ${body}`);
      return { body: Buffer.from(`{"status":{"code":0},"body":${body}}`), warnings: [] };
    };
    const requests = ['[1]', '[2]', '[3]'].map((body) => {
      const last = body === '[3]' ? ['Connection: close'] : [];
      return `${requestHead('Content-Length: 3', ...last).replace(QUERY_PATH, `${QUERY_PATH}${query}`)}\r\n${body}`;
    });
    expect(answersIn(await sendRaw(gateway.plainPort, requests.join('')))).toHaveLength(3);
    expect(events).toEqual(['begins [1]', 'ends [1]', 'begins [2]', 'ends [2]', 'begins [3]', 'ends [3]']);
  });

  it('does not serve what comes behind the last request', async () => {
    const last = requestHead('Content-Length: 2', 'Connection: close').replace(QUERY_PATH, `${QUERY_PATH}?a=b`);
    const stream = await sendRaw(gateway.plainPort, `${last}\r\n{}${requestHead('Content-Length: 2')}\r\n{}`);
    expect(answersIn(stream)).toMatchObject([{ status: 200, closes: true }]);
    expect(gateway.requests).toHaveLength(1);
  });

  it('finds a header behind thousands of others', async () => {
    const others = Array.from({ length: 2500 }, () => 'a:');
    const head = [`POST ${QUERY_PATH}?a=b HTTP/1.1`, 'Host: localhost', 'Content-Length: 2', 'Connection: close'];
    const text = `${[...head, ...others, `Token: ${TOKENS.admin}`].join('\r\n')}\r\n\r\n{}`;
    expect(answersIn(await sendRaw(gateway.plainPort, text))).toMatchObject([{ status: 200 }]);
  });

  it('gets an answer also when the client ends its side behind the request', async () => {
    const socket = await connectRaw(gateway.plainPort);
    const stream = readAll(socket);
    socket.end(`${requestHead('Content-Length: 2')}\r\n{}`);
    expect(answersIn(await stream)).toMatchObject([{ status: 200 }]);
  });

  it.each([
    ['CONNECT', 'CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n', 404],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 404],
    ['TRACE', `TRACE ${QUERY_PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, 405],
    ['an absolute target', `GET http://a${QUERY_PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`, 405],
  ])('answers %s with the envelope', async (_what, text, status) => {
    expect(answersIn(await sendRaw(gateway.plainPort, text))).toMatchObject([{ status, closes: true, code: 11100 }]);
  });

  it('ignores a wish to upgrade', async () => {
    const upgrade = requestHead(
      'Content-Length: 2',
      'Connection: Upgrade, close',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAARAAAAA',
    );
    expect(answersIn(await sendRaw(gateway.plainPort, `${upgrade}\r\n{}`))).toMatchObject([{ status: 200 }]);
  });
});

describe('bodies over HTTP/1.1', () => {
  it('are answered 413 when chunks add up to more than the limit, and the client can send all of it', async () => {
    const chunk = `10000\r\n${'['.repeat(0x10000)}\r\n`;
    const socket = await connectRaw(gateway.plainPort);
    const stream = readAll(socket);
    socket.write(`${requestHead('Transfer-Encoding: chunked')}\r\n`);
    for (let sent = 0; sent < 160; sent += 1) {
      socket.write(chunk);
    }
    socket.write('0\r\n\r\n');
    socket.write(`${requestHead('Content-Length: 2', 'Connection: close')}\r\n{}`);
    expect(answersIn(await stream)).toMatchObject([
      { status: 413, code: 13152, message: expect.stringContaining('65536 bytes') },
      { status: 200 },
    ]);
    expect(gateway.requests).toHaveLength(1);
  });

  it('are answered 413 when 10 MB are announced, whether the client sends them or not', async () => {
    const head = requestHead(`Content-Length: ${10 * 1024 * 1024}`, 'Connection: close');
    expect(answersIn(await sendRaw(gateway.plainPort, `${head}\r\n`))).toMatchObject([{ status: 413, code: 13152 }]);
    const body = '['.repeat(10 * 1024 * 1024);
    const answer = await http1Client(gateway.tlsPort, certificates).call({ body });
    expect(answer.status).toBe(413);
    expect(gateway.requests).toEqual([]);
  });

  it('of refused callers are not taken in, and their connection goes on', async () => {
    const body = 'x'.repeat(1024 * 1024);
    const refused = requestHead(`Content-Length: ${body.length}`).replace(TOKENS.admin, 'wrong');
    const last = `${requestHead('Content-Length: 2', 'Connection: close')}\r\n{}`;
    const answers = answersIn(await sendRaw(gateway.plainPort, `${refused}\r\n`, body, last));
    expect(answers.map(({ status }) => status)).toEqual([401, 200]);
    expect(gateway.requests).toHaveLength(1);
  });

  it('that are shorter than announced are answered 400 when the client has ended', async () => {
    const socket = await connectRaw(gateway.plainPort);
    const stream = readAll(socket);
    socket.end(`${requestHead('Content-Length: 10')}\r\n{}`);
    expect(answersIn(await stream)).toMatchObject([{ status: 400, closes: true, code: 11100 }]);
    expect(gateway.requests).toEqual([]);
  });

  it('that are longer than announced are a broken request behind the first', async () => {
    const answers = answersIn(
      await sendRaw(gateway.plainPort, `${requestHead('Content-Length: 2')}\r\n{}{"more":1}\r\n\r\n`),
    );
    expect(answers[0]?.status).toBe(200);
    expect(answers.slice(1).every(({ status, code }) => status === 400 && code === 11100)).toBe(true);
    expect(gateway.requests.map(({ body }) => body.length)).toEqual([2]);
  });

  it('that break off reach no method', async () => {
    const socket = await connectRaw(gateway.plainPort);
    socket.write(`${requestHead('Content-Length: 10')}\r\n{}`);
    const before = gateway.log.length;
    socket.resetAndDestroy();
    await expect.poll(() => gateway.log.length).toBeGreaterThan(before);
    await expect.poll(() => gateway.openConnections()).toBe(0);
    expect(gateway.requests).toEqual([]);
  });

  it('that would inflate are refused unread', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024, '['));
    const answer = await http1Client(gateway.tlsPort, certificates).call({
      path: CREATE_PATH,
      headers: { 'content-encoding': 'gzip' },
      body: bomb,
    });
    expect(answer.status).toBe(400);
    expect(gateway.requests).toEqual([]);
  });

  it('are asked for with 100 Continue only when the head is acceptable', async () => {
    const socket = await connectRaw(gateway.plainPort);
    let got = '';
    socket.on('data', (bytes: Buffer) => {
      got += bytes.toString();
    });
    socket.write(`${requestHead('Content-Length: 2', 'Expect: 100-continue', 'Connection: close')}\r\n`);
    await expect.poll(() => got).toContain('HTTP/1.1 100 Continue');
    socket.write('{}');
    await expect.poll(() => got).toContain('HTTP/1.1 200 OK');
    const refused = requestHead('Content-Length: 2', 'Expect: 100-continue').replace(TOKENS.admin, 'wrong');
    const stream = await sendRaw(gateway.plainPort, `${refused}\r\n`);
    expect(stream).not.toContain('100 Continue');
    expect(answersIn(stream)).toMatchObject([{ status: 401, closes: true }]);
  });

  it('cannot expect anything else', async () => {
    const stream = await sendRaw(gateway.plainPort, `${requestHead('Content-Length: 2', 'Expect: miracles')}\r\n{}`);
    expect(answersIn(stream)).toMatchObject([{ status: 417, closes: true, code: 11100 }]);
  });
});

describe('slow clients over HTTP/1.1', () => {
  it('that do not finish their body are answered 408', async () => {
    const stream = await sendRaw(impatient.plainPort, `${requestHead('Content-Length: 10')}\r\n{`);
    expect(answersIn(stream)).toMatchObject([{ status: 408, closes: true, code: 11100 }]);
    expect(impatient.requests).toEqual([]);
  });

  it('that send byte by byte are answered 408', async () => {
    const socket = await connectRaw(impatient.plainPort);
    const stream = readAll(socket);
    socket.write(`${requestHead('Content-Length: 1000')}\r\n`);
    const drip = setInterval(() => socket.write('x'), 20);
    expect(answersIn(await stream)).toMatchObject([{ status: 408, closes: true }]);
    clearInterval(drip);
  });

  it('that do not finish their head are answered 408', async () => {
    const stream = await sendRaw(impatient.plainPort, requestHead().slice(0, 30));
    expect(answersIn(stream)).toMatchObject([{ status: 408, closes: true, code: 11100 }]);
  });

  it('that go on with a body after their answer are cut off without another one', async () => {
    const refused = requestHead('Content-Length: 1000').replace(TOKENS.admin, 'wrong');
    const stream = await sendRaw(impatient.plainPort, `${refused}\r\n{`);
    expect(answersIn(stream)).toMatchObject([{ status: 401 }]);
  });

  it('are closed when they are idle', async () => {
    const stream = await sendRaw(impatient.plainPort, `${requestHead('Content-Length: 2')}\r\n{}`);
    expect(answersIn(stream)).toMatchObject([{ status: 200, closes: false }]);
  });

  it.each([
    ['by the fast lane', QUERY_PATH],
    ["by Node's server", `${QUERY_PATH}?a=b`],
  ])('do not have an answer cut off that they take late: %s', async (_by, path) => {
    const body = Buffer.from(JSON.stringify({ status: { code: 0 }, padding: 'x'.repeat(20_000_000) }));
    hasty.invoke = () => ({ body, warnings: [] });
    const socket = await connectRaw(hasty.plainPort);
    socket.write(`${requestHead('Content-Length: 2').replace(QUERY_PATH, path)}\r\n{}`);
    await delay(1000);
    const stream = await readAll(socket);
    expect(answersIn(stream)).toMatchObject([{ status: 200 }]);
  });

  it.each([
    ['by the fast lane', QUERY_PATH, false],
    ['by the fast lane, once they have ended their side', QUERY_PATH, true],
    ["by Node's server", `${QUERY_PATH}?a=b`, false],
  ])('are cut off where they do not take their answer, %s', async (_by, path, ended) => {
    const body = Buffer.from(JSON.stringify({ status: { code: 0 }, padding: 'x'.repeat(20_000_000) }));
    impatient.invoke = async () => {
      await delay(50);
      return { body, warnings: [] };
    };
    const { ca, client } = certificates;
    const options = { host: '127.0.0.1', port: impatient.tlsPort, ca, cert: client.certificate, key: client.key };
    const socket = connectTls(options);
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(`${requestHead('Content-Length: 2').replace(QUERY_PATH, path)}\r\n{}`);
    if (ended) {
      socket.end();
    }
    await expect.poll(() => impatient.requests.length).toBe(1);
    await expect.poll(() => impatient.openConnections(), { timeout: 5000 }).toBe(0);
    socket.destroy();
  });

  it('do not have a method cut off that takes longer', async () => {
    const { invoke } = impatient;
    impatient.invoke = async (request, method) => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return await invoke(request, method);
    };
    const answer = await http1Client(impatient.tlsPort, certificates).call();
    expect(answer.status).toBe(200);
  });
});

it('is alive after all of that, and never took a fault of a client for its own', async () => {
  expect((await http1Client(gateway.tlsPort, certificates).call()).status).toBe(200);
  expect(logged.length).toBeGreaterThan(10);
  expect(logged.filter((line) => line['code'] === 11101)).toEqual([]);
});
