import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const MAIN = resolve(import.meta.dirname, '../../dist/src/cli/main.js');

/** How a command line ended. */
export interface CliResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

/** Runs the built command line with its streams in pipes, as a pipeline does. Nothing of the caller's environment reaches it. */
export async function runCli(args: readonly string[], { cwd, env, input = '' }: CliOptions): Promise<CliResult> {
  expectBuilt();
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: environment(cwd, env) });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout, stderr };
}

/** What stood on a terminal, and how the command line ended. */
export interface TerminalResult {
  readonly exitCode: number | null;
  readonly screen: string;
}

/**
 * Runs the built command line in a pseudo-terminal of 100 columns, made by util-linux' `script`.
 * @param answers what is typed, each as soon as the screen shows the text before it
 */
export async function runInTerminal(
  args: readonly string[],
  {
    cwd,
    env,
    answers = [],
  }: Omit<CliOptions, 'input'> & { readonly answers?: readonly (readonly [shown: string, typed: string])[] },
): Promise<TerminalResult> {
  expectBuilt();
  const line = [process.execPath, MAIN, ...args].map(quote).join(' ');
  const child = spawn('script', ['-qefc', `stty cols 100 -echo; ${line}`, '/dev/null'], {
    cwd,
    env: { TERM: 'xterm-256color', SHELL: '/bin/sh', ...environment(cwd, env) },
  });
  let screen = '';
  const left = [...answers];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    screen += chunk;
    const [next] = left;
    if (next !== undefined && screen.includes(next[0])) {
      left.shift();
      child.stdin.write(next[1]);
    }
  });
  child.stdin.on('error', () => undefined);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, screen: screen.replaceAll('\r\n', '\n') };
}

function environment(cwd: string, env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: cwd, TMPDIR: cwd, ...env };
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function expectBuilt(): void {
  if (!existsSync(MAIN)) {
    throw new Error('the command line is not built; run `make build`, or the tests by `make test`');
  }
}
