import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliWorkspace, manifest } from '../support/cli-workspace.js';

// Every command is a process of its own, and a busy machine takes its time to start them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

describe('the documents of --output json', () => {
  let workspace: CliWorkspace;

  beforeAll(async () => {
    workspace = await CliWorkspace.start();
    await workspace.write('one.yaml', manifest('one'));
    await workspace.write('two.yaml', manifest('two', { tag: 'latest' }));
    await workspace.write('bad.yaml', manifest('bad').replace('Never', 'Nevr'));
  });
  afterAll(async () => workspace[Symbol.asyncDispose]());

  // In this order, since each works on what those before it have left.
  it.each([
    ['apply', ['apply', '-f', 'one.yaml', 'two.yaml'], 0],
    ['apply', ['apply', '-f', 'one.yaml', '--if-revision', '7'], 5],
    ['error', ['apply', '-f', 'bad.yaml'], 1],
    ['diff', ['diff', '-f', 'one.yaml'], 0],
    ['tag', ['tag', 'one', '1', 'first'], 0],
    ['rollback', ['rollback', 'one', '--to', 'first'], 0],
    ['untag', ['untag', 'one', 'first'], 0],
    ['history', ['history', 'one'], 0],
    ['edit', ['edit', 'one'], 0],
    ['render', ['render', 'one', '--samples'], 0],
    ['lint', ['lint', '-f', 'bad.yaml'], 4],
    ['export', ['export', 'exported'], 0],
    ['delete', ['delete', 'two'], 0],
    ['doctor', ['doctor'], 0],
    ['contexts', ['context', 'list'], 0],
    ['version', ['version'], 0],
    ['error', ['history', 'none'], 1],
  ])('keep to the schema of %s: %j', async (name, args, code) => {
    const schema = JSON.parse(await workspace.data('schema', name)) as object;
    const { exitCode, stdout } = await workspace.run([...args, '-o', 'json'], { env: { EDITOR: 'true' } });
    expect(exitCode).toBe(code);
    const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
    validate(JSON.parse(stdout));
    expect(validate.errors ?? []).toEqual([]);
  });

  it('are all listed', async () => {
    expect(await workspace.data('schema')).toMatch(/^DOCUMENT +SCHEMA +WHAT\napply +appimagectl\/apply\/v1 /);
    const typo = await workspace.run(['schema', 'aply']);
    expect([typo.exitCode, typo.stderr.includes('did you mean "apply"?')]).toEqual([2, true]);
  });
});
