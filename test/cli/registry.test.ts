import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliWorkspace, manifest } from '../support/cli-workspace.js';

// Every command is a process of its own, and a busy machine takes its time to start them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let workspace: CliWorkspace;

beforeAll(async () => {
  workspace = await CliWorkspace.start();
});
afterAll(async () => workspace[Symbol.asyncDispose]());

describe('appimagectl apply', () => {
  it('creates, leaves alone, and updates, and says which', async () => {
    await workspace.write('apply/one.yaml', manifest('one'));
    await workspace.write('apply/two.yaml', `${manifest('two')}---\n${manifest('three')}`);
    expect(await workspace.data('apply', '-f', 'apply', '--message', 'begin')).toBe(
      'appimage/one created (revision 1)\nappimage/two created (revision 1)\nappimage/three created (revision 1)\n',
    );
    await workspace.write('apply/one.yaml', manifest('one', { tag: '2.0' }));
    const before = await workspace.data('apply', '-f', 'apply/one.yaml', '--dry-run');
    expect(before).toBe('appimage/one updated (revision 2, image) (dry run)\n');
    expect(await workspace.data('apply', '-f', 'apply')).toBe(
      'appimage/one updated (revision 2, image)\nappimage/two unchanged (revision 1)\nappimage/three unchanged (revision 1)\n',
    );
    const history = JSON.parse(await workspace.data('history', 'one', '-o', 'json')) as { revisions: object[] };
    expect(history).toMatchObject({
      schema: 'appimagectl/history/v1',
      revisions: [
        { revision: 2, message: '', method: 'Apply' },
        { revision: 1, message: 'begin', token_name: 'token', certificate_subject: 'CN=client,O=example' },
      ],
    });
  });

  it('writes JSON in the form that is documented', async () => {
    const { exitCode, stdout } = await workspace.run(['apply', '-f', '-', '-o', 'json'], { input: manifest('json') });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'appimagectl/apply/v1',
      dry_run: false,
      results: [{ name: 'json', outcome: 'created', revision: 1, file: '(standard input)', line: 1, error: null }],
      pruned: [],
    });
  });

  it('applies nothing where one of the files has a fault, and shows its line', async () => {
    await workspace.write('faulty/a.yaml', manifest('fine'));
    await workspace.write('faulty/b.yaml', manifest('faulty').replace('restartPolicy: Never', 'restartPolicy: Nevr'));
    const { exitCode, stdout, stderr } = await workspace.run(['apply', '-f', 'faulty']);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^faulty\/b\.yaml:26:24: error: .*\n +26 \| +restartPolicy: Nevr\n +\| +\^\^\^\^\n/m);
    expect((await workspace.run(['get', 'fine'])).exitCode).toBe(1);
  });

  it('ends with 5 where the template is not at the revision that was expected', async () => {
    await workspace.write('conflict.yaml', manifest('conflict'));
    expect((await workspace.run(['apply', '-f', 'conflict.yaml', '--if-revision', '3'])).exitCode).toBe(5);
    expect((await workspace.run(['apply', '-f', 'conflict.yaml', '--if-revision', '0'])).exitCode).toBe(0);
    const again = await workspace.run(['apply', '-f', 'conflict.yaml', '--if-revision', '0', '-o', 'json']);
    expect(again.exitCode).toBe(5);
    expect(JSON.parse(again.stdout)).toMatchObject({ results: [{ outcome: 'failed', error: { code: 13150 } }] });
  });

  it('ends with 4 where the linter warns and --fail-on-warnings is given', async () => {
    const doubtful = manifest('doubtful').replace('subPath: app.conf', 'subPath: gone.conf');
    const refused = await workspace.run(['apply', '-f', '-', '--fail-on-warnings'], { input: doubtful });
    expect([refused.exitCode, refused.stderr.includes('[missing-config-template]')]).toEqual([4, true]);
    expect((await workspace.run(['apply', '-f', '-'], { input: doubtful })).exitCode).toBe(0);
  });

  it('prunes what has the labels and is in no file, only when that is confirmed', async () => {
    const labels = { team: 'prune' };
    await workspace.write('prune/kept.yaml', manifest('kept', { labels }));
    await workspace.run(['apply', '-f', '-'], { input: manifest('stale', { labels }) });
    const prune = ['apply', '-f', 'prune', '--prune', '-l', 'team=prune'];

    const unasked = await workspace.run(prune);
    expect([unasked.exitCode, unasked.stderr.includes('--yes')]).toEqual([2, true]);
    const declined = await workspace.type(prune, { answers: [['[y/N]', 'n\n']] });
    expect(declined.exitCode).toBe(1);
    expect(declined.screen).toContain('appimage/stale');
    expect(await workspace.data('get', '-l', 'team=prune', '-o', 'name')).toBe('appimage/stale\n');

    const confirmed = await workspace.type(prune, { answers: [['[y/N]', 'y\n']] });
    expect(confirmed.exitCode).toBe(0);
    expect(confirmed.screen).toContain('appimage/stale pruned');
    expect(await workspace.data('get', '-l', 'team=prune', '-o', 'name')).toBe('appimage/kept\n');
    expect(await workspace.data(...prune, '--yes')).toBe('appimage/kept unchanged (revision 1)\n');
  });

  it('applies more templates than one request takes, with a bar on a terminal', async () => {
    const names = Array.from({ length: 601 }, (_, index) => `many-${String(index).padStart(4, '0')}`);
    await workspace.write('many.yaml', names.map((name) => manifest(name)).join('---\n'));
    const terminal = await workspace.type(['apply', '-f', 'many.yaml', '-o', 'name']);
    expect(terminal.exitCode).toBe(0);
    expect(terminal.screen).toContain('[##############################] 601/601');
    const piped = await workspace.run(['apply', '-f', 'many.yaml']);
    expect(piped.stdout.match(/ unchanged /g)).toHaveLength(601);
    expect(piped.stderr).toBe('');
    expect((await workspace.data('get', '--all', '--prefix', 'many-', '-o', 'name')).trim().split('\n')).toHaveLength(
      601,
    );
    expect((await workspace.run(['get', '-o', 'name'])).stderr).toContain('--all');
  });
});

