import { readFile, rename, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { connect } from 'node:tls';
import { Client } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeIssuer, TemporaryCertificates } from '../support/temporary-certificates.js';
import {
  callGrpc,
  callWith,
  curl,
  curlTls,
  grpcTls,
  loadCredentials,
  type StartedListener,
  startGrpc,
  startHttp,
} from './start-listener.js';

let certificates: TemporaryCertificates;
let loaded: Awaited<ReturnType<typeof loadCredentials>>;
let http: StartedListener;

beforeEach(async () => {
  certificates = await TemporaryCertificates.create();
  loaded = await loadCredentials(certificates);
  http = await startHttp({ security: { protocol: 'MTLS', credentials: loaded.credentials } });
});

afterEach(async () => {
  await http[Symbol.asyncDispose]();
  await loaded.credentials[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

/** Serial number of the certificate that a new connection is shown. */
async function shownSerialNumber(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: 'localhost', port: http.port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? 'none');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

async function get(agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: 'localhost', port: http.port, path: '/x', agent }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });
}

async function renewServerCertificate(): Promise<void> {
  await certificates.issue({ commonName: 'kusciaapi-server', usages: ['server'], names: ['localhost'] });
}

describe('certificates that change', () => {
  it('are shown to new connections, and connections that are open stay', async () => {
    const agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      ca: certificates.ca,
      cert: certificates.client.certificate,
      key: certificates.client.key,
    });
    try {
      await get(agent);
      const before = await shownSerialNumber();
      await renewServerCertificate();
      await loaded.credentials.reloadNow();
      const after = await shownSerialNumber();
      expect(after).not.toBe(before);
      expect(after).toBe(loaded.credentials.current.serverCertificate.serialNumber);
      http.metrics.length = 0;
      expect(await get(agent)).toContain('CN=client,O=example');
      expect(http.metrics.filter((event) => event.startsWith('connectionOpened'))).toEqual([]);
      expect(loaded.reloads).toEqual([true, true]);
    } finally {
      agent.destroy();
    }
  });

  it('let a new CA in and an old one out, while calls go on over connections that are open', async () => {
    await using grpc = await startGrpc({ security: { protocol: 'MTLS', credentials: loaded.credentials } });
    const client = new Client(`localhost:${grpc.port}`, grpcTls(certificates, certificates.client));
    try {
      await callWith(client);
      const newIssuer = await makeIssuer('New CA');
      await writeFile(certificates.caFile, newIssuer.authority.certificate);
      await loaded.credentials.reloadNow();
      const ofNewCa = await certificates.issue({ commonName: 'new-client', issuer: newIssuer });
      expect(await callWith(client)).toBe('CN=client,O=example from 127.0.0.1');
      expect(await callGrpc(grpc.port, grpcTls(certificates, ofNewCa))).toContain('CN=new-client');
      await expect(callGrpc(grpc.port, grpcTls(certificates, certificates.client))).rejects.toThrow(
        /UNAUTHENTICATED: .*does not lead to the CA of this server \(CN=New CA\)/,
      );
    } finally {
      client.close();
    }
  });

  it('may be several CAs in one file while one replaces another', async () => {
    const newIssuer = await makeIssuer('New CA');
    await writeFile(certificates.caFile, certificates.ca + newIssuer.authority.certificate);
    await loaded.credentials.reloadNow();
    const ofNewCa = await certificates.issue({ commonName: 'new-client', issuer: newIssuer });
    const trustOld = async (pair: typeof ofNewCa): Promise<number> =>
      (await curl(`https://localhost:${http.port}/x`, '--insecure', ...curlTls(certificates, pair))).status;
    expect(await trustOld(ofNewCa)).toBe(200);
    expect(await trustOld(certificates.client)).toBe(200);
  });

  it('are noticed without being asked for', async () => {
    await using polled = (await loadCredentials(certificates, { pollIntervalMs: 20 })).credentials;
    const before = polled.current.serverCertificate.serialNumber;
    await renewServerCertificate();
    await vi.waitFor(() => expect(polled.current.serverCertificate.serialNumber).not.toBe(before), { timeout: 10_000 });
  });

  it.each([
    [
      'cut off',
      async (file: string) => writeFile(file, (await readFile(file)).subarray(0, 200)),
      'holds no certificate',
    ],
    ['empty', async (file: string) => writeFile(file, ''), 'holds no certificate'],
    ['gone', async (file: string) => rename(file, `${file}.away`), 'there is no such file'],
    ['garbage', async (file: string) => writeFile(file, 'x'.repeat(1000)), 'holds no certificate'],
    [
      'garbage inside',
      async (file: string) => writeFile(file, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
      'certificate 1 cannot be read',
    ],
    ['of another key', async (file: string) => writeFile(file, certificates.client.certificate), 'is not the key of'],
  ])('stay as they were where the new server certificate is %s', async (_title, breakFile, message) => {
    const good = await readFile(certificates.server.certificateFile);
    const before = await shownSerialNumber();
    await breakFile(certificates.server.certificateFile);
    await loaded.credentials.reloadNow();
    expect(loaded.reloads).toEqual([true, false]);
    expect(loaded.log.join('')).toContain(message);
    expect(await shownSerialNumber()).toBe(before);
    const answer = await curl(`https://localhost:${http.port}/x`, ...curlTls(certificates, certificates.client));
    expect(answer.status).toBe(200);
    await writeFile(certificates.server.certificateFile, good);
    await loaded.credentials.reloadNow();
    expect(loaded.reloads).toEqual([true, false, true]);
  });

  it('stay as they were where the new one has expired', async () => {
    const before = await shownSerialNumber();
    await certificates.issue({
      commonName: 'kusciaapi-server',
      usages: ['server'],
      notBefore: new Date(Date.now() - 7_200_000),
      notAfter: new Date(Date.now() - 3_600_000),
    });
    await loaded.credentials.reloadNow();
    expect(loaded.reloads).toEqual([true, false]);
    expect(await shownSerialNumber()).toBe(before);
  });

  it('never put a private key into the log', async () => {
    await writeFile(certificates.server.keyFile, certificates.client.key);
    await loaded.credentials.reloadNow();
    await writeFile(
      certificates.server.keyFile,
      `${certificates.client.key.slice(0, 150)}\n-----END PRIVATE KEY-----\n`,
    );
    await loaded.credentials.reloadNow();
    expect(loaded.reloads).toEqual([true, false, false]);
    const secret = certificates.client.key.split('\n')[1] ?? '';
    expect(secret.length).toBeGreaterThan(32);
    expect(loaded.log.join('')).not.toContain(secret);
  });

  it('tell when they expire', () => {
    const { server, ca } = loaded.credentials.expiries();
    expect(server.getTime()).toBeGreaterThan(Date.now());
    expect(ca?.getTime()).toBeGreaterThan(Date.now());
  });
});
