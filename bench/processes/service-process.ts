import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT, SERVER_MAIN } from './compiled.js';
import { pinned, SERVER_CORE } from './cores.js';
import { type MemoryUsage, memoryUsage } from './process-usage.js';

interface Listening {
  readonly msg: string;
  readonly http: { readonly port: number };
  readonly grpc: { readonly port: number };
}

/** The service, built and configured as it is run, on the servers' core. Ended when disposed. */
export class ServiceProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly httpPort: number;
  readonly grpcPort: number;
  /** From the start of the process to the line in its log that says it listens. */
  readonly startMs: number;
  readonly memoryAtStart: MemoryUsage;

  private constructor(child: ChildProcess, listening: Listening, startMs: number) {
    this.#child = child;
    this.httpPort = listening.http.port;
    this.grpcPort = listening.grpc.port;
    this.startMs = startMs;
    this.memoryAtStart = memoryUsage(this.pid);
  }

  /** @param core `undefined` for any */
  static async start(flags: readonly string[], core: number | undefined = SERVER_CORE): Promise<ServiceProcess> {
    const [program, ...before] = pinned(core);
    const log = openPipe();
    const startedAt = performance.now();
    const child = spawn(
      program,
      [...before, SERVER_MAIN, '--host=127.0.0.1', '--http-port=0', '--grpc-port=0', '--admin-port=0', ...flags],
      { cwd: ROOT, stdio: ['ignore', log.writeEnd, 'pipe'] },
    );
    closeSync(log.writeEnd);
    let errorOutput = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errorOutput += text;
    });
    const listening = new Promise<Listening>((found) => {
      const lines = createInterface({ input: log.reader }).on('line', (line) => {
        if (line.includes('"listening"')) {
          found(JSON.parse(line) as Listening);
          lines.close();
          // The log is taken to its end, since a server whose log nobody takes would measure something else; but not read, which would
          // take from the cores what is measured.
          log.reader.resume();
        }
      });
    });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the server ended with ${String(code)}: ${errorOutput}`);
    });
    const found = await Promise.race([listening, ended]);
    ended.catch(() => undefined);
    return new ServiceProcess(child, found, performance.now() - startedAt);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  memory(): MemoryUsage {
    return memoryUsage(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
  }
}

/**
 * A pipe for the log of a service, as a container runtime makes it. What `spawn` calls a pipe is a pair of sockets, into which a write
 * costs more.
 */
function openPipe(): { readonly reader: Socket; readonly writeEnd: number } {
  const folder = mkdtempSync(join(tmpdir(), 'appimage-bench-log-'));
  try {
    const path = join(folder, 'log');
    execFileSync('mkfifo', [path]);
    const reader = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true });
    return { reader, writeEnd: openSync(path, constants.O_WRONLY) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
