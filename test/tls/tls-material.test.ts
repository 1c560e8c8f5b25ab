import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CertificateIssuer } from '../../src/transport/tls/certificate-issuer.js';
import { ConnectionListener } from '../../src/transport/tls/connection-listener.js';
import { TlsCredentials } from '../../src/transport/tls/tls-credentials.js';
import { parseTlsMaterial, type TlsMaterial, validityFault } from '../../src/transport/tls/tls-material.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';

let certificates: TemporaryCertificates;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
});

afterAll(async () => {
  await certificates[Symbol.asyncDispose]();
});

function parse(changed: { ca?: string; certificate?: string; key?: string }): TlsMaterial {
  const { server, ca } = certificates;
  const contents = new Map([
    ['ca.crt', changed.ca ?? ca],
    ['server.crt', changed.certificate ?? server.certificate],
    ['server.key', changed.key ?? server.key],
  ]);
  return parseTlsMaterial({ caFile: 'ca.crt', certificateFile: 'server.crt', keyFile: 'server.key' }, (path) =>
    Buffer.from(contents.get(path) ?? ''),
  );
}

describe('parseTlsMaterial', () => {
  it('takes a certificate with a chain behind it, and text around the PEM blocks', () => {
    const material = parse({ certificate: `Subject: x\n${certificates.server.certificate}\nmore\n${certificates.ca}` });
    expect(material.serverCertificate.subject).toBe('CN=kusciaapi-server');
  });

  it('gives the expiry of the CA that expires first', async () => {
    const notAfter = new Date('2027-03-01T00:00:00Z');
    const early = await CertificateIssuer.create({ commonName: 'Early CA', notBefore: new Date(0), notAfter });
    const late = await CertificateIssuer.create({
      commonName: 'Late CA',
      notBefore: new Date(0),
      notAfter: new Date('2040-01-01'),
    });
    const { caValidity, trustedCertificates } = parse({ ca: late.authority.certificate + early.authority.certificate });
    expect(trustedCertificates).toHaveLength(2);
    expect(caValidity?.notAfter).toEqual(notAfter);
  });

  it('reads a key in the older PEM form as well', () => {
    const key = createPrivateKey(certificates.server.key).export({ type: 'sec1', format: 'pem' }).toString();
    expect(key).toContain('BEGIN EC PRIVATE KEY');
    expect(parse({ key }).serverCertificate.subject).toBe('CN=kusciaapi-server');
  });

  it('says which file is at fault, and why', async () => {
    const encrypted = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
    }).privateKey;
    expect(() => parse({ key: encrypted })).toThrow(
      'server.key is encrypted; the server needs the private key without a passphrase',
    );
    expect(() => parse({ key: certificates.client.key })).toThrow(
      'server.key is not the key of server.crt (CN=kusciaapi-server)',
    );
    expect(() => parse({ key: certificates.server.certificate })).toThrow('server.key holds no private key');
    expect(() => parse({ certificate: certificates.server.key })).toThrow(
      'server.crt holds no certificate; it must be PEM',
    );
    expect(() => parse({ ca: '' })).toThrow('ca.crt holds no certificate');
    expect(() => parse({ ca: certificates.server.certificate })).toThrow('ca.crt holds no CA certificate');
    const { certificate, key } = certificates.client;
    expect(() => parse({ certificate, key })).toThrow('server.crt (CN=client,O=example) may not be used by a server');
  });
});

describe('validityFault', () => {
  const validity = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2026-12-31T23:59:59Z') };

  it.each([
    ['2025-12-31T23:59:59Z', 'is not valid before 2026-01-01T00:00:00Z'],
    ['2026-01-01T00:00:00Z', undefined],
    ['2026-12-31T23:59:59Z', undefined],
    ['2027-01-01T00:00:00Z', 'expired on 2026-12-31T23:59:59Z'],
  ])('at %s is %j', (now, fault) => {
    expect(validityFault(validity, new Date(now))).toBe(fault);
  });
});

describe('TlsCredentials', () => {
  const load = async (
    files: { caFile: string | undefined; certificateFile: string },
    log: string[] = [],
  ): Promise<TlsCredentials> =>
    TlsCredentials.load({
      files: { ...files, keyFile: certificates.server.keyFile },
      pollIntervalMs: 3_600_000,
      log: pino({}, { write: (line: string) => log.push(line) }),
      observer: { reloaded: () => undefined },
    });

  it('do not load where a file is missing', async () => {
    await expect(load({ caFile: undefined, certificateFile: '/nonexistent/server.crt' })).rejects.toThrow(
      'cannot read /nonexistent/server.crt: there is no such file',
    );
  });

  it('load an expired server certificate, and say so in the log', async () => {
    await using other = await TemporaryCertificates.create();
    const expired = await other.issue({
      commonName: 'expired-server',
      usages: ['server'],
      notBefore: new Date(Date.now() - 7_200_000),
      notAfter: new Date(Date.now() - 3_600_000),
    });
    const log: string[] = [];
    await using loaded = await TlsCredentials.load({
      files: { caFile: other.caFile, certificateFile: expired.certificateFile, keyFile: expired.keyFile },
      pollIntervalMs: 3_600_000,
      log: pino({}, { write: (line: string) => log.push(line) }),
      observer: { reloaded: () => undefined },
    });
    expect(loaded.expiries().server.getTime()).toBeLessThan(Date.now());
    expect(log.join('')).toMatch(/the server certificate expired on .*; clients will refuse it/);
  });

  it('are not enough for MTLS without a CA', async () => {
    await using credentials = await load({ caFile: undefined, certificateFile: certificates.server.certificateFile });
    const nothing = (): void => undefined;
    const listen = (protocol: 'MTLS' | 'TLS'): ConnectionListener =>
      new ConnectionListener({
        name: 'http',
        security: { protocol, credentials },
        alpnProtocols: ['h2'],
        onConnection: nothing,
        log: pino({ enabled: false }),
        metrics: {
          connectionOpened: nothing,
          connectionClosed: nothing,
          connectionRefused: nothing,
          handshakeFailed: nothing,
          connectionDropped: nothing,
        },
        limits: { handshakeTimeoutMs: 1000, maxConnections: 1 },
      });
    expect(() => listen('MTLS')).toThrow('MTLS needs a CA certificate');
    expect(() => listen('TLS')).not.toThrow();
  });
});
