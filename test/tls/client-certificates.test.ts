import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status as GrpcStatus, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TlsCredentials } from '../../src/transport/tls/tls-credentials.js';
import { type KeyPair, makeIssuer, TemporaryCertificates } from '../support/temporary-certificates.js';
import {
  callGrpc,
  curl,
  curlTls,
  grpcTls,
  loadCredentials,
  type StartedListener,
  startGrpc,
  startHttp,
} from './start-listener.js';

let certificates: TemporaryCertificates;
let credentials: TlsCredentials;
let http: StartedListener;
let grpc: StartedListener;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  ({ credentials } = await loadCredentials(certificates));
  http = await startHttp({ security: { protocol: 'MTLS', credentials } });
  grpc = await startGrpc({ security: { protocol: 'MTLS', credentials } });
});

afterAll(async () => {
  await grpc[Symbol.asyncDispose]();
  await http[Symbol.asyncDispose]();
  await credentials[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

const VERSIONS = ['--http1.1', '--http2'] as const;

describe('a client certificate of the CA', () => {
  it.each(VERSIONS)('is let through over curl %s, and its subject is known', async (version) => {
    const answer = await curl(
      `https://localhost:${http.port}/x`,
      version,
      ...curlTls(certificates, certificates.client),
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(`CN=client,O=example from 127.0.0.1 over ${version === '--http2' ? '2.0' : '1.1'}`);
  });

  it('is let through over gRPC, and its subject is known', async () => {
    expect(await callGrpc(grpc.port, grpcTls(certificates, certificates.client))).toBe(
      'CN=client,O=example from 127.0.0.1',
    );
  });

  it('may be the one of the server, as in the curl commands of the API', async () => {
    const answer = await curl(`https://localhost:${http.port}/x`, ...curlTls(certificates, certificates.server));
    expect(answer.body).toContain('CN=kusciaapi-server from');
  });

  it.each(['1.2', '1.3'])('is let through over TLS %s', async (version) => {
    const answer = await curl(
      `https://localhost:${http.port}/x`,
      `--tlsv${version}`,
      '--tls-max',
      version,
      ...curlTls(certificates, certificates.client),
    );
    expect(answer.status).toBe(200);
  });

  it('does not help with TLS 1.1', async () => {
    const old = ['--tlsv1.1', '--tls-max', '1.1', '--ciphers', 'DEFAULT@SECLEVEL=0'];
    await expect(
      curl(`https://localhost:${http.port}/x`, ...old, ...curlTls(certificates, certificates.client)),
    ).rejects.toThrow(/alert protocol version/);
  });
});

interface RefusedCase {
  readonly title: string;
  readonly reason: string;
  readonly words: RegExp;
  readonly subject?: string;
  readonly pair: () => Promise<KeyPair | undefined>;
}

const REFUSED: readonly RefusedCase[] = [
  {
    title: 'no certificate',
    reason: 'no_certificate',
    words: /^no client certificate was presented; send one that the CA of this server issued/,
    pair: async () => undefined,
  },
  {
    title: 'a certificate of another CA',
    reason: 'unknown_ca',
    words:
      /^client certificate CN=other-ca was issued by CN=Other CA, which does not lead to the CA of this server \(CN=Test CA\); use/,
    subject: 'CN=other-ca',
    pair: async () => certificates.otherCa(),
  },
  {
    title: 'an expired certificate',
    reason: 'expired',
    words: /^client certificate CN=expired expired on \d{4}-\d\d-\d\dT[\d:]+Z; use a renewed one$/,
    subject: 'CN=expired',
    pair: async () => certificates.expired(),
  },
  {
    title: 'a certificate that is not yet valid',
    reason: 'not_yet_valid',
    words:
      /^client certificate CN=not-yet-valid is not valid before \d{4}-\d\d-\d\dT[\d:]+Z, and it is \d{4}.* here; wait/,
    subject: 'CN=not-yet-valid',
    pair: async () => certificates.notYetValid(),
  },
  {
    title: 'a certificate for servers alone',
    reason: 'wrong_usage',
    words: /^client certificate CN=server-only may not be used by a client: its extended key usage lacks clientAuth/,
    subject: 'CN=server-only',
    pair: async () => certificates.serverOnly(),
  },
];

describe.each(REFUSED)('$title', ({ reason, words, subject, pair }) => {
  it.each(VERSIONS)('is refused with 401, code 11102 and its own words over curl %s', async (version) => {
    const args = [version, '-d', '{"name":"x"}', ...curlTls(certificates, await pair())];
    const answer = await curl(`https://localhost:${http.port}/api/v1/appimage/create`, ...args);
    expect(answer).toMatchObject({ status: 401, httpVersion: version === '--http2' ? '2' : '1.1' });
    expect(answer.contentType).toMatch(/^application\/json/);
    const body = JSON.parse(answer.body) as { status: { code: number; message: string } };
    expect(body).toEqual({ status: { code: 11102, message: expect.stringMatching(words), details: [] } });
  });

  it('is refused with UNAUTHENTICATED and the same words over gRPC', async () => {
    const error: ServiceError = await callGrpc(grpc.port, grpcTls(certificates, await pair())).then(
      () => {
        throw new Error('expected to be refused');
      },
      (refusal: ServiceError) => refusal,
    );
    expect(error.code).toBe(GrpcStatus.UNAUTHENTICATED);
    expect(error.details).toMatch(words);
  });

  it('leaves a line in the log that says who, and a count by reason', async () => {
    const before = http.log.length;
    http.metrics.length = 0;
    await curl(`https://localhost:${http.port}/x`, ...curlTls(certificates, await pair()));
    expect(http.metrics).toEqual([`connectionRefused http ${reason}`]);
    const line = http.log.slice(before).find((entry) => entry['reason'] === reason);
    expect(line).toMatchObject({ level: 40, listener: 'http', address: '127.0.0.1' });
    expect(line?.['certificateSubject']).toBe(subject);
    expect(line?.['certificateIssuer'] ?? 'CN=Test CA').toMatch(/^CN=(Test|Other) CA$/);
    expect('certificateNotAfter' in (line ?? {})).toBe(subject !== undefined);
  });
});

describe('a refused connection', () => {
  it('never reaches the servers behind', async () => {
    http.requests.length = 0;
    await curl(`https://localhost:${http.port}/secret`, '--http2', ...curlTls(certificates));
    await curl(
      `https://localhost:${http.port}/secret`,
      '--http1.1',
      ...curlTls(certificates, await certificates.otherCa()),
    );
    expect(http.requests).toEqual([]);
    expect(http.listener.openConnections).toBe(0);
  });

  it('says that a foreign certificate is foreign, also where it has expired as well', async () => {
    const foreign = await certificates.issue({
      commonName: 'foreign-and-expired',
      issuer: await makeIssuer('Other CA'),
      notBefore: new Date(Date.now() - 7_200_000),
      notAfter: new Date(Date.now() - 3_600_000),
    });
    const answer = await curl(`https://localhost:${http.port}/x`, ...curlTls(certificates, foreign));
    expect(answer.body).toContain('was issued by CN=Other CA, which does not lead to');
  });

  it('does not believe a CA that only bears the same name', async () => {
    const forged = await certificates.issue({ commonName: 'forged', issuer: await makeIssuer('Test CA') });
    const answer = await curl(`https://localhost:${http.port}/x`, ...curlTls(certificates, forged));
    expect(answer.status).toBe(401);
    expect(http.metrics.at(-1)).toBe('connectionRefused http unknown_ca');
  });

  it('answers protobuf to protobuf', async () => {
    const answer = await curl(
      `https://localhost:${http.port}/api/v1/appimage/query`,
      '-H',
      'Content-Type: application/x-protobuf',
      '--data-binary',
      'x',
      ...curlTls(certificates),
    );
    expect(answer).toMatchObject({ status: 401, contentType: 'application/x-protobuf' });
    expect(answer.body).toContain('no client certificate was presented');
    expect(answer.body).not.toContain('{');
  });

  it.each(VERSIONS)('gets its answer also after a large body, over curl %s', async (version) => {
    const file = join(certificates.directory, 'large-body');
    await writeFile(file, Buffer.alloc(4 * 1024 * 1024));
    const large = ['-H', 'Expect:', '--data-binary', `@${file}`];
    const answer = await curl(`https://localhost:${http.port}/x`, version, ...large, ...curlTls(certificates));
    expect(answer.status).toBe(401);
  });

  it('is not asked for a body that it has not sent yet', async () => {
    const answer = await curl(
      `https://localhost:${http.port}/x`,
      '--http1.1',
      '-H',
      'Expect: 100-continue',
      '--expect100-timeout',
      '8',
      '-d',
      'x',
      ...curlTls(certificates),
    );
    expect(answer.status).toBe(401);
  });
});

describe('TLS without client certificates', () => {
  it('asks for none and takes any client', async () => {
    await using tls = await startHttp({ security: { protocol: 'TLS', credentials } });
    const answer = await curl(`https://localhost:${tls.port}/x`, '--http2', ...curlTls(certificates));
    expect(answer.body).toBe('nobody from 127.0.0.1 over 2.0');
    const withForeign = await curl(
      `https://localhost:${tls.port}/x`,
      ...curlTls(certificates, await certificates.otherCa()),
    );
    expect(withForeign.status).toBe(200);
  });
});
