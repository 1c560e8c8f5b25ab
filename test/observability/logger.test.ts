import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { createLogger, ServiceLog } from '../../src/observability/logger.js';

const root = join(import.meta.dirname, '../..');

function logged(
  write: (log: ReturnType<typeof createLogger>) => void,
  level: 'info' | 'debug' = 'info',
): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger(level, { write: (line) => lines.push(line) }));
  return lines.map((line) => JSON.parse(line));
}

describe('a log line', () => {
  it('has the level as a word and the time as RFC 3339', () => {
    const [line] = logged((log) => log.warn({ code: 13105 }, 'request refused'));
    expect(line).toMatchObject({ level: 'warn', code: 13105, msg: 'request refused' });
    expect(line?.['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('has the time at which it was logged, and not that of the line before', () => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 2, 3, 4, 5, 6), toFake: ['Date'] });
    try {
      const lines = logged((log) => {
        log.info('a');
        log.info('b');
        vi.setSystemTime(Date.now() + 1);
        log.info('c');
      });
      expect(lines.map(({ time }) => time)).toEqual([
        '2026-01-02T03:04:05.006Z',
        '2026-01-02T03:04:05.006Z',
        '2026-01-02T03:04:05.007Z',
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is written only from the level on', () => {
    const lines = logged((log) => {
      log.debug('no');
      log.info('yes');
    });
    expect(lines).toHaveLength(1);
  });

  it('never has a secret: in fields, of a child, in a URL of a message or an error', () => {
    const text = JSON.stringify(
      logged((log) => {
        log.info({ token: 'hunter2', headers: { authorization: 'Bearer hunter2' } }, 'a');
        log.child({ token: 'hunter2' }).info('b');
        log.info('cannot reach mongodb://app:hunter2@db/');
        const cause = Object.assign(new Error('connect mongodb://app:hunter2@db'), {
          options: { password: 'hunter2' },
        });
        log.error({ err: new Error('store', { cause }) }, 'c');
        log.error(new Error('mongodb://app:hunter2@db'));
        log.info({ customHeaders: { 'X-Token': 'hunter2', team: 'a' } }, 'mutation');
      }),
    );
    expect(text).not.toContain('hunter2');
    expect(text).toContain('mongodb://app:***@db');
    expect(text).toContain('"team":"a"');
  });

  it('has the causes of an error', () => {
    const [line] = logged((log) => log.error({ err: new Error('a', { cause: new Error('b') }) }, 'failed'));
    expect(line).toMatchObject({ err: { message: 'a', cause: { message: 'b' } } });
  });

  it('stays small, whatever headers a caller sends', () => {
    const customHeaders = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`h${index}`, 'x'.repeat(10_000)]),
    );
    const [line] = logged((log) => log.info({ customHeaders }, 'mutation'));
    expect(JSON.stringify(line).length).toBeLessThan(20_000);
    expect(line?.['customHeaders']).toHaveProperty('h0');
  });
});

/** A process that logs and ends, with this code in its middle. */
function logging(code: string): readonly string[] {
  const source = `import { ServiceLog } from ${JSON.stringify(join(root, 'src/observability/logger.ts'))};\n${code}`;
  return ['--import', 'tsx', '--input-type=module', '--eval', source];
}

describe('the log of a process', () => {
  it('leaves standard output waiting for its reader, as others who have it may count on', async () => {
    // Whoever looks at it makes the descriptor one that does not wait.
    const look = vi.spyOn(process, 'stdout', 'get');
    try {
      await using log = new ServiceLog({ level: 'info', fd: openSync('/dev/null', 'w') });
      log.logger.info('a');
      expect(look).not.toHaveBeenCalled();
    } finally {
      look.mockRestore();
    }
  });

  it('is complete when the log was closed, and takes lines even after that', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      logging(`
        const log = new ServiceLog({ level: 'info' });
        for (let i = 0; i < 20000; i++) log.logger.info({ i }, 'line');
        await log[Symbol.asyncDispose]();
        log.logger.info({ i: 20000 }, 'late');
        process.exit(0);
      `),
      { cwd: root, maxBuffer: 64 * 1024 * 1024 },
    );
    const numbers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).i);
    expect(numbers).toEqual(Array.from({ length: 20_001 }, (_, index) => index));
  });

  it('is complete when the process ends in the turn in which a line was logged', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      logging(`
        const log = new ServiceLog({ level: 'info' });
        log.logger.info('last');
        process.exit(0);
      `),
      { cwd: root },
    );
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('is complete as well when the process ends without closing it, though the last words may come first', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      logging(`
        const log = new ServiceLog({ level: 'info' });
        log.logger.fatal('first');
        log.flushSync();
        log.logger.fatal('second');
        process.exit(3);
      `),
      { cwd: root },
    ).catch((error: { stdout: string }) => error);
    const messages = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).msg);
    expect(new Set(messages)).toEqual(new Set(['first', 'second']));
  });

  it('is closed in the end although nobody reads it', async () => {
    const child = spawn(
      process.execPath,
      logging(`
        const log = new ServiceLog({ level: 'info' });
        for (let i = 0; i < 20000; i++) log.logger.info({ i }, 'line');
        await log[Symbol.asyncDispose]();
        // An orderly exit would wait for the write that the system has begun.
        process.kill(process.pid, 'SIGKILL');
      `),
      { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    // The output is never read, so the pipe is full soon.
    child.stdout.pause();
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGKILL');
  });
});