describe('appimagectl get', () => {
  it('gives a manifest that apply reads back without a change', async () => {
    await workspace.run(['apply', '-f', '-'], { input: manifest('round', { labels: { a: 'b' } }) });
    for (const format of ['manifest', 'json', 'yaml']) {
      const text = await workspace.data('get', 'round', '-o', format);
      const { stdout } = await workspace.run(['apply', '-f', '-'], { input: text });
      expect(stdout).toBe('appimage/round unchanged (revision 1)\n');
    }
    expect(JSON.parse(await workspace.data('get', 'round', '-o', 'json'))).toMatchObject({
      name: 'round',
      image: { name: 'registry.example.com/app', tag: '1.0' },
      deploy_templates: [{ restart_policy: 'Never' }],
    });
  });

  it('guesses the name that was meant', async () => {
    await workspace.run(['apply', '-f', '-'], { input: manifest('secretflow') });
    const { exitCode, stderr } = await workspace.run(['get', 'secretflw']);
    expect([exitCode, stderr.includes('did you mean "secretflow"?')]).toEqual([1, true]);
  });

  it('fits its table to the terminal', async () => {
    const { screen } = await workspace.type(['get', '--prefix', 'round', '-o', 'wide']);
    expect(screen).toContain('REVISION');
    for (const line of screen.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(100);
    }
  });
});

describe('appimagectl diff', () => {
  beforeAll(async () => {
    await workspace.run(['apply', '-f', '-'], { input: manifest('compared') });
  });

  it('ends with 0 where nothing would change, and with 3 where something would', async () => {
    await workspace.write('compared.yaml', manifest('compared'));
    const same = await workspace.run(['diff', '-f', 'compared.yaml']);
    expect([same.exitCode, same.stdout]).toEqual([0, '']);
    await workspace.write(
      'compared.yaml',
      manifest('compared', { tag: '2.0' }).replace('{{.TASK_ID}}', '{{.SERVING_ID}}'),
    );
    const other = await workspace.run(['diff', '-f', 'compared.yaml']);
    expect(other.exitCode).toBe(3);
    expect(other.stdout).toContain('appimage/compared would be updated (image)');
    expect(other.stdout).toContain('~ image.tag: "1.0" -> "2.0" [image]');
    expect(other.stdout).toContain('-   "id": "{{.TASK_ID}}"\n      +   "id": "{{.SERVING_ID}}"');
  });

  it('points at the lines of the file for GitHub', async () => {
    await workspace.write('compared.yaml', manifest('compared', { tag: '2.0' }));
    const { exitCode, stdout } = await workspace.run(['diff', '-f', 'compared.yaml', '--format', 'github']);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(
      /^::notice file=compared\.yaml,line=29,col=10,.*title=compared%3A diff-image::image\.tag: changed/,
    );
  });

  it('colours what is added and removed on a terminal', async () => {
    const { exitCode, screen } = await workspace.type(['diff', '-f', 'compared.yaml']);
    expect(exitCode).toBe(3);
    expect(screen).toContain('\u001b[31m"1.0"\u001b[39m -> \u001b[32m"2.0"\u001b[39m');
  });

  it('compares revisions by number and tag', async () => {
    await workspace.data('tag', 'compared', '1', 'first');
    await workspace.data('apply', '-f', 'compared.yaml');
    const { exitCode, stdout } = await workspace.run(['diff', 'compared', '--from', 'first', '-o', 'json']);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'appimagectl/diff/v1',
      changed: 1,
      templates: [
        { name: 'compared', class: 'image', entries: [{ path: 'image.tag', old_value: '1.0', new_value: '2.0' }] },
      ],
    });
  });
});

