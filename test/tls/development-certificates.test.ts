import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDevelopmentCertificates } from '../../src/transport/tls/development-certificates.js';

const run = promisify(execFile);
const hasOpenssl = await run('openssl', ['version']).then(
  () => true,
  () => false,
);

const ALL_FILES = [
  'ca.crt',
  'ca.key',
  'client.crt',
  'client.key',
  'kusciaapi-server.crt',
  'kusciaapi-server.key',
  'token',
];

let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'appimage-development-'));
  directory = join(parent, 'certs');
});

afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

async function certificate(file: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(join(directory, file)));
}

async function snapshot(): Promise<Map<string, string>> {
  const files = (await readdir(directory)).sort();
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(directory, file), 'utf8')] as const)),
  );
}

describe('makeDevelopmentCertificates', () => {
  it("makes the whole set under Kuscia's names and nothing else", async () => {
    expect(await makeDevelopmentCertificates(directory, { extraNames: [] })).toEqual({ made: true, missingNames: [] });
    expect((await readdir(directory)).sort()).toEqual(ALL_FILES);
  });

  it('keeps keys and token from other users', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const file of ['ca.key', 'client.key', 'kusciaapi-server.key', 'token']) {
      expect([file, (await stat(join(directory, file))).mode & 0o777]).toEqual([file, 0o600]);
    }
  });

  it('issues certificates that chain to the CA and fit their keys', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    const ca = await certificate('ca.crt');
    expect(ca.ca).toBe(true);
    for (const name of ['client', 'kusciaapi-server']) {
      const leaf = await certificate(`${name}.crt`);
      expect([name, leaf.checkIssued(ca), leaf.verify(ca.publicKey)]).toEqual([name, true, true]);
      const key = await readFile(join(directory, `${name}.key`), 'utf8');
      expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
      expect([name, leaf.checkPrivateKey(createPrivateKey(key))]).toEqual([name, true]);
    }
  });

  it("names the loopback, the host and what the setting adds in the server's certificate", async () => {
    await makeDevelopmentCertificates(directory, { extraNames: ['registry.example', '192.0.2.7'] });
    const server = await certificate('kusciaapi-server.crt');
    for (const name of ['localhost', hostname(), 'registry.example']) {
      expect(server.checkHost(name)).toBe(name);
    }
    for (const address of ['127.0.0.1', '::1', '192.0.2.7']) {
      expect([address, server.checkIP(address)]).toEqual([address, expect.any(String)]);
    }
    expect(server.checkHost('elsewhere.example')).toBeUndefined();
  });

  it('lets the server pair be used by server and client, as the curl commands of the API do', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    expect((await certificate('kusciaapi-server.crt')).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect((await certificate('client.crt')).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  it.skipIf(!hasOpenssl)('satisfies openssl at its strictest', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    const verify = async (purpose: string, file: string): Promise<string> => {
      const args = [
        'verify',
        '-x509_strict',
        '-CAfile',
        join(directory, 'ca.crt'),
        '-purpose',
        purpose,
        join(directory, file),
      ];
      return (await run('openssl', args)).stdout;
    };
    expect(await verify('sslserver', 'kusciaapi-server.crt')).toContain('OK');
    expect(await verify('sslclient', 'kusciaapi-server.crt')).toContain('OK');
    expect(await verify('sslclient', 'client.crt')).toContain('OK');
    await expect(verify('sslserver', 'client.crt')).rejects.toThrow(/purpose/);
  });

  it('makes other keys, token and serial numbers each time', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    const first = await snapshot();
    await rm(directory, { recursive: true });
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    for (const [file, content] of await snapshot()) {
      expect([file, content]).not.toEqual([file, first.get(file)]);
    }
  });

  it('leaves an existing set alone, down to the byte', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    const before = await snapshot();
    expect(await makeDevelopmentCertificates(directory, { extraNames: [] })).toEqual({ made: false, missingNames: [] });
    expect(await snapshot()).toEqual(before);
  });

  it('says which names an existing server certificate lacks', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: ['one.example'] });
    const again = await makeDevelopmentCertificates(directory, {
      extraNames: ['one.example', 'two.example', '192.0.2.1'],
    });
    expect(again.missingNames).toEqual(['two.example', '192.0.2.1']);
  });

  it('is content with certificates of the operator, without a CA key or client pair', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    await Promise.all(['ca.key', 'client.crt', 'client.key'].map((file) => unlink(join(directory, file))));
    expect((await makeDevelopmentCertificates(directory, { extraNames: [] })).made).toBe(false);
    expect((await readdir(directory)).sort()).toEqual([
      'ca.crt',
      'kusciaapi-server.crt',
      'kusciaapi-server.key',
      'token',
    ]);
  });

  it('works beside files of other names, such as a README', async () => {
    await mkdir(directory);
    await writeFile(join(directory, 'README.md'), 'hello');
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    expect((await readdir(directory)).sort()).toEqual(['README.md', ...ALL_FILES]);
  });

  it('refuses half a set, names what is missing and changes nothing', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    await unlink(join(directory, 'kusciaapi-server.key'));
    const before = await snapshot();
    await expect(makeDevelopmentCertificates(directory, { extraNames: [] })).rejects.toThrow(
      /holds .*ca\.crt.* but not kusciaapi-server\.key; add what is missing/,
    );
    expect(await snapshot()).toEqual(before);
  });

  it('completes a set that an interrupted run had begun to move', async () => {
    await makeDevelopmentCertificates(directory, { extraNames: [] });
    const whole = await snapshot();
    const set = join(directory, '.new-certificates');
    await mkdir(set);
    for (const file of ['ca.key', 'kusciaapi-server.crt', 'token']) {
      await rename(join(directory, file), join(set, file));
    }
    expect((await makeDevelopmentCertificates(directory, { extraNames: [] })).made).toBe(false);
    expect(await snapshot()).toEqual(whole);
  });

  it('removes what an interrupted run left half made, but not what another one is making', async () => {
    await mkdir(join(directory, '.making-certificates-old'), { recursive: true });
    await mkdir(join(directory, '.making-certificates-new'));
    await writeFile(join(directory, '.making-certificates-old', 'ca.key'), 'half');
    const longAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(directory, '.making-certificates-old'), longAgo, longAgo);
    expect((await makeDevelopmentCertificates(directory, { extraNames: [] })).made).toBe(true);
    expect((await readdir(directory)).sort()).toEqual(['.making-certificates-new', ...ALL_FILES]);
  });

  it('makes one consistent set when several processes start at once', async () => {
    await Promise.all(
      Array.from({ length: 4 }, async () => makeDevelopmentCertificates(directory, { extraNames: [] })),
    );
    expect((await readdir(directory)).sort()).toEqual(ALL_FILES);
    const ca = await certificate('ca.crt');
    for (const name of ['ca', 'client', 'kusciaapi-server']) {
      const leaf = await certificate(`${name}.crt`);
      expect([name, leaf.verify(ca.publicKey)]).toEqual([name, true]);
      const key = createPrivateKey(await readFile(join(directory, `${name}.key`)));
      expect([name, leaf.checkPrivateKey(key)]).toEqual([name, true]);
    }
  });
});
