import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const MAIN = resolve(import.meta.dirname, '../../dist/src/main.js');

/** A server in a process of its own, as it is installed. Killed when disposed, if it has not ended by itself. */
export class ServerProcess implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly origin: string;
  readonly grpcAddress: string;
  readonly adminOrigin: string;
  /** What it wrote to standard error. */
  readonly errorOutput: () => string;
  /** What it logged, line by line. */
  readonly logLines: readonly string[];

  private constructor(
    process: ChildProcess,
    ports: { http: number; grpc: number; admin: number },
    errorOutput: () => string,
    logLines: readonly string[],
  ) {
    this.process = process;
    this.origin = `https://localhost:${ports.http}`;
    this.grpcAddress = `localhost:${ports.grpc}`;
    this.adminOrigin = `http://127.0.0.1:${ports.admin}`;
    this.errorOutput = errorOutput;
    this.logLines = logLines;
  }

  /** Starts a server on free ports of the loopback and waits until it listens. */
  static async start(
    flags: readonly string[],
    options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): Promise<ServerProcess> {
    if (!existsSync(MAIN)) {
      throw new Error('the server is not built; run `make build`, or the tests by `make test`');
    }
    const child = spawn(
      process.execPath,
      [MAIN, '--host=127.0.0.1', '--http-port=0', '--grpc-port=0', '--admin-port=0', ...flags],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        env: { PATH: process.env['PATH'], ...options.env },
      },
    );
    let errorOutput = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errorOutput += chunk;
    });
    const logLines: string[] = [];
    const listening = new Promise<{ http: { port: number }; grpc: { port: number }; admin: { port: number } }>(
      (found) => {
        createInterface({ input: child.stdout }).on('line', (line) => {
          logLines.push(line);
          const entry = JSON.parse(line) as {
            msg: string;
            http: { port: number };
            grpc: { port: number };
            admin: { port: number };
          };
          if (entry.msg === 'listening') {
            found(entry);
          }
        });
      },
    );
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the server ended with ${String(code)} before it listened: ${errorOutput}`);
    });
    const { http, grpc, admin } = await Promise.race([listening, ended]);
    ended.catch(() => undefined);
    return new ServerProcess(
      child,
      { http: http.port, grpc: grpc.port, admin: admin.port },
      () => errorOutput,
      logLines,
    );
  }

  /** Sends a signal and waits for the end. Returns the exit code, or `null` where the signal itself ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, 'exit');
      this.process.kill(signal);
      await exited;
    }
    return this.process.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}