describe('the history of a template', () => {
  it('goes back, comes back after a delete, and bears tags', async () => {
    for (const tag of ['1.0', '2.0']) {
      await workspace.run(['apply', '-f', '-'], { input: manifest('undone', { tag }) });
    }
    expect(await workspace.data('tag', 'undone', '1', 'prod')).toBe('appimage/undone tag prod points at revision 1\n');
    expect((await workspace.run(['tag', 'undone', '2', 'prod', '--if-revision', '2'])).exitCode).toBe(5);
    expect(await workspace.data('rollback', 'undone', '--to', 'prod', '--message', 'worse')).toBe(
      'appimage/undone rolled back to prod (revision 3)\n',
    );
    expect(await workspace.data('delete', 'undone')).toBe('appimage/undone deleted\n');
    expect((await workspace.run(['delete', 'undone'])).exitCode).toBe(1);
    expect((await workspace.run(['delete', 'undone', '--ignore-not-found'])).exitCode).toBe(0);
    await workspace.data('rollback', 'undone', '--to', '2');
    expect(JSON.parse(await workspace.data('get', 'undone', '-o', 'json'))).toMatchObject({ image: { tag: '2.0' } });
    expect(await workspace.data('get', 'undone', '--revision', 'prod', '-o', 'manifest')).toContain('tag: "1.0"');
    await workspace.data('untag', 'undone', 'prod');
    const gone = await workspace.run(['get', 'undone', '--revision', 'prod']);
    expect([gone.exitCode, gone.stderr.includes('appimagectl history undone')]).toEqual([1, true]);
  });
});

describe('appimagectl render', () => {
  it('renders the same from the registry as from the file', async () => {
    await workspace.write('rendered.yaml', manifest('rendered'));
    await workspace.data('apply', '-f', 'rendered.yaml');
    const options = ['--var', 'task_id=job-1'];
    const remote = await workspace.data('render', ...options, 'rendered');
    expect(remote).toBe('{\n  "id": "job-1"\n}\n');
    expect(await workspace.data('render', '-f', 'rendered.yaml', ...options)).toBe(remote);
  });

  it('warns of variables without a value, and fails where that is asked for', async () => {
    const { exitCode, stderr } = await workspace.run(['render', 'rendered']);
    expect([exitCode, stderr.includes('no value for TASK_ID')]).toEqual([0, true]);
    expect((await workspace.run(['render', 'rendered', '--fail-on-missing'])).exitCode).toBe(1);
    expect((await workspace.run(['render', 'rendered', '--fail-on-missing', '--samples'])).exitCode).toBe(0);
  });
});

describe('appimagectl edit', () => {
  const editWith = (script: string): Record<string, string> => ({ EDITOR: `sed -i ${script}` });

  beforeAll(async () => {
    await workspace.run(['apply', '-f', '-'], { input: manifest('edited') });
  });

  it('applies what is saved, and nothing where nothing was changed', async () => {
    const edited = await workspace.run(['edit', 'edited', '--message', 'by hand'], { env: editWith("'s/1\\.0/1.1/'") });
    expect(edited).toMatchObject({ exitCode: 0, stdout: 'appimage/edited edited (revision 2)\n' });
    const same = await workspace.run(['edit', 'edited'], { env: { EDITOR: 'true' } });
    expect(same).toMatchObject({ exitCode: 0, stderr: 'Edit cancelled, no changes made.\n' });
  });

  it('does not overwrite what someone else has changed meanwhile, and keeps the text', async () => {
    await workspace.write('other.yaml', manifest('edited', { tag: '3.0' }));
    const main = join(import.meta.dirname, '../../dist/src/cli/main.js');
    const editor = await workspace.write(
      'editor.sh',
      `#!/bin/sh\nsed -i 's/1\\.1/2.0/' "$1"\n${process.execPath} ${main} apply -f other.yaml >/dev/null\n`,
    );
    const { exitCode, stderr } = await workspace.run(['edit', 'edited'], { env: { EDITOR: `sh ${editor}` } });
    expect(exitCode).toBe(5);
    const [, path = ''] = /your text is in (\S+);/.exec(stderr) ?? [];
    expect(await readFile(path, 'utf8')).toContain('tag: "2.0"');
    expect(JSON.parse(await workspace.data('get', 'edited', '-o', 'json'))).toMatchObject({ image: { tag: '3.0' } });
  });
});

