import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

/**
 * Runs a process that logs with this code in its middle, before a reader in the language of the shell. A child of Node's own is given a
 * socket; that of a shell is given a pipe.
 */
async function piped(code: string, reader: string): Promise<{ stdout: string; stderr: string }> {
  const source = `
    import { ServiceLog } from ${JSON.stringify(join(root, 'src/observability/logger.ts'))};
    import { setTimeout as delay } from 'node:timers/promises';
    const log = new ServiceLog({ level: 'info' });
    ${code}`;
  return await promisify(execFile)(
    'sh',
    ['-c', `"$0" --import tsx --input-type=module --eval "$1" | ${reader}`, process.execPath, source],
    { cwd: root, maxBuffer: 64 * 1024 * 1024 },
  );
}

function numbersOf(stdout: string): unknown[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).i);
}

describe('the log of a process that writes into a pipe', () => {
  it.each([
    ['all letters are ASCII', 'x'.repeat(50)],
    ['some are not', 'é😀'.repeat(20)],
  ])('is complete and in order, though the reader is slow and %s', async (_, text) => {
    const { stdout, stderr } = await piped(
      `
      let longestMs = 0;
      for (let i = 0; i < 6000; i++) {
        const startedAtMs = performance.now();
        log.logger.info({ i, text: ${JSON.stringify(text)} }, 'line');
        if (i % 60 === 0) await delay(10);
        longestMs = Math.max(longestMs, performance.now() - startedAtMs);
      }
      process.stderr.write(String(longestMs));
      await log[Symbol.asyncDispose]();
      process.exit(0);`,
      `(read -r first; printf '%s\\n' "$first"; sleep 0.6; cat)`,
    );
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      Array.from(lines, (_line, i) => expect.objectContaining({ i, text, msg: 'line' })),
    );
    expect(lines).toHaveLength(6000);
    // Nothing waited for the reader.
    expect(Number(stderr)).toBeLessThan(500);
  });

  it('is complete when the process ends in the turn in which a line was logged', async () => {
    const { stdout } = await piped(`log.logger.info({ i: 0 }, 'last'); process.exit(0);`, 'cat');
    expect(numbersOf(stdout)).toEqual([0]);
  });

  it('does not keep the process from going on when the reader has gone away', async () => {
    const { stdout, stderr } = await piped(
      `
      for (let i = 0; i < 600; i++) {
        log.logger.info({ i }, 'line');
        if (i % 60 === 0) await delay(10);
      }
      await log[Symbol.asyncDispose]();
      process.stderr.write('went on');
      process.exit(0);`,
      'head -n 1',
    );
    expect(numbersOf(stdout)).toEqual([0]);
    expect(stderr).toBe('went on');
  });
});
