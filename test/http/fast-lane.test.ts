import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readUsualHead } from '../../src/transport/http/usual-head.js';
import type { Method, MethodResult } from '../../src/transport/wire/method.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import {
  connectRaw,
  QUERY_PATH,
  readAll,
  requestHead,
  sendRaw,
  startGateway,
  type TestGateway,
} from './test-gateway.js';

let certificates: TemporaryCertificates;
let gateway: TestGateway;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  gateway = await startGateway(certificates);
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

afterEach(() => gateway.reset());

/** Status and request id of every answer in a stream of them. */
function answersIn(stream: string): { status: number; id: string | undefined }[] {
  return [...stream.matchAll(/HTTP\/1\.1 (\d{3}) [^]*?\r\n\r\n/g)].map(([head, status]) => ({
    status: Number(status),
    id: /\r\nx-request-id: (.*)\r\n/.exec(head)?.[1],
  }));
}

const SUCCESS: MethodResult = { body: Buffer.from('{"status":{"code":0,"message":"success"}}'), warnings: [] };

/** Requests of many kinds, as they go over the wire, and the status that each is answered with. */
const KINDS: Readonly<Record<string, { readonly status: number; readonly text: (id: string) => string }>> = {
  usual: { status: 200, text: (id) => `${requestHead(`X-Request-Id: ${id}`, 'Content-Length: 2')}\r\n{}` },
  'with an empty body': { status: 200, text: (id) => `${requestHead(`X-Request-Id: ${id}`, 'Content-Length: 0')}\r\n` },
  'with chunks': {
    status: 200,
    text: (id) => `${requestHead(`X-Request-Id: ${id}`, 'Transfer-Encoding: chunked')}\r\n2\r\n{}\r\n0\r\n\r\n`,
  },
  'without a token': {
    status: 401,
    text: (id) => `POST ${QUERY_PATH} HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\nContent-Length: 2\r\n\r\n{}`,
  },
  'for another path': {
    status: 404,
    text: (id) => `GET /nowhere HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\n\r\n`,
  },
  'with a query string': {
    status: 200,
    text: (id) =>
      `${requestHead(`X-Request-Id: ${id}`, 'Content-Length: 2').replace(QUERY_PATH, `${QUERY_PATH}?fieldValidation=Strict`)}\r\n{}`,
  },
};

