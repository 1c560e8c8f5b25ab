import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServerProcess } from '../support/server-process.js';

/** The order in which the API document's commands make sense. */
const COMMANDS = ['create', 'query', 'batchQuery', 'update', 'delete'];

describe('someone with curl and the API document', () => {
  let folder: string;
  let server: ServerProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'appimage-first-steps-'));
    server = await ServerProcess.start(['--init-certs'], { cwd: folder });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** Runs a command of the document as it is, but for the port, which is a free one here, and the answer's status on a line of its own. */
  function run(command: string): { status: number; body: { status: object; data?: unknown } } {
    const script = command
      .replace('https://localhost:8082', server.origin)
      .replace(/^curl/, `curl -sS -w '\\n%{http_code}'`);
    const output = execFileSync('bash', ['-c', script], {
      env: { ...process.env, CTR_CERTS_ROOT: join(folder, 'certs') },
      encoding: 'utf8',
    });
    const [body, status] = output.split(/\n(?=\d+$)/);
    return { status: Number(status), body: JSON.parse(body ?? '') as { status: object } };
  }

  describe.each([
    ['as they are', (command: string) => command],
    ['with the server certificate checked', (command: string) => command.replace('curl -k', 'curl')],
    ['over HTTP/1.1', (command: string) => command.replace('curl -k', 'curl --http1.1')],
  ])('runs its five commands %s', (_, adapt) => {
    it.each(COMMANDS)('%s succeeds as documented', (name) => {
      const { status, body } = run(adapt(readFileSync(`test/fixtures/curl/${name}.sh`, 'utf8')));
      expect(status).toBe(200);
      expect(body.status).toEqual({ code: 0, message: 'success', details: [] });
      const data = [body.data].flat();
      expect(data).toEqual(
        name.toLowerCase().endsWith('query') ? [expect.objectContaining({ name: 'appimage-template' })] : [undefined],
      );
    });
  });

  it('pastes the command that the server prints, and has registered a template', () => {
    const pasted = /^curl .*/ms.exec(server.errorOutput())?.[0] ?? '';
    expect(run(pasted).body.status).toMatchObject({ code: 0 });
  });
});
