import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runInTerminal } from '../support/cli-process.js';
import { finished, HAS_SCRIPT, RegistryOnDisk } from '../support/registry-on-disk.js';
import { TcpProxy } from '../support/tcp-proxy.js';

// Every command is a process of its own, and a busy machine takes its time to start them.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

interface Event {
  readonly schema: string;
  readonly type: string;
  readonly name: string | null;
  readonly revision: number | null;
  readonly resume_token: string;
  readonly app_image: { readonly name: string } | null;
}

let registry: RegistryOnDisk;
let proxy: TcpProxy;

beforeAll(async () => {
  registry = await RegistryOnDisk.start();
  const [, port = ''] = registry.server.grpcAddress.split(':');
  proxy = await TcpProxy.start({ host: '127.0.0.1', port: Number(port) });
  await registry.done(['apply', '-f', registry.manifests('manifests')]);
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

/** A watch that is running, with what it has told so far. */
class RunningWatch implements AsyncDisposable {
  readonly events: Event[] = [];
  readonly #child: ChildProcess;
  #stderr = '';
  #onLine = (): void => undefined;

  constructor(args: readonly string[]) {
    this.#child = registry.start(['watch', '-o', 'json', ...args], { APPIMAGECTL_SERVER: `localhost:${proxy.port}` });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) {
      throw new Error('no pipes');
    }
    stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr += chunk;
      this.#onLine();
    });
    createInterface({ input: stdout }).on('line', (line) => {
      this.events.push(JSON.parse(line) as Event);
      this.#onLine();
    });
  }

  get stderr(): string {
    return this.#stderr;
  }

  async until(isEnough: (watch: RunningWatch) => boolean): Promise<void> {
    while (!isEnough(this)) {
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

async function change(name: string): Promise<void> {
  const manifest = {
    name,
    image: { name: 'example/app', tag: String(Date.now()) },
    deploy_templates: [{ name: 'app', replicas: 1, containers: [{ name: 'app' }] }],
  };
  const file = join(registry.folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(manifest));
  await registry.done(['apply', '-f', file]);
}

describe('watch', () => {
  it('tells what there is, one JSON object a line, and ends there if it is asked to', async () => {
    const { code, stdout } = await registry.run(['watch', '--until-state', '-o', 'json']);
    expect(code).toBe(0);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    expect(events.map(({ type, name }) => `${type} ${name}`)).toEqual([
      'PUT psi-image',
      'PUT secretflow-image',
      'PUT sf-serving-image',
      'STATE_COMPLETE null',
    ]);
    expect(events[0]).toMatchObject({
      schema: 'appimagectl/event/v1',
      revision: 1,
      app_image: { name: 'psi-image' },
      token_name: 'token',
    });
  });

  it('tells only of the names that begin with a prefix', async () => {
    const { stdout } = await registry.run(['watch', '--until-state', '--prefix', 's', '-o', 'name']);
    expect(stdout).toBe('secretflow-image\nsf-serving-image\n');
  });

  it('writes a table for people', async () => {
    const { stdout } = await registry.run(['watch', '--until-state', '--prefix', 'psi']);
    expect(stdout).toMatch(/^PUT {5}\d{4}-\d\d-\d\dT[\d:.]+Z {2}psi-image +r1 +token\nSTATE_COMPLETE\n$/);
  });

  it.skipIf(!HAS_SCRIPT)('keeps a line to the width of the terminal, in colours', async () => {
    const { exitCode, screen } = await runInTerminal(['watch', '--until-state', '--prefix', 'psi'], {
      cwd: registry.folder,
      env: registry.env,
    });
    expect(exitCode).toBe(0);
    expect(screen).toContain('\u001b[32mPUT');
    const lines = screen.split('\n').map((line) => stripVTControlCharacters(line));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  it('goes on behind a token', async () => {
    const before = await registry.run(['watch', '--until-state', '-o', 'json']);
    const { resume_token: token } = JSON.parse(before.stdout.trim().split('\n').at(-1) ?? '') as Event;
    await change('behind-token');
    await using watch = new RunningWatch(['--resume-token', token]);
    await watch.until(({ events }) => events.length > 0);
    expect(watch.events).toMatchObject([{ type: 'PUT', name: 'behind-token' }]);
  });

  it('misses nothing and doubles nothing where its connection is cut again and again', async () => {
    await using watch = new RunningWatch(['--from-state']);
    await watch.until(({ events }) => events.some(({ type }) => type === 'STATE_COMPLETE'));
    const known = watch.events.length;
    for (let round = 0; round < 3; round += 1) {
      await change(`before-${round}`);
      await proxy.refuse();
      await change(`during-${round}`);
      await proxy.accept();
      await change(`after-${round}`);
    }
    await watch.until(({ events }) => events.some(({ name }) => name === 'after-2'));
    expect(watch.events.slice(known).map(({ type, name }) => `${type} ${name}`)).toEqual(
      [0, 1, 2].flatMap((round) => [`PUT before-${round}`, `PUT during-${round}`, `PUT after-${round}`]),
    );
    expect(watch.stderr).toContain('going on in');
  });

  it('tells of deletes', async () => {
    await change('short-lived');
    await using watch = new RunningWatch(['--checkpoints', '--prefix', 'short']);
    // The first checkpoint says that the watch stands.
    await watch.until(({ events }) => events.length > 0);
    expect((await registry.run(['delete', 'short-lived'])).code).toBe(0);
    await watch.until(({ events }) => events.length > 1);
    expect(watch.events[1]).toMatchObject({ type: 'DELETE', name: 'short-lived', revision: 2, app_image: null });
  });

  it('fails at once where the first connection does not come about, or is refused', async () => {
    expect((await registry.run(['watch', '--server', 'localhost:1'])).code).toBe(6);
    expect((await registry.run(['watch'], { APPIMAGECTL_TOKEN: 'wrong-token-0123456789-abc' })).code).toBe(7);
    const lines = await registry.run(['watch', '--server', 'localhost:1', '-o', 'json']);
    expect(lines.stdout).toMatch(/^\{"schema":"appimagectl\/error\/v1",.*"exit_code":6,.*\}\n$/);
    const child = registry.start(['watch', '--prefix', 'Not A Name']);
    const { code, stderr } = await finished(child);
    expect(code).toBe(1);
    expect(stderr).toContain('no name of a template begins with');
  });
});
