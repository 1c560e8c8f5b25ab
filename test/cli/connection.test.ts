import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { tokenDigest } from '../../src/auth/token-files.js';
import { type CliResult, runCli } from '../support/cli-process.js';
import { manifest } from '../support/cli-workspace.js';
import { RegistryOnDisk } from '../support/registry-on-disk.js';
import { TcpProxy } from '../support/tcp-proxy.js';

// Every command is a process of its own, and a busy machine takes its time to start them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const VIEWER_TOKEN = 'viewer-token-for-tests-0123456789';

describe('a connection that drops', () => {
  let registry: RegistryOnDisk;
  let proxy: TcpProxy;

  const run = async (args: readonly string[], input = ''): Promise<CliResult> =>
    runCli(['--insecure-plaintext', '--server', `localhost:${proxy.port}`, ...args], { cwd: registry.folder, input });

  beforeAll(async () => {
    registry = await RegistryOnDisk.start(['--protocol=NOTLS']);
    proxy = await TcpProxy.start({ host: '127.0.0.1', port: Number(registry.server.grpcAddress.split(':')[1]) });
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  it.each(['lose-request', 'lose-answer'] as const)('does no harm to an apply: %s', async (fault) => {
    const name = `dropped-${fault}`;
    const sprung = proxy.once(fault, (bytes) => bytes.includes(name));
    const { exitCode, stderr } = await run(['apply', '-f', '-'], manifest(name));
    await sprung;
    expect([exitCode, stderr]).toEqual([0, '']);
    const history = JSON.parse((await run(['history', name, '-o', 'json'])).stdout) as { revisions: object[] };
    expect(history.revisions).toHaveLength(1);
  });

  it('does not make a delete fail whose answer was lost', async () => {
    await run(['apply', '-f', '-'], manifest('deleted-once'));
    const sprung = proxy.once('lose-answer', (bytes) => bytes.includes('deleted-once'));
    const { exitCode, stdout } = await run(['delete', 'deleted-once']);
    await sprung;
    expect([exitCode, stdout]).toEqual([0, 'appimage/deleted-once deleted\n']);
  });

  it('is not tried again where a condition would then be judged twice', async () => {
    const sprung = proxy.once('lose-answer', (bytes) => bytes.includes('conditional'));
    const { exitCode } = await run(['apply', '-f', '-', '--if-revision', '0'], manifest('conditional'));
    await sprung;
    expect(exitCode).toBe(6);
  });
});

describe('a server', () => {
  it('that never answers is given up at the deadline', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const args = ['get', '--server', `127.0.0.1:${port}`, '--timeout', '500ms'];
      const { exitCode, stdout, stderr } = await runCli(args, { cwd: import.meta.dirname });
      expect([exitCode, stdout]).toEqual([6, '']);
      expect(stderr).toContain('did not answer within 500 ms');
    } finally {
      silent.close();
    }
  });

  it('lets a viewer look and compare, and refuses what the role does not allow', async () => {
    await using base = await RegistryOnDisk.start();
    const tokens = join(base.folder, 'tokens.yaml');
    await writeFile(tokens, `- name: reader\n  sha256: ${tokenDigest(VIEWER_TOKEN)}\n  role: viewer\n`);
    await using registry = await RegistryOnDisk.start([`--tokens-file=${tokens}`]);
    await writeFile(join(registry.folder, 'one.yaml'), manifest('one'));
    const env = { APPIMAGECTL_TOKEN: VIEWER_TOKEN };
    expect(await registry.run(['diff', '-f', 'one.yaml'], env)).toMatchObject({ code: 3 });
    const refused = await registry.run(['apply', '-f', 'one.yaml'], env);
    expect(refused).toMatchObject({ code: 7, stdout: '' });
    expect(refused.stderr).toContain('a token of a higher role');
    expect(refused.stderr).not.toContain(VIEWER_TOKEN);
    const shown = await registry.run(['get', '--token', VIEWER_TOKEN]);
    expect([shown.code, shown.stderr.includes('use --token-file or APPIMAGECTL_TOKEN')]).toEqual([0, true]);
    expect(shown.stderr).not.toContain(VIEWER_TOKEN);
  });
});
