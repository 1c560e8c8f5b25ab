import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { vi } from 'vitest';

const START_TIMEOUT_MS = 20_000;

/** A process of `lmdb-child.ts`. */
export class Child {
  readonly lines: string[] = [];
  /** Its exit code, or `null` where a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #process: ChildProcess;
  #errors = '';

  constructor(args: readonly string[], [program, ...before]: readonly string[] = [process.execPath]) {
    const script = join(import.meta.dirname, 'lmdb-child.ts');
    const node = program === process.execPath ? [] : [process.execPath];
    this.#process = spawn(program ?? process.execPath, [...before, ...node, '--import', 'tsx', script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#process;
    if (stdout === null || stderr === null) {
      throw new Error('the pipes of a child process are missing');
    }
    createInterface({ input: stdout }).on('line', (line) => this.lines.push(line));
    stderr.on('data', (data: Buffer) => {
      this.#errors += data.toString();
    });
    this.ended = once(this.#process, 'close').then(([code]: (number | null)[]) => code ?? null);
  }

  async saysAnything(): Promise<void> {
    await this.#waitUntil(() => this.lines.length > 0);
  }

  async says(line: string): Promise<void> {
    await this.#waitUntil(() => this.lines.includes(line));
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }

  async #waitUntil(condition: () => boolean): Promise<void> {
    await vi.waitUntil(
      () => {
        if (!condition() && this.#process.exitCode !== null) {
          throw new Error(`the child process ended early: ${this.#errors}`);
        }
        return condition();
      },
      { timeout: START_TIMEOUT_MS, interval: 5 },
    );
  }
}