describe('a connection that fails', () => {
  it.each([
    ['nothing listens', { APPIMAGECTL_SERVER: 'localhost:1' }, 6, 'nothing listens there'],
    ['the name is wrong', { APPIMAGECTL_SERVER: 'no-such-host.invalid:1' }, 6, 'the name cannot be resolved'],
    ['the token is wrong', { APPIMAGECTL_TOKEN: 'wrong-token-0123456789' }, 7, 'the token is none of those'],
    ['a file is missing', { APPIMAGECTL_CA: 'none.crt' }, 2, 'it is named by APPIMAGECTL_CA'],
    ['the address is none', { APPIMAGECTL_SERVER: 'https://localhost' }, 2, 'is no address of a server'],
  ])('says so where %s', async (_, env, code, words) => {
    const { exitCode, stdout, stderr } = await workspace.run(['get'], { env });
    expect([exitCode, stdout]).toEqual([code, '']);
    expect(stderr).toContain(words);
    expect(stderr).not.toContain(workspace.certificates.token);
    expect(stderr).not.toContain('wrong-token');
  });

  it('is a document where documents are asked for', async () => {
    const env = { APPIMAGECTL_SERVER: 'localhost:1' };
    const { exitCode, stdout } = await workspace.run(['get', '-o', 'json'], { env });
    expect(exitCode).toBe(6);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'appimagectl/error/v1',
      error: { exit_code: 6, reason: 'cannot_connect', code: null, violations: [] },
    });
  });

  it('is refused for a certificate of another CA', async () => {
    const { exitCode, stderr } = await workspace.run(['get'], {
      env: {
        APPIMAGECTL_CERT: (await workspace.certificates.otherCa()).certificateFile,
        APPIMAGECTL_KEY: workspace.certificates.pair('other-ca').keyFile,
      },
    });
    expect([exitCode, stderr.includes('refused the caller')]).toEqual([7, true]);
  });
});

describe('appimagectl context', () => {
  it('keeps connections, of which a flag or the file chooses one', async () => {
    const { server, certificates } = workspace;
    const env = {
      APPIMAGECTL_SERVER: '',
      APPIMAGECTL_CA: '',
      APPIMAGECTL_CERT: '',
      APPIMAGECTL_KEY: '',
      APPIMAGECTL_TOKEN_FILE: '',
    };
    const flags = [
      '--ca',
      certificates.caFile,
      '--cert',
      certificates.client.certificateFile,
      '--key',
      certificates.client.keyFile,
    ];
    const add = await workspace.run(
      ['context', 'add', 'here', '--server', server.grpcAddress, ...flags, '--token-file', certificates.tokenFile],
      { env },
    );
    expect(add.exitCode).toBe(0);
    await workspace.run(['context', 'add', 'gone', '--server', 'localhost:1', '--use'], { env });
    expect((await workspace.run(['get', '-o', 'name'], { env })).exitCode).toBe(6);
    expect((await workspace.run(['get', '-o', 'name', '--context', 'here'], { env })).exitCode).toBe(0);
    await workspace.run(['context', 'use', 'here'], { env });
    expect((await workspace.run(['get', '-o', 'name'], { env })).exitCode).toBe(0);
    const listed = await workspace.run(['context', 'list', '-o', 'json'], { env });
    expect(JSON.parse(listed.stdout)).toMatchObject({
      current: 'here',
      contexts: [{ name: 'here' }, { name: 'gone' }],
    });
    const file = join(workspace.directory, '.config/appimagectl/config.yaml');
    expect(await readFile(file, 'utf8')).not.toContain(certificates.token);
    const typo = await workspace.run(['get', '--context', 'heer'], { env });
    expect([typo.exitCode, typo.stderr.includes('did you mean "here"?')]).toEqual([2, true]);
    await writeFile(file, 'contexts: {here: {sever: a}}');
    const broken = await workspace.run(['get'], { env });
    expect([broken.exitCode, broken.stderr.includes('did you mean "server"?')]).toEqual([2, true]);
  });
});
