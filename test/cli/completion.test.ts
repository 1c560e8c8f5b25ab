import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { COMPLETION_SCRIPTS, SHELLS } from '../../src/cli/completion/completion-scripts.js';
import { APPIMAGECTL, finished, HAS_SCRIPT, RegistryOnDisk } from '../support/registry-on-disk.js';

// Every command is a process of its own, and a busy machine takes its time to start them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let registry: RegistryOnDisk;

beforeAll(async () => {
  registry = await RegistryOnDisk.start();
  registry.manifests('manifests');
  await registry.done(['import', 'manifests']);
  const bin = join(registry.folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'appimagectl'), `#!/bin/sh\nexec ${process.execPath} ${APPIMAGECTL} "$@"\n`);
  chmodSync(join(bin, 'appimagectl'), 0o755);
  await registry.done(['context', 'add', 'lab', '--server', 'lab:8083']);
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

/** What a real bash offers behind a line, as the tab key would make it. */
async function inBash(line: string): Promise<readonly string[]> {
  const script = `
    source <(appimagectl completion bash)
    COMP_LINE="$1" COMP_POINT=\${#1}
    # bash splits at the characters of COMP_WORDBREAKS, and so at "=".
    read -r -a COMP_WORDS <<< "\${1//=/ = }"
    [[ $1 == *' ' || $1 == *= ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _appimagectl
    printf '%s\\n' "\${COMPREPLY[@]}"
  `;
  const bash = spawn('bash', ['--norc', '-c', script, 'bash', line], {
    cwd: registry.folder,
    env: { ...registry.env, PATH: `${join(registry.folder, 'bin')}:${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { stdout, stderr } = await finished(bash);
  expect(stderr).toBe('');
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion in bash', () => {
  it('offers the commands', async () => {
    const offered = await inBash('appimagectl ');
    expect(offered).toEqual(expect.arrayContaining(['apply', 'get', 'doctor', 'context', 'help']));
    expect(offered).not.toContain('__complete');
    expect(await inBash('appimagectl com')).toEqual(['compare', 'completion']);
  });

  it('offers the commands below a command', async () => {
    expect(await inBash('appimagectl context ')).toEqual(['add', 'use', 'list', 'remove']);
  });

  it('offers flags, those of the command and those of every command', async () => {
    expect(await inBash('appimagectl watch --fr')).toEqual(['--from-state']);
    expect(await inBash('appimagectl watch --token-')).toEqual(['--token-file']);
  });

  it('offers the values of a flag, in one word and in two', async () => {
    expect(await inBash('appimagectl doctor --output ')).toEqual(['table', 'json', 'yaml']);
    expect(await inBash('appimagectl doctor -o j')).toEqual(['json']);
    expect(await inBash('appimagectl doctor --output=j')).toEqual(['json']);
  });

  it('offers the names of templates, which it asks the registry for', async () => {
    expect(await inBash('appimagectl get ')).toEqual(['psi-image', 'secretflow-image', 'sf-serving-image']);
    expect(await inBash('appimagectl history s')).toEqual(['secretflow-image', 'sf-serving-image']);
    expect(await inBash('appimagectl get psi-image s')).toEqual(['secretflow-image', 'sf-serving-image']);
    expect(await inBash('appimagectl get psi-image --output name psi')).toEqual([]);
  });

  it('asks the registry that the line names, and stays silent where it does not answer', async () => {
    expect(await inBash('appimagectl get --server localhost:1 ')).toEqual([]);
  });

  it('offers contexts, files and folders', async () => {
    expect(await inBash('appimagectl compare --with ')).toEqual(['lab']);
    expect(await inBash('appimagectl context use ')).toEqual(['lab']);
    expect(await inBash('appimagectl apply -f manifests/p')).toEqual(['manifests/psi-image.yaml']);
    expect(await inBash('appimagectl export man')).toEqual(['manifests']);
  });

  it.skipIf(!HAS_SCRIPT)('works by the tab key in a terminal', async () => {
    const typed = 'source <(appimagectl completion bash)\nappimagectl doc\t-o js\t\nexit\n';
    const shell = spawn('script', ['-qec', 'bash --norc --noprofile -i', '/dev/null'], {
      cwd: registry.folder,
      env: { ...registry.env, PATH: `${join(registry.folder, 'bin')}:${process.env['PATH'] ?? ''}`, TERM: 'dumb' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    shell.stdin?.write(typed);
    const { stdout } = await finished(shell);
    expect(stdout).toContain('appimagectl doctor -o json');
    expect(stdout).toContain('"schema": "appimagectl/doctor/v1"');
  });
});

describe.each(SHELLS)('the script for %s', (shell) => {
  it('is what the command prints', async () => {
    expect((await registry.run(['completion', shell])).stdout).toBe(COMPLETION_SCRIPTS[shell]);
  });

  it.skipIf(!isInstalled(shell))('is taken by the shell', () => {
    const checked = spawnSync(shell, ['-n'], { input: COMPLETION_SCRIPTS[shell], encoding: 'utf8' });
    expect(checked).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('completion', () => {
  it('names the shells that there are', async () => {
    const { code, stderr } = await registry.run(['completion', 'tcsh']);
    expect(code).toBe(2);
    expect(stderr).toContain('bash, zsh, fish');
  });
});
