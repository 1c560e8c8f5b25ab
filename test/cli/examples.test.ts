import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { tokenDigest } from '../../src/auth/token-files.js';
import { APPIMAGECTL, type Finished, finished, RegistryOnDisk } from '../support/registry-on-disk.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';

// Every command is a process of its own, and a busy machine takes its time to start them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const EXAMPLES = resolve(import.meta.dirname, '../../examples');
const TOKENS = { viewer: 'viewer-token-for-tests-0123456789', editor: 'editor-token-for-tests-0123456789' };

let registry: RegistryOnDisk;

beforeAll(async () => {
  const certificates = await TemporaryCertificates.create();
  const tokens = join(certificates.directory, 'tokens.yaml');
  const entries = Object.entries({ ...TOKENS, admin: certificates.token }).map(([role, token]) => ({
    name: role,
    sha256: tokenDigest(token),
    role,
  }));
  writeFileSync(tokens, JSON.stringify(entries));
  registry = await RegistryOnDisk.start([`--tokens-file=${tokens}`], certificates);
  const bin = join(registry.folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'appimagectl'), `#!/bin/sh\nexec ${process.execPath} ${APPIMAGECTL} "$@"\n`);
  // The package is not published: what the pipelines install is what has been built.
  writeFileSync(join(bin, 'npm'), '#!/bin/sh\n[ "$*" = "install --global the-package" ]\n');
  for (const program of ['appimagectl', 'npm']) {
    chmodSync(join(bin, program), 0o755);
  }
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

/** A working copy of a repository that holds the example's templates. */
function checkOut(name: string): string {
  const folder = join(registry.folder, name);
  cpSync(join(EXAMPLES, 'templates'), join(folder, 'templates'), { recursive: true });
  return folder;
}

/** What a user has put into the settings of the pipeline, which the expressions of the examples name. */
function settings(): Record<string, string> {
  const { certificates, server } = registry;
  return {
    APPIMAGECTL_PACKAGE: 'the-package',
    APPIMAGECTL_SERVER: server.grpcAddress,
    APPIMAGE_CA: certificates.ca,
    APPIMAGE_CLIENT_CERT: certificates.client.certificate,
    APPIMAGE_CLIENT_KEY: certificates.client.key,
    APPIMAGE_VIEWER_TOKEN: TOKENS.viewer,
    APPIMAGE_EDITOR_TOKEN: TOKENS.editor,
  };
}

async function inShell(script: string, cwd: string, env: Record<string, string>): Promise<Finished> {
  const path = `${join(registry.folder, 'bin')}:${process.env['PATH'] ?? ''}`;
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd,
    env: { HOME: registry.folder, PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return finished(child);
}

interface Workflow {
  readonly env: Record<string, string>;
  readonly jobs: Record<string, { readonly steps: readonly Step[] }>;
}
interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Record<string, string>;
}

/** Runs the steps of a job as GitHub does, up to the first that fails. The actions that it uses are left out: the files are there. */
async function runGitHubJob(job: string, cwd: string): Promise<{ code: number | null; output: string }> {
  const workflow = parse(readFileSync(join(EXAMPLES, 'github-actions.yml'), 'utf8')) as Workflow;
  let output = '';
  for (const step of workflow.jobs[job]?.steps ?? []) {
    if (step.run !== undefined) {
      const env = Object.fromEntries(
        Object.entries({ ...workflow.env, ...step.env }).map(([name, value]) => [name, evaluate(value, cwd)]),
      );
      const given = { GITHUB_STEP_SUMMARY: join(cwd, 'summary.md'), GITHUB_REPOSITORY: 'o/r', GITHUB_SHA: 'c0ffee' };
      const { code, stdout, stderr } = await inShell(step.run, cwd, { ...given, GITHUB_ACTOR: 'alice', ...env });
      output += stdout + stderr;
      if (code !== 0) {
        return { code, output };
      }
    }
  }
  return { code: 0, output };
}

function evaluate(value: string, cwd: string): string {
  return value
    .replaceAll(/\$\{\{ (?:vars|secrets)\.(\w+) \}\}/g, (_, name: string) => settings()[name] ?? '')
    .replace('/tmp/appimagectl', join(cwd, 'secret'));
}

interface GitLabJob {
  readonly variables?: Record<string, string>;
  readonly before_script?: readonly string[];
  readonly script?: readonly string[];
  readonly allow_failure?: { readonly exit_codes: readonly number[] };
}

/** Runs a job as GitLab does: all lines in one shell. */
async function runGitLabJob(job: string, cwd: string): Promise<{ code: number | null; output: string }> {
  const jobs = parse(readFileSync(join(EXAMPLES, 'gitlab-ci.yml'), 'utf8')) as Record<string, GitLabJob>;
  const { variables = {}, before_script: before = [] } = jobs['.appimagectl'] ?? {};
  const { script = [], allow_failure: allowed } = jobs[job] ?? {};
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, evaluate(value, cwd)]));
  const given = { CI_PROJECT_PATH: 'g/p', CI_COMMIT_SHA: 'c0ffee', GITLAB_USER_LOGIN: 'alice' };
  const lines = [...before, ...script].join('\n');
  const { code, stdout, stderr } = await inShell(lines, cwd, { ...settings(), ...given, ...env });
  const isPassing = code === 0 || (code !== null && allowed?.exit_codes.includes(code) === true);
  return { code: isPassing ? 0 : code, output: stdout + stderr };
}

