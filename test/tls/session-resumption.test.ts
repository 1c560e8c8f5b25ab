import { writeFile } from 'node:fs/promises';
import { connect, type SecureVersion } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TlsCredentials } from '../../src/transport/tls/tls-credentials.js';
import { type KeyPair, makeIssuer, TemporaryCertificates } from '../support/temporary-certificates.js';
import { loadCredentials, type StartedListener, startHttp } from './start-listener.js';

let certificates: TemporaryCertificates;
let credentials: TlsCredentials;
let http: StartedListener;

beforeEach(async () => {
  certificates = await TemporaryCertificates.create();
  ({ credentials } = await loadCredentials(certificates));
  http = await startHttp({ security: { protocol: 'MTLS', credentials } });
});

afterEach(async () => {
  vi.useRealTimers();
  await http[Symbol.asyncDispose]();
  await credentials[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

interface Visit {
  readonly response: string;
  readonly resumed: boolean;
  readonly session: Buffer | undefined;
}

/** One request on a connection of its own, with the session of an earlier one. */
async function visit(version: SecureVersion, pair?: KeyPair, session?: Buffer): Promise<Visit> {
  return new Promise((resolve, reject) => {
    let newest: Buffer | undefined;
    let response = '';
    const socket = connect({
      host: 'localhost',
      port: http.port,
      ca: certificates.ca,
      minVersion: version,
      maxVersion: version,
      ALPNProtocols: ['http/1.1'],
      ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
      ...(session === undefined ? {} : { session }),
    });
    let resumed = false;
    socket.once('secureConnect', () => {
      resumed = socket.isSessionReused();
      socket.write('GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    });
    socket.on('session', (value: Buffer) => {
      newest = value;
    });
    socket.on('data', (chunk: Buffer) => {
      response += chunk.toString();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve({ response, resumed, session: newest }));
  });
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a resumed %s session', (version) => {
  it('is let through with a good certificate, and still tells whose it is', async () => {
    const first = await visit(version, certificates.client);
    const second = await visit(version, certificates.client, first.session);
    expect(second.resumed).toBe(true);
    expect(second.response).toContain('CN=client,O=example from 127.0.0.1');
  });

  it('does not let a client in that never had a certificate', async () => {
    const first = await visit(version);
    const second = await visit(version, undefined, first.session);
    expect(second.resumed).toBe(true);
    expect(second.response).toMatch(/^HTTP\/1.1 401 /);
    expect(second.response).toContain('no client certificate was presented');
    expect(http.requests).toEqual([]);
  });

  it('does not let a certificate of another CA in', async () => {
    const other = await certificates.otherCa();
    const first = await visit(version, other);
    const second = await visit(version, other, first.session);
    expect(second.resumed).toBe(true);
    expect(second.response).toMatch(/^HTTP\/1.1 401 /);
    expect(second.response).toContain('was issued by CN=Other CA');
  });

  it('does not outlive the certificate', async () => {
    const first = await visit(version, certificates.client);
    // OpenSSL has a clock of its own and resumes the session; it would not look at the certificate again.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 86_400_000 });
    const second = await visit(version, certificates.client, first.session);
    expect(second.resumed).toBe(true);
    expect(second.response).toMatch(/^HTTP\/1.1 401 /);
    expect(second.response).toContain('client certificate CN=client,O=example expired on');
  });

  it('does not outlive the CA that the certificate was checked with', async () => {
    const first = await visit(version, certificates.client);
    const before = certificates.ca;
    const newIssuer = await makeIssuer('New CA');
    await writeFile(certificates.caFile, newIssuer.authority.certificate);
    await credentials.reloadNow();
    const second = await visit(version, certificates.client, first.session);
    expect(second.resumed).toBe(false);
    expect(second.response).toContain('does not lead to the CA of this server (CN=New CA)');
    await writeFile(certificates.caFile, before);
    await credentials.reloadNow();
    expect((await visit(version, certificates.client)).response).toContain('CN=client,O=example from');
  });
});
