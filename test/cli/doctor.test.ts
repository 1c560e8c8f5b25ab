import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tokenDigest } from '../../src/auth/token-files.js';
import { runInTerminal } from '../support/cli-process.js';
import { HAS_SCRIPT, RegistryOnDisk } from '../support/registry-on-disk.js';

// Every command is a process of its own, and a busy machine takes its time to start them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const VIEWER_TOKEN = 'viewer-token-for-tests-0123456789';

let registry: RegistryOnDisk;

interface Diagnosis {
  readonly schema: string;
  readonly ok: boolean;
  readonly at_fault: string | null;
  readonly checks: readonly { step: string; status: string; message: string; advice: string | null }[];
}

async function diagnose(
  args: readonly string[],
  env: Record<string, string> = {},
  where: RegistryOnDisk = registry,
): Promise<Diagnosis & { readonly code: number | null }> {
  const { code, stdout, stderr } = await where.run(['doctor', '-o', 'json', '--timeout', '5s', ...args], env);
  expect(stdout + stderr).not.toContain(where.certificates.token);
  return { code, ...(JSON.parse(stdout) as Diagnosis) };
}

function checkOf({ checks }: Diagnosis, step: string): { status: string; message: string; advice: string | null } {
  const check = checks.find((one) => one.step === step);
  if (check === undefined) {
    throw new Error(`no step ${step}`);
  }
  return check;
}

