import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliWorkspace, manifest } from '../support/cli-workspace.js';

// Every command is a process of its own, and a busy machine takes its time to start them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const BROKEN = manifest('broken')
  .replace('restartPolicy: Never', 'restartPolicy: Sometimes')
  .replace('            ports:', '            envs: []\n            ports:')
  .replace('subPath: app.conf', 'subPath: gone.conf');

describe('appimagectl lint', () => {
  let workspace: CliWorkspace;

  beforeAll(async () => {
    workspace = await CliWorkspace.start({ offline: true });
    await workspace.write('good.yaml', manifest('good'));
    await workspace.write('bad/broken.yaml', BROKEN);
    await workspace.write('warned.yaml', manifest('warned').replace('subPath: app.conf', 'subPath: gone.conf'));
  });
  afterAll(async () => workspace[Symbol.asyncDispose]());

  it('needs no server, and ends with 0 where nothing is wrong', async () => {
    const { exitCode, stdout, stderr } = await workspace.run(['lint', '-f', 'good.yaml']);
    expect([exitCode, stdout, stderr]).toEqual([0, '', '1 template checked: nothing found\n']);
  });

  it('shows each fault with its place, the line and a caret, and ends with 4', async () => {
    const { exitCode, stdout } = await workspace.run(['lint', '-f', 'bad']);
    expect(exitCode).toBe(4);
    const lines = stdout.split('\n');
    const at = lines.findIndex((line) => line.startsWith('bad/broken.yaml:27:24: error:'));
    expect(lines[at]).toContain('[invalid-restart-policy]');
    expect(lines[at + 1]).toContain('        restartPolicy: Sometimes');
    expect(lines[at + 2]?.indexOf('^')).toBe(lines[at + 1]?.indexOf('Sometimes'));
    expect(lines[at + 2]?.match(/\^+/)?.[0]).toHaveLength('Sometimes'.length);
    expect(stdout).toContain('envs: is no field that a template can hold [unknown-field]');
    expect(stdout).toContain('did you mean "env"?');
    expect(stdout).not.toContain('\u001b');
  });

  it.each([
    ['strict', 'error'],
    ['warn', 'warning'],
    ['ignore', undefined],
  ])('takes fields that it does not know as --validate=%s says', async (level, severity) => {
    const { stdout } = await workspace.run(['lint', '-f', 'bad', `--validate=${level}`, '-o', 'json']);
    const { findings } = JSON.parse(stdout) as { findings: { rule: string; severity: string }[] };
    expect(findings.find(({ rule }) => rule === 'unknown-field')?.severity).toBe(severity);
  });

  it('fails for warnings only where it is told to', async () => {
    expect((await workspace.run(['lint', '-f', 'warned.yaml'])).exitCode).toBe(0);
    expect((await workspace.run(['lint', '-f', 'warned.yaml', '--fail-on', 'warning'])).exitCode).toBe(4);
    const args = [
      'lint',
      '-f',
      'warned.yaml',
      '--fail-on',
      'info',
      '--ignore',
      'missing-config-template',
      'unused-config-template',
    ];
    expect((await workspace.run(args)).exitCode).toBe(0);
  });

  it('writes JSON in the form that is documented', async () => {
    const { stdout } = await workspace.run(['lint', '-f', 'bad', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'appimagectl/lint/v1',
      files: 1,
      templates: 1,
      counts: { error: 2, warning: 2, info: 0 },
      findings: expect.arrayContaining([
        {
          file: 'bad/broken.yaml',
          line: 27,
          column: 24,
          end_column: 33,
          template: 'broken',
          field: 'deploy_templates[0].restart_policy',
          rule: 'invalid-restart-policy',
          severity: 'error',
          message: expect.any(String) as string,
          suggestion: expect.any(String) as string,
        },
      ]) as unknown[],
    });
  });

  it('annotates the lines of a pull request for GitHub', async () => {
    const { stdout } = await workspace.run(['lint', '-f', 'bad', '--format', 'github']);
    expect(stdout).toContain(
      '::error file=bad/broken.yaml,line=27,col=24,endColumn=33,title=broken%3A invalid-restart-policy::',
    );
    expect(stdout.trim().split('\n')).toHaveLength(4);
  });

  it('writes SARIF whose results name their rules and places', async () => {
    const { stdout } = await workspace.run(['lint', '-f', 'bad', '--format', 'sarif']);
    const { version, runs } = JSON.parse(stdout) as {
      version: string;
      runs: {
        tool: { driver: { rules: { id: string }[] } };
        results: {
          ruleId: string;
          ruleIndex: number;
          locations: { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }[];
        }[];
      }[];
    };
    expect(version).toBe('2.1.0');
    const [run] = runs;
    expect(run?.results).toHaveLength(4);
    for (const { ruleId, ruleIndex } of run?.results ?? []) {
      expect(run?.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
    }
    const place = run?.results.find(({ ruleId }) => ruleId === 'invalid-restart-policy')?.locations[0]
      ?.physicalLocation;
    expect(place).toMatchObject({ artifactLocation: { uri: 'bad/broken.yaml' }, region: { startLine: 27 } });
  });

  it('writes JUnit with one case for each template', async () => {
    const { stdout } = await workspace.run(['lint', '-f', 'good.yaml', 'bad', '--format', 'junit']);
    expect(stdout).toContain('<testsuites name="appimagectl lint" tests="2" failures="1" errors="0">');
    expect(stdout).toContain('<testcase name="good" classname="good.yaml"');
    expect(stdout).toMatch(/<failure type="[a-z-]+" message="[^"]+">[^<]*bad\/broken\.yaml:27:24/);
  });

  it('reads standard input, globs, folders below folders, and no file twice', async () => {
    const piped = await workspace.run(['lint', '-f', '-'], { input: BROKEN });
    expect([piped.exitCode, piped.stdout.includes('(standard input):27:24')]).toEqual([4, true]);
    const all = await workspace.run(['lint', '-f', '**/*.yaml', 'good.yaml', '-o', 'json']);
    expect(JSON.parse(all.stdout)).toMatchObject({ files: 3 });
    const below = await workspace.run(['lint', '-R', '-f', '.', '-o', 'json']);
    expect(JSON.parse(below.stdout)).toMatchObject({ files: 3 });
  });

  it('tells of a name that two files have', async () => {
    const { exitCode, stdout } = await workspace.run(['lint', '-f', '-', 'good.yaml'], { input: manifest('good') });
    expect(exitCode).toBe(4);
    expect(stdout).toContain('the template "good" is in (standard input):4 already [repeated-template]');
  });

  it('has colours on a terminal, and none where NO_COLOR is set', async () => {
    const coloured = await workspace.type(['lint', '-f', 'bad']);
    expect([coloured.exitCode, coloured.screen.includes('\u001b[31merror:\u001b[39m')]).toEqual([4, true]);
    const plain = await workspace.type(['lint', '-f', 'bad'], { env: { NO_COLOR: '1' } });
    expect([plain.exitCode, plain.screen.includes('\u001b')]).toEqual([4, false]);
  });

  it.each([
    [['lint'], 'no file is given'],
    [['lint', '-f', 'none.yaml'], 'there is no file or folder none.yaml'],
    [['lint', '-f', 'none/*.yaml'], 'no file matches none/*.yaml'],
    [['lint', '-f', 'good.yaml', '--ignore', 'unknown-variabel'], 'did you mean "unknown-variable"?'],
    [['lint', '-f', 'good.yaml', '--fali-on', 'info'], 'Did you mean --fail-on?'],
    [['lnit', '-f', 'good.yaml'], 'Did you mean lint?'],
    [['lint', '-f', 'good.yaml', '--format', 'xml'], 'Allowed choices are github, sarif, junit'],
  ])('is used wrongly as %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await workspace.run(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
