import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MANIFESTS } from './app-image-fixtures.js';
import { ServerProcess } from './server-process.js';
import { TemporaryCertificates } from './temporary-certificates.js';

/** The built command line. */
export const APPIMAGECTL = resolve(import.meta.dirname, '../../dist/src/cli/main.js');

/** Whether there is the `script` of util-linux, which makes pseudo-terminals. */
export const HAS_SCRIPT = (spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '').includes(
  'util-linux',
);

const MANIFEST_FOLDER = resolve(import.meta.dirname, '../fixtures/manifests');

/** What a command left behind. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A server in a process of its own and a folder for the files of its users. All of it is gone when disposed. */
export class RegistryOnDisk implements AsyncDisposable {
  readonly certificates: TemporaryCertificates;
  readonly server: ServerProcess;
  /** A folder of its own, the home of the user as well. */
  readonly folder: string;

  private constructor(certificates: TemporaryCertificates, server: ServerProcess, folder: string) {
    this.certificates = certificates;
    this.server = server;
    this.folder = folder;
  }

  static async start(flags: readonly string[] = [], certificates?: TemporaryCertificates): Promise<RegistryOnDisk> {
    const folder = mkdtempSync(join(tmpdir(), 'appimagectl-'));
    const used = certificates ?? (await TemporaryCertificates.create());
    const dataDir = join(folder, '.data');
    const server = await ServerProcess.start([`--certs-dir=${used.directory}`, `--data-dir=${dataDir}`, ...flags]);
    return new RegistryOnDisk(used, server, folder);
  }

  /** The connection as environment variables, and a home without contexts. */
  get env(): Record<string, string> {
    const { certificates, server, folder } = this;
    return {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      APPIMAGECTL_CONFIG: join(folder, '.config.yaml'),
      APPIMAGECTL_SERVER: server.grpcAddress,
      APPIMAGECTL_CA: certificates.caFile,
      APPIMAGECTL_CERT: certificates.client.certificateFile,
      APPIMAGECTL_KEY: certificates.client.keyFile,
      APPIMAGECTL_TOKEN_FILE: certificates.tokenFile,
    };
  }

  /** Runs the command line to its end, in a pipe. */
  async run(args: readonly string[], env: Record<string, string> = {}): Promise<Finished> {
    return finished(this.start(args, env));
  }

  /**
   * Runs a command line that has to succeed, and returns what it wrote.
   * @throws Error with what it said otherwise
   */
  async done(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    if (code !== 0) {
      throw new Error(`appimagectl ${args.join(' ')} ended with ${code}: ${stderr}`);
    }
    return stdout;
  }

  /** Starts the command line, in a pipe. */
  start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
    return spawn(process.execPath, [APPIMAGECTL, ...args], {
      cwd: this.folder,
      env: { ...this.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Puts the manifests that real users run into a folder, and returns its path. */
  manifests(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path, { recursive: true });
    for (const manifest of MANIFESTS) {
      copyFileSync(join(MANIFEST_FOLDER, `${manifest}.yaml`), join(path, `${manifest}.yaml`));
    }
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.end('SIGKILL');
    await this.certificates[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits for the end of a process. */
export async function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