beforeAll(async () => {
  registry = await RegistryOnDisk.start();
  const { folder } = registry;
  writeFileSync(join(folder, 'viewer'), VIEWER_TOKEN);
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

describe('doctor', () => {
  it('takes every step of a connection that works', async () => {
    const diagnosis = await diagnose([]);
    expect(diagnosis).toMatchObject({ code: 0, ok: true, at_fault: null, schema: 'appimagectl/doctor/v1' });
    expect(diagnosis.checks.map(({ step, status }) => `${step}: ${status}`)).toEqual([
      'configuration: ok',
      'name-resolution: ok',
      'port: ok',
      'tls: ok',
      'ca: ok',
      'server-name: ok',
      'server-certificate: ok',
      'client-certificate: ok',
      // The certificates of tests are valid for a day.
      'certificate-expiry: warning',
      'token: ok',
      'role: ok',
      'server-version: ok',
    ]);
  });

  it('shows the steps to people, with what to do about the one at fault', async () => {
    const { code, stdout } = await registry.run(['doctor', '--server', 'localhost:1']);
    expect(code).toBe(6);
    expect(stdout).toMatch(/^port +FAILED +nothing listens on localhost:1\n +do: start the server/m);
    expect(stdout).toMatch(/^token +skipped +not reached, since port failed$/m);
    expect(stdout).toContain('At fault: port: nothing listens on localhost:1');
    expect(stdout).not.toContain('\u001b');
  });

  it.skipIf(!HAS_SCRIPT)('paints in a terminal, unless NO_COLOR says not to', async () => {
    const where = { cwd: registry.folder, env: registry.env };
    const { exitCode, screen } = await runInTerminal(['doctor', '--server', 'localhost:1'], where);
    expect(exitCode).toBe(6);
    expect(screen).toContain('\u001b[31mFAILED');
    const plain = await runInTerminal(['doctor'], { ...where, env: { ...registry.env, NO_COLOR: '1' } });
    expect(plain.exitCode).toBe(0);
    expect(plain.screen).toContain('The connection works.');
    expect(plain.screen).not.toContain('\u001b[3');
  });

  it('blames the configuration, with the exit code of usage', async () => {
    expect(await diagnose(['--context', 'nowhere'])).toMatchObject({ code: 2, at_fault: 'configuration' });
    const unreadable = await diagnose(['--ca', 'missing.crt']);
    expect(unreadable).toMatchObject({ code: 2, at_fault: 'configuration' });
    expect(checkOf(unreadable, 'configuration').message).toContain('missing.crt');
  });

  it('blames the name resolution', async () => {
    const diagnosis = await diagnose(['--server', 'no-such-host.invalid:8083']);
    expect(diagnosis).toMatchObject({ code: 6, at_fault: 'name-resolution' });
    expect(checkOf(diagnosis, 'port')).toMatchObject({ status: 'skipped' });
  });

  it('blames the port where nothing listens', async () => {
    expect(await diagnose(['--server', '127.0.0.1:1'])).toMatchObject({ code: 6, at_fault: 'port' });
  });

  it('blames the port where it is that of the HTTP gateway', async () => {
    const diagnosis = await diagnose(['--server', new URL(registry.server.origin).host]);
    expect(diagnosis).toMatchObject({ code: 6, at_fault: 'port' });
    expect(checkOf(diagnosis, 'port').advice).toContain('gRPC port');
  });

  it('blames TLS where the server has none, and where the client is set to none', async () => {
    const plain = await RegistryOnDisk.start(['--protocol=NOTLS']);
    try {
      const wanted = await diagnose([], {}, plain);
      expect(wanted).toMatchObject({ code: 6, at_fault: 'tls' });
      expect(checkOf(wanted, 'tls').advice).toContain('--insecure-plaintext');
      expect(await diagnose(['--insecure-plaintext'], {}, plain)).toMatchObject({ code: 0, ok: true });
    } finally {
      await plain[Symbol.asyncDispose]();
    }
    const unwanted = await diagnose(['--insecure-plaintext']);
    expect(unwanted).toMatchObject({ code: 6, at_fault: 'tls' });
    expect(checkOf(unwanted, 'tls').advice).toContain('--insecure-plaintext');
  });

  it('blames the CA', async () => {
    const other = await registry.certificates.otherCa();
    const diagnosis = await diagnose(['--ca', other.certificateFile]);
    expect(diagnosis).toMatchObject({ code: 6, at_fault: 'ca' });
    expect(checkOf(diagnosis, 'ca').message).toContain('CN=Test CA');
    expect(checkOf(diagnosis, 'server-name')).toMatchObject({ status: 'ok' });
  });

  it('blames the server name, and says which names the certificate has', async () => {
    const diagnosis = await diagnose(['--tls-server-name', 'registry.example']);
    expect(diagnosis).toMatchObject({ code: 6, at_fault: 'server-name' });
    expect(checkOf(diagnosis, 'server-name').message).toContain('localhost');
    expect(checkOf(diagnosis, 'ca')).toMatchObject({ status: 'ok' });
  });

  it('blames a server certificate that has expired', async () => {
    const { certificates } = registry;
    const expired = await certificates.issue({
      commonName: 'expired-server',
      usages: ['server'],
      names: ['localhost'],
      notBefore: new Date(Date.now() - 7_200_000),
      notAfter: new Date(Date.now() - 3_600_000),
    });
    const server = createTlsServer({ cert: expired.certificate, key: expired.key, ALPNProtocols: ['h2'] });
    server.on('secureConnection', (socket) => socket.on('error', () => undefined));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const diagnosis = await diagnose(['--server', `localhost:${port}`]);
      expect(diagnosis).toMatchObject({ code: 6, at_fault: 'server-certificate' });
      expect(checkOf(diagnosis, 'server-certificate').message).toContain('CN=expired-server expired at');
    } finally {
      server.close();
    }
  });

  it('blames a client certificate that is missing or of another CA, in the words of the server', async () => {
    const missing = await diagnose([], { APPIMAGECTL_CERT: '', APPIMAGECTL_KEY: '' });
    expect(missing).toMatchObject({ code: 7, at_fault: 'client-certificate' });
    expect(checkOf(missing, 'client-certificate').message).toContain('no client certificate was presented');
    const { certificateFile, keyFile } = await registry.certificates.otherCa();
    const foreign = await diagnose(['--cert', certificateFile, '--key', keyFile]);
    expect(foreign).toMatchObject({ code: 7, at_fault: 'client-certificate' });
  });

  it('blames a key that is not that of the certificate, and a certificate that only a server may use', async () => {
    const { client, server } = registry.certificates;
    const mixed = await diagnose(['--cert', client.certificateFile, '--key', server.keyFile]);
    expect(mixed).toMatchObject({ code: 7, at_fault: 'client-certificate' });
    expect(checkOf(mixed, 'client-certificate').message).toContain('is not the key of');
    const { certificateFile, keyFile } = await registry.certificates.serverOnly();
    const serverOnly = await diagnose(['--cert', certificateFile, '--key', keyFile]);
    expect(serverOnly).toMatchObject({ code: 7, at_fault: 'client-certificate' });
    expect(checkOf(serverOnly, 'client-certificate').message).toContain('clientAuth');
  });

  it('blames the expiry of the client certificate, and one that is not valid yet', async () => {
    const { certificates } = registry;
    for (const pair of [await certificates.expired(), await certificates.notYetValid()]) {
      const diagnosis = await diagnose(['--cert', pair.certificateFile, '--key', pair.keyFile]);
      expect(diagnosis).toMatchObject({ code: 7, at_fault: 'certificate-expiry' });
      // What does not depend on the certificate has been looked at all the same.
      expect(checkOf(diagnosis, 'server-name')).toMatchObject({ status: 'ok' });
    }
  });

  it('blames a token that is wrong or missing', async () => {
    const wrong = join(registry.folder, 'wrong');
    writeFileSync(wrong, 'another-token-altogether-0123456789');
    const diagnosis = await diagnose(['--token-file', wrong]);
    expect(diagnosis).toMatchObject({ code: 7, at_fault: 'token' });
    expect(checkOf(diagnosis, 'token').message).toContain(wrong);
    expect(await diagnose([], { APPIMAGECTL_TOKEN_FILE: '' })).toMatchObject({ code: 7, at_fault: 'token' });
  });

  it('says that a viewer may not change templates', async () => {
    const tokens = join(registry.folder, 'tokens.yaml');
    writeFileSync(tokens, `- name: reader\n  sha256: ${tokenDigest(VIEWER_TOKEN)}\n  role: viewer\n`);
    const roles = await RegistryOnDisk.start([`--tokens-file=${tokens}`]);
    try {
      const diagnosis = await diagnose(['--token-file', join(registry.folder, 'viewer')], {}, roles);
      expect(diagnosis).toMatchObject({ code: 0, ok: true });
      expect(checkOf(diagnosis, 'role')).toMatchObject({ status: 'warning' });
      expect(checkOf(diagnosis, 'role').message).toContain('viewer');
    } finally {
      await roles[Symbol.asyncDispose]();
    }
  });

  it('changes nothing', async () => {
    await diagnose([]);
    const { stdout } = await registry.run(['export', 'everything', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ files: [] });
    expect(readFileSync(registry.certificates.tokenFile, 'utf8')).toBe(registry.certificates.token);
  });
});