describe('a connection', () => {
  it('has its requests answered one by one and in order, whatever they are and however their bytes are cut', async () => {
    gateway.invoke = async (request) => {
      await (request.body.length === 0 ? delay(1) : undefined);
      return SUCCESS;
    };
    const kinds = fc.array(fc.constantFrom(...Object.keys(KINDS)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.array(fc.nat({ max: 900 }), { maxLength: 8 }), async (chosen, cuts) => {
        const requests = [...chosen, 'usual'].map((kind) => KINDS[kind]);
        const stream = requests
          .map((request, index) => request?.text(`id-${index}`))
          .join('')
          .replace(/(?=Content-Length: 2\r\n\r\n\{\}$)/, 'Connection: close\r\n');
        const edges = [0, ...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b), stream.length];
        const socket = await connectRaw(gateway.plainPort);
        socket.setNoDelay(true);
        const answers = readAll(socket);
        for (const [index, edge] of edges.entries()) {
          socket.write(stream.slice(edge, edges[index + 1]));
          await delay(1);
        }
        expect(answersIn(await answers)).toEqual(
          requests.map((request, index) => ({ status: request?.status, id: `id-${index}` })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('is answered byte by byte as Node answers', async () => {
    gateway.invoke = () => ({ ...SUCCESS, etag: '"7"', warnings: ['one', 'two'] });
    const usual = requestHead('X-Request-Id: a', 'Content-Length: 2');
    const ask = async (head: string): Promise<string[]> => {
      const socket = await connectRaw(gateway.plainPort);
      socket.write(`${head}\r\n{}`);
      const text = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())));
      socket.destroy();
      return text.replace(/^(Date: ).*$/m, '$1now').split('\r\n');
    };
    expect(await ask(usual)).toEqual(await ask(`${usual}TE: trailers\r\n`));
  });

  it('may bring the body behind the head, at once or late', async () => {
    for (const waitMs of [5, 300]) {
      const socket = await connectRaw(gateway.plainPort);
      const answers = readAll(socket);
      socket.write(`${requestHead('X-Request-Id: late', 'Content-Length: 2')}\r\n`);
      await delay(waitMs);
      socket.write('{}');
      await delay(5);
      socket.end(`${requestHead('X-Request-Id: next', 'Content-Length: 2')}\r\n{}`);
      expect(answersIn(await answers)).toEqual([
        { status: 200, id: 'late' },
        { status: 200, id: 'next' },
      ]);
    }
  });

  it('that ends in the middle of a body is told so, and no method sees the body', async () => {
    const socket = await connectRaw(gateway.plainPort);
    const answers = readAll(socket);
    socket.end(`${requestHead('Content-Length: 20')}\r\n{}`);
    expect(answersIn(await answers)).toMatchObject([{ status: 400 }]);
    expect(gateway.requests).toEqual([]);
  });

  it('whose client does not read is not read on, and goes on when the client does', async () => {
    const body = Buffer.from(`{"status":{"code":0},"padding":"${'x'.repeat(100_000)}"}`);
    gateway.invoke = () => ({ body, warnings: [] });
    const sent = 2000;
    const socket = await connectRaw(gateway.plainPort);
    const request = `${requestHead('Content-Length: 2')}\r\n{}`;
    socket.write(request.repeat(sent));
    await expect.poll(() => gateway.requests.length).toBeGreaterThan(0);
    await delay(200);
    expect(gateway.requests.length).toBeLessThan(sent / 2);
    const answers = readAll(socket);
    socket.end();
    expect(answersIn(await answers)).toHaveLength(sent);
  });

  it('in the middle of a body when the gateway closes still gets its answer', async () => {
    await using closing = await startGateway(certificates);
    const socket = await connectRaw(closing.plainPort);
    const answers = readAll(socket);
    socket.write(`${requestHead('X-Request-Id: last', 'Content-Length: 2')}\r\n`);
    await expect.poll(() => closing.openConnections()).toBe(1);
    await delay(20);
    const closed = closing.gateway.close({ graceMs: 5000 });
    socket.write('{}');
    expect(answersIn(await answers)).toEqual([{ status: 200, id: 'last' }]);
    await closed;
  });

  it('that brings a request in the turn in which the gateway closes still gets its answer', async () => {
    await using closing = await startGateway(certificates);
    const sockets = await Promise.all([connectRaw(closing.plainPort), connectRaw(closing.plainPort)]);
    const answers = sockets.map(readAll);
    const askAll = (id: string): void => {
      for (const socket of sockets) {
        socket.write(`${requestHead(`X-Request-Id: ${id}`, 'Content-Length: 2')}\r\n{}`);
      }
    };
    askAll('before');
    await expect.poll(() => closing.requests.length).toBe(2);
    let closed: Promise<void> | undefined;
    closing.invoke = () => {
      closed ??= closing.gateway.close({ graceMs: 5000 });
      return SUCCESS;
    };
    askAll('last');
    const answered = [
      { status: 200, id: 'before' },
      { status: 200, id: 'last' },
    ];
    expect((await Promise.all(answers)).map(answersIn)).toEqual([answered, answered]);
    await closed;
  });

  it('gets its own answers while many others are served in the same turns', async () => {
    gateway.invoke = ({ body }) => ({ body: Buffer.from(`{"echo":${body.toString()}}`), warnings: [] });
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connectRaw(gateway.plainPort)));
    const streams = sockets.map(readAll);
    for (let round = 0; round < 3; round += 1) {
      for (const [index, socket] of sockets.entries()) {
        const close = round === 2 ? ['Connection: close'] : [];
        const body = `"${index}-${round}"`;
        socket.write(`${requestHead(...close, `Content-Length: ${body.length}`)}\r\n${body}`);
      }
      await delay(round);
    }
    for (const [index, stream] of (await Promise.all(streams)).entries()) {
      const echoes = [...stream.matchAll(/\{"echo":"(.*?)"\}/g)].map(([, echo]) => echo);
      expect(echoes).toEqual([0, 1, 2].map((round) => `${index}-${round}`));
    }
  });

  it('may be cut by its client while a method runs', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    gateway.invoke = async () => {
      await held;
      return SUCCESS;
    };
    const socket = await connectRaw(gateway.plainPort);
    socket.write(`${requestHead('Content-Length: 2')}\r\n{}`);
    await expect.poll(() => gateway.requests.length).toBe(1);
    socket.resetAndDestroy();
    await expect.poll(() => gateway.openConnections()).toBe(0);
    release();
    expect(
      answersIn(await sendRaw(gateway.plainPort, `${requestHead('Connection: close', 'Content-Length: 2')}\r\n{}`)),
    ).toMatchObject([{ status: 200 }]);
  });
});

describe('a head that the gateway reads by itself', () => {
  let node: Server;
  /** What Node's own server makes of a head. */
  const seen: { target: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];

  beforeAll(async () => {
    node = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1');
      });
      request.on('end', () => {
        seen.push({ target: request.url, headers: request.headers, body });
        response.end();
      });
    });
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => node.close());

  it('is one that Node reads in the same way', async () => {
    const method = { name: 'query' } as Method;
    const methods = new Map([[QUERY_PATH, method]]);
    const original = requestHead(
      'Content-Type: application/json',
      'X-Request-Id: a',
      'Accept: */*',
      'Content-Length: 2',
    );
    const oddities = [
      '\r',
      '\n',
      '\0',
      ':',
      ' ',
      '\t',
      ',',
      '"',
      '\u00e9',
      '\x7f',
      '2',
      'x',
      'Token: b\r\n',
      'Content-Length: 1\r\n',
    ];
    const edit = fc.record({
      at: fc.nat({ max: original.length }),
      removed: fc.nat({ max: 2 }),
      added: fc.constantFrom('', ...oddities),
    });
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 3 }), async (edits) => {
        const head = edits.reduce(
          (text, { at, removed, added }) => text.slice(0, at) + added + text.slice(at + removed),
          original,
        );
        const usual = head.endsWith('\r\n') ? readUsualHead(head.slice(0, -2), methods) : undefined;
        if (usual === undefined) {
          return;
        }
        accepted += 1;
        const body = 'x'.repeat(usual.bodyLength);
        const answered = readAll(await connectAndSend(`${head}\r\n${body}`));
        await answered;
        const [request] = seen.splice(0);
        expect(request).toMatchObject({ target: QUERY_PATH, body });
        expect(Number(request?.headers['content-length'])).toBe(usual.bodyLength);
        expect(request?.headers['token']).toBe(usual.token);
        expect(request?.headers['x-request-id']).toBe(usual.requestId);
        expect(request?.headers['if-match']).toBe(usual.ifMatch);
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(100);
  });

  async function connectAndSend(bytes: string): Promise<Awaited<ReturnType<typeof connectRaw>>> {
    const socket = await connectRaw((node.address() as AddressInfo).port);
    socket.end(Buffer.from(bytes, 'latin1'));
    return socket;
  }
});
