import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { credentials as grpcCredentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TlsCredentials } from '../../src/transport/tls/tls-credentials.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import {
  callGrpc,
  curl,
  curlTls,
  loadCredentials,
  type StartedListener,
  startGrpc,
  startHttp,
} from './start-listener.js';

let certificates: TemporaryCertificates;
let credentials: TlsCredentials;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  ({ credentials } = await loadCredentials(certificates));
});

afterAll(async () => {
  await credentials[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

async function startMtls(
  limits: { handshakeTimeoutMs?: number; maxConnections?: number } = {},
): Promise<StartedListener> {
  return startHttp({ security: { protocol: 'MTLS', credentials }, ...limits });
}

/** Sends the chunks over TCP, and gives all that came back once the connection has ended. */
async function exchange(port: number, ...chunks: (string | Buffer)[]): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1');
  const ended = endOf(socket);
  for (const chunk of chunks) {
    socket.write(chunk);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return ended;
}

async function endOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(received));
  });
}

async function works(started: StartedListener): Promise<boolean> {
  const answer = await curl(`https://localhost:${started.port}/x`, ...curlTls(certificates, certificates.client));
  return answer.status === 200;
}

describe('a TLS port', () => {
  it('tells a client that speaks plain HTTP to use https', async () => {
    await using started = await startMtls();
    const answer = await curl(`http://127.0.0.1:${started.port}/x`);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({
      status: { code: 11100, message: 'this port speaks HTTPS and was sent plain HTTP; use https://', details: [] },
    });
    expect(started.metrics).toEqual(['handshakeFailed http plain_text']);
  });

  it.each([
    ['zeros', Buffer.alloc(500)],
    ['text', 'hello there, this is no TLS at all\r\n\r\n'],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a TLS record with nonsense in it', Buffer.concat([Buffer.from([22, 3, 1, 0, 100]), Buffer.alloc(100, 7)])],
    ['a record that is far too long', Buffer.from([22, 3, 1, 255, 255, 1, 2, 3])],
  ])('closes on %s, counts it and goes on working', async (_title, bytes) => {
    await using started = await startMtls();
    await exchange(started.port, bytes);
    expect(started.metrics).toEqual(['handshakeFailed http protocol']);
    expect(started.log).toContainEqual(
      expect.objectContaining({ level: 40, address: '127.0.0.1', reason: 'protocol' }),
    );
    expect(await works(started)).toBe(true);
  });

  it('cuts a client off that does not finish the handshake in time', async () => {
    await using started = await startMtls({ handshakeTimeoutMs: 100 });
    expect(await exchange(started.port, Buffer.from([22, 3, 1]))).toBe('');
    expect(started.metrics).toEqual(['handshakeFailed http timeout']);
  });

  it('counts a client that closes at once, and does not make a warning of it', async () => {
    await using started = await startMtls();
    connectTcp(started.port, '127.0.0.1', function (this: Socket) {
      this.destroy();
    });
    await vi.waitFor(() => expect(started.metrics).toEqual(['handshakeFailed http reset']));
    expect(started.log.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  it('says in the log when a client does not trust the server', async () => {
    await using started = await startMtls();
    await expect(curl(`https://localhost:${started.port}/x`)).rejects.toThrow(/certificate/);
    await vi.waitFor(() => expect(started.metrics).toEqual(['handshakeFailed http rejected_by_client']));
    expect(started.log.map(({ msg }) => msg)).toContainEqual(
      expect.stringContaining('needs the ca.crt of this server'),
    );
  });

  it('closes connections over the limit at once', async () => {
    await using started = await startMtls({ maxConnections: 1 });
    const first = connectTcp(started.port, '127.0.0.1');
    const ended = endOf(first);
    await vi.waitFor(() => expect(first.connecting).toBe(false));
    expect(await exchange(started.port)).toBe('');
    expect(started.metrics).toContain('connectionDropped http');
    first.destroy();
    await ended;
    await vi.waitFor(async () => expect(await works(started)).toBe(true));
  });

  it('forgets a connection once it has ended', async () => {
    await using started = await startMtls();
    await works(started);
    await vi.waitFor(() => expect(started.metrics).toEqual(['connectionOpened http', 'connectionClosed http']));
    expect(started.listener.openConnections).toBe(0);
  });
});

describe('a TLS port for gRPC', () => {
  it('refuses clients that can only speak HTTP/1.1', async () => {
    await using started = await startGrpc({ security: { protocol: 'MTLS', credentials } });
    const args = ['--http1.1', ...curlTls(certificates, certificates.client)];
    await expect(curl(`https://localhost:${started.port}/x`, ...args)).rejects.toThrow(/no application protocol/);
  });

  it('tells clients without ALPN that they need HTTP/2', async () => {
    await using started = await startGrpc({ security: { protocol: 'MTLS', credentials } });
    const args = ['--http1.1', '--no-alpn', ...curlTls(certificates, certificates.client)];
    const answer = await curl(`https://localhost:${started.port}/x`, ...args);
    expect(answer.status).toBe(400);
    expect(answer.body).toContain('this port speaks gRPC, which is HTTP/2');
    expect(started.metrics).toEqual(['connectionRefused grpc not_http2']);
  });
});

describe('a port without TLS', () => {
  const security = { protocol: 'NOTLS' } as const;

  it.each([
    ['--http1.1', '1.1'],
    ['--http2-prior-knowledge', '2.0'],
  ])('speaks to curl %s', async (flag, version) => {
    await using started = await startHttp({ security });
    const answer = await curl(`http://127.0.0.1:${started.port}/x`, flag, '-d', 'x'.repeat(100_000));
    expect(answer.body).toBe(`nobody from 127.0.0.1 over ${version}`);
  });

  it('speaks gRPC', async () => {
    await using started = await startGrpc({ security });
    expect(await callGrpc(started.port, grpcCredentials.createInsecure())).toBe('nobody from 127.0.0.1');
  });

  it('understands a request that comes in pieces', async () => {
    await using started = await startHttp({ security });
    const pieces = ['P', 'OST /x HT', 'TP/1.1\r\nHost: x\r\nConnection: close\r\n', 'Content-Length: 2\r\n\r\n', 'ab'];
    expect(await exchange(started.port, ...pieces)).toContain('nobody from 127.0.0.1 over 1.1');
  });

  it('answers a client that has ended its side of the connection', async () => {
    await using started = await startHttp({ security });
    const socket = connectTcp({ port: started.port, host: '127.0.0.1', allowHalfOpen: true });
    const answer = endOf(socket);
    socket.end('GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await answer).toContain('nobody from 127.0.0.1 over 1.1');
    socket.destroy();
  });

  it.each([[[]], [['PRI * HT']]])('cuts a client off that sends %j and nothing more', async (chunks) => {
    await using started = await startHttp({ security, handshakeTimeoutMs: 100 });
    expect(await exchange(started.port, ...chunks)).toBe('');
    expect(started.requests).toEqual([]);
  });
});

describe('the end of a listener', () => {
  it('leaves open connections to their server, and ends once they have ended', async () => {
    const started = await startMtls();
    const socket = connectTls({
      host: 'localhost',
      port: started.port,
      ca: certificates.ca,
      cert: certificates.client.certificate,
      key: certificates.client.key,
    });
    const received = endOf(socket);
    await vi.waitFor(() => expect(started.listener.openConnections).toBe(1));
    let closed = false;
    const closing = (async () => {
      await started.listener.close();
      closed = true;
    })();
    await expect(curl(`https://localhost:${started.port}/x`)).rejects.toThrow(/connect/);
    expect(closed).toBe(false);
    socket.write('GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await received).toContain('CN=client,O=example from');
    await closing;
    expect(closed).toBe(true);
  });

  it('cuts everything off when it is disposed, unfinished handshakes and refused callers too', async () => {
    const started = await startMtls();
    const silent = connectTcp(started.port, '127.0.0.1');
    const idle = connectTls({
      host: 'localhost',
      port: started.port,
      ca: certificates.ca,
      cert: certificates.client.certificate,
      key: certificates.client.key,
    });
    const refused = connectTls({ host: 'localhost', port: started.port, ca: certificates.ca });
    const ends = [endOf(silent), endOf(idle), endOf(refused)];
    await vi.waitFor(() =>
      expect([...started.metrics].sort()).toEqual(['connectionOpened http', 'connectionRefused http no_certificate']),
    );
    await started[Symbol.asyncDispose]();
    await Promise.all(ends);
    await started[Symbol.asyncDispose]();
  });

  it('lets grpc-js shut down in an orderly way', async () => {
    await using started = await startGrpc({ security: { protocol: 'NOTLS' } });
    await callGrpc(started.port, grpcCredentials.createInsecure());
    const closing = started.listener.close();
    const failure = await new Promise((resolve) => {
      started.server.tryShutdown((error) => resolve(error));
    });
    expect(failure).toBeUndefined();
    await closing;
  });
});

describe('an address that cannot be listened on', () => {
  it('is an error that says why', async () => {
    await using started = await startMtls();
    await using other = await startMtls();
    await other.listener.close();
    await expect(other.listener.listen('127.0.0.1', started.port)).rejects.toThrow(
      `cannot listen on 127.0.0.1:${started.port} (http): another process listens there; end it or set another port`,
    );
    await expect(other.listener.listen('192.0.2.1', 0)).rejects.toThrow('this machine does not have the address');
  });
});
