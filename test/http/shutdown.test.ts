import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import {
  connectRaw,
  http1Client,
  http2Client,
  readAll,
  requestHead,
  startGateway,
  type TestGateway,
} from './test-gateway.js';

let certificates: TemporaryCertificates;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
});

afterAll(async () => {
  await certificates[Symbol.asyncDispose]();
});

/** Has the methods of a gateway wait until they are released. */
function hold(gateway: TestGateway): () => void {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const original = gateway.invoke;
  gateway.invoke = async (request, method) => {
    await held;
    return await original(request, method);
  };
  return release;
}

describe('close', () => {
  it.each([
    ['HTTP/1.1', http1Client],
    ['HTTP/2', http2Client],
  ] as const)(
    'finishes requests that are in flight over %s, and takes no further ones',
    async (name, connectClient) => {
      const gateway = await startGateway(certificates);
      const release = hold(gateway);
      const client = connectClient(gateway.tlsPort, certificates);
      const answer = client.call({ headers: name === 'HTTP/1.1' ? { connection: 'keep-alive' } : {} });
      await expect.poll(() => gateway.requests.length).toBe(1);
      const closed = gateway.gateway.close({ graceMs: 10_000 });
      release();
      const { status, headers } = await answer;
      expect(status).toBe(200);
      expect(headers['connection']).toBe(name === 'HTTP/1.1' ? 'close' : undefined);
      await closed;
      await expect(client.call()).rejects.toThrow(/ECONN|session|socket|closed/i);
      await gateway[Symbol.asyncDispose]();
    },
  );

  it('ends idle connections at once, also those that never sent anything', async () => {
    const gateway = await startGateway(certificates);
    const silent = readAll(await connectRaw(gateway.plainPort));
    const used = await connectRaw(gateway.plainPort);
    const stream = readAll(used);
    used.write(`${requestHead('Content-Length: 2')}\r\n{}`);
    const session = connect(`http://127.0.0.1:${gateway.plainPort}`);
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    await expect.poll(() => gateway.requests.length).toBe(1);
    await expect.poll(() => used.bytesRead).toBeGreaterThan(0);
    const listeners = gateway[Symbol.asyncDispose]();
    await gateway.gateway.close({ graceMs: 600_000 });
    expect(await stream).toContain('200 OK');
    await new Promise((resolve) => session.once('close', resolve));
    await listeners;
    expect(await silent).toBe('');
  });

  it('cuts off what takes longer than the grace period, and says so', async () => {
    const gateway = await startGateway(certificates);
    const release = hold(gateway);
    const answer = http1Client(gateway.tlsPort, certificates).call();
    const failure = answer.then(
      () => undefined,
      (error: unknown) => error,
    );
    await expect.poll(() => gateway.requests.length).toBe(1);
    await gateway.gateway.close({ graceMs: 50 });
    expect(await failure).toMatchObject({ code: 'ECONNRESET' });
    expect(gateway.log.some(({ msg }) => String(msg).includes('cut off'))).toBe(true);
    release();
    await gateway[Symbol.asyncDispose]();
  });

  it('can be called again', async () => {
    const gateway = await startGateway(certificates);
    const first = gateway.gateway.close({ graceMs: 1000 });
    await expect(gateway.gateway.close({ graceMs: 1000 })).resolves.toBeUndefined();
    await first;
    await gateway[Symbol.asyncDispose]();
  });
});