describe.each([
  {
    pipeline: 'github-actions.yml',
    check: (cwd: string) => [() => runGitHubJob('check', cwd)],
    apply: (cwd: string) => runGitHubJob('apply', cwd),
  },
  {
    pipeline: 'gitlab-ci.yml',
    check: (cwd: string) => [() => runGitLabJob('lint', cwd), () => runGitLabJob('diff', cwd)],
    apply: (cwd: string) => runGitLabJob('apply', cwd),
  },
])('examples/$pipeline', ({ pipeline, check, apply }) => {
  async function checked(cwd: string): Promise<string> {
    let output = '';
    for (const job of check(cwd)) {
      const result = await job();
      expect(`${result.code} ${result.code === 0 ? '' : result.output}`).toBe('0 ');
      output += result.output;
    }
    return output;
  }

  it('shows a new template in the merge request, and stores it only on main', async () => {
    const cwd = checkOut(`${pipeline}-new`);
    expect(await checked(cwd)).toContain('hello-nginx');
    expect(readFileSync(join(cwd, 'changes.txt'), 'utf8')).toContain('hello-nginx');
    expect((await registry.run(['get', 'hello-nginx'])).code).toBe(1);
    const applied = await apply(cwd);
    expect(applied).toMatchObject({ code: 0 });
    expect(await registry.done(['history', 'hello-nginx'])).toContain('c0ffee by alice');
    expect(readdirSync(join(cwd, 'secret')).sort()).toEqual(['ca.crt', 'client.crt', 'client.key']);
  });

  it('passes where nothing changes, and applies again without a new revision', async () => {
    const cwd = checkOut(`${pipeline}-same`);
    await registry.done(['import', join(cwd, 'templates')]);
    const before = await registry.done(['history', 'hello-nginx', '-o', 'json']);
    await checked(cwd);
    expect(await apply(cwd)).toMatchObject({ code: 0 });
    expect(await registry.done(['history', 'hello-nginx', '-o', 'json'])).toBe(before);
    await registry.done(['delete', 'hello-nginx']);
  });

  it('fails a merge request whose template would be refused', async () => {
    const cwd = checkOut(`${pipeline}-wrong`);
    const file = join(cwd, 'templates/hello-nginx.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('protocol: HTTP', 'protocol: HTTPP'));
    const [first] = check(cwd);
    const result = await first?.();
    expect(result?.code).toBe(4);
  });
});

describe('the settings of the examples', () => {
  it('are all explained in the README, which explains no other', () => {
    const explained = [...readFileSync(join(EXAMPLES, 'README.md'), 'utf8').matchAll(/^\| `([A-Z_]+)` \|/gm)];
    expect(new Set(explained.map(([, name]) => name))).toEqual(new Set(Object.keys(settings())));
    for (const file of ['github-actions.yml', 'gitlab-ci.yml']) {
      const text = readFileSync(join(EXAMPLES, file), 'utf8');
      const needed = Object.keys(settings()).filter((name) => name !== 'APPIMAGECTL_SERVER');
      expect(needed.filter((name) => !text.includes(name))).toEqual([]);
    }
  });
});
