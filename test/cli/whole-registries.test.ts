import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { RegistryOnDisk } from '../support/registry-on-disk.js';

// Every command is a process of its own, and a busy machine takes its time to start them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let registry: RegistryOnDisk;
let other: RegistryOnDisk;

beforeAll(async () => {
  registry = await RegistryOnDisk.start();
  other = await RegistryOnDisk.start();
  registry.manifests('manifests');
  const { certificates, server } = other;
  const { certificateFile, keyFile } = certificates.client;
  const address = ['--server', server.grpcAddress, '--ca', certificates.caFile];
  const identity = ['--cert', certificateFile, '--key', keyFile, '--token-file', certificates.tokenFile];
  await registry.done(['context', 'add', 'other', ...address, ...identity]);
});

beforeEach(async () => {
  await registry.done(['import', 'manifests']);
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

async function actions(args: readonly string[]): Promise<readonly string[]> {
  const { files } = JSON.parse(await registry.done(['export', ...args, '-o', 'json'])) as {
    files: readonly { file: string; action: string }[];
  };
  return files.map(({ file, action }) => `${file} ${action}`);
}

const EXPORTED = ['psi-image.yaml', 'secretflow-image.yaml', 'sf-serving-image.yaml'];

describe('export', () => {
  it('writes every template to a file of its name, and touches none that is right already', async () => {
    expect(await actions(['first'])).toEqual(EXPORTED.map((file) => `first/${file} created`));
    const path = join(registry.folder, 'first/psi-image.yaml');
    const before = statSync(path, { bigint: true });
    expect(await actions(['first'])).toEqual(EXPORTED.map((file) => `first/${file} unchanged`));
    expect(statSync(path, { bigint: true }).mtimeNs).toBe(before.mtimeNs);
    expect(readdirSync(join(registry.folder, 'first')).sort()).toEqual(EXPORTED);
    writeFileSync(path, '# mine\n');
    expect(await actions(['first'])).toContain('first/psi-image.yaml updated');
  });

  it('loses nothing: what it has written applies without a change', async () => {
    await registry.done(['export', 'lossless']);
    const outcome = await registry.done(['import', 'lossless', '-o', 'json']);
    expect([...outcome.matchAll(/"outcome": "(\w+)"/g)].map(([, word]) => word)).toEqual(Array(3).fill('unchanged'));
  });

  it('deletes files of deleted templates only if it is told to, and never other files', async () => {
    await registry.done(['export', 'pruned']);
    const folder = join(registry.folder, 'pruned');
    writeFileSync(join(folder, 'kustomization.yaml'), 'resources: []\n');
    writeFileSync(join(folder, 'README.md'), 'ours\n');
    writeFileSync(join(folder, 'renamed.yaml'), readFileSync(join(folder, 'psi-image.yaml')));
    await registry.done(['delete', 'psi-image']);
    const kept = await registry.run(['export', 'pruned']);
    expect(kept.stderr).toContain('pruned/psi-image.yaml; --prune deletes them');
    expect(await actions(['pruned', '--prune', '--dry-run'])).toContain('pruned/psi-image.yaml deleted');
    expect(readdirSync(folder)).toContain('psi-image.yaml');
    expect(await actions(['pruned', '--prune', '--prefix', 's'])).not.toContain('pruned/psi-image.yaml deleted');
    expect(await actions(['pruned', '--prune'])).toContain('pruned/psi-image.yaml deleted');
    expect(readdirSync(folder).sort()).toEqual([
      'README.md',
      'kustomization.yaml',
      'renamed.yaml',
      'secretflow-image.yaml',
      'sf-serving-image.yaml',
    ]);
  });

  it('writes nothing in a dry run', async () => {
    expect(await actions(['untouched', '--dry-run'])).toHaveLength(3);
    expect(readdirSync(registry.folder)).not.toContain('untouched');
  });

  it('says which file could not be written', async () => {
    writeFileSync(join(registry.folder, 'a-file'), '');
    const { code, stderr } = await registry.run(['export', 'a-file']);
    expect(code).toBe(1);
    expect(stderr).toContain('a-file/psi-image.yaml');
  });
});

describe('import', () => {
  it('is an apply of the folder, with the flags of apply', async () => {
    await registry.done(['delete', 'psi-image']);
    const dry = await registry.done(['import', 'manifests', '--dry-run', '-o', 'json']);
    expect(dry).toContain('"outcome": "created"');
    const again = await registry.done(['import', 'manifests', '-o', 'json', '--message', 'back again']);
    expect(again).toContain('"outcome": "created"');
    expect(await registry.done(['history', 'psi-image'])).toContain('back again');
  });

  it('fails where there is no folder', async () => {
    const { code, stderr } = await registry.run(['import', 'nowhere']);
    expect(code).toBe(2);
    expect(stderr).toContain('nowhere');
  });
});

describe('compare', () => {
  it('says what differs between two registries, and ends with 3', async () => {
    const path = join(other.manifests('manifests'), 'psi-image.yaml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('replicas: 1', 'replicas: 2'));
    await other.run(['import', 'manifests']);
    await other.run(['delete', 'secretflow-image']);
    const { code, stdout, stderr } = await registry.run(['compare', '--with', 'other']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^~ psi-image {2}scaling\n {2}~ deploy_templates\[.*replicas: "?1"? -> "?2"? \[scaling\]$/m);
    expect(stdout).toMatch(/^- secretflow-image {2}is not in other$/m);
    expect(stdout).not.toContain('sf-serving-image');
    expect(stderr).toContain('2 of 3 templates differ.');
    const names = await registry.run(['compare', '--with', 'other', '-o', 'name']);
    expect(names.stdout).toBe('psi-image\nsecretflow-image\n');
    const one = await registry.run(['compare', 'psi-image', '--with', 'other', '-o', 'json']);
    expect(JSON.parse(one.stdout)).toMatchObject({
      schema: 'appimagectl/compare/v1',
      compared: 1,
      differences: [{ name: 'psi-image', state: 'differs', class: 'scaling' }],
    });
  });

  it('ends with 0 where nothing differs', async () => {
    const { code, stderr } = await registry.run(['compare', 'sf-serving-image', '--with', 'other']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'No differences in 1 template.\n' });
  });

  it('says what it needs', async () => {
    expect((await registry.run(['compare'])).code).toBe(2);
    const unknown = await registry.run(['compare', '--with', 'othr']);
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toContain('did you mean "other"?');
    expect((await registry.run(['compare', 'no-such', '--with', 'other'])).code).toBe(1);
  });
});
