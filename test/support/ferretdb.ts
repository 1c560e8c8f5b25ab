import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const SOURCE_DIR = new URL('../../scripts/ferretdb/', import.meta.url).pathname;
const BUILD_TIMEOUT_MS = 15 * 60_000;
const START_TIMEOUT_MS = 20_000;

/** A running server. */
export interface RunningServer extends AsyncDisposable {
  /** Its address, without a database. */
  readonly url: string;
}

/**
 * Builds FerretDB, unless the cache has it already, and returns the path of the program. It takes about a minute, once.
 * @param progress is told before a build begins
 * @throws Error where Go is missing or the build fails
 */
export async function buildFerretDb(progress: (line: string) => void): Promise<string> {
  const cacheDir = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'appimage-service');
  const program = join(cacheDir, `ferretdb-1.24-${await sourceHash()}`);
  if (await exists(program)) {
    return program;
  }
  progress('building FerretDB for the tests on MongoDB (once, a minute or two) ...');
  await mkdir(cacheDir, { recursive: true });
  // Builds that run at the same time each make their own, and a program appears in the cache only when it is whole.
  const buildDir = await mkdtemp(join(cacheDir, 'build-'));
  try {
    const output = join(buildDir, 'ferretdb');
    await promisify(execFile)(
      'go',
      ['build', '-trimpath', '-tags', 'ferretdb_no_postgresql', '-ldflags', '-s -w', '-o', output, '.'],
      { cwd: SOURCE_DIR, env: { ...process.env, GOWORK: 'off', CGO_ENABLED: '0' }, timeout: BUILD_TIMEOUT_MS },
    );
    await rename(output, program);
  } finally {
    await rm(buildDir, { recursive: true, force: true });
  }
  return program;
}

/** Starts FerretDB on a free loopback port and an empty database in a temporary folder. */
export async function startFerretDb(program: string): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'appimage-ferretdb-'));
  // The server ends when its stdin does, also where this process is killed.
  const server = spawn(program, [dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(server, 'exit');
  const stop = async () => {
    server.stdin.end();
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const lines = createInterface({ input: server.stdout });
    const [url] = await Promise.race([
      once(lines, 'line', { signal: AbortSignal.timeout(START_TIMEOUT_MS) }),
      exited.then(([code]) => Promise.reject(new Error(`FerretDB ended with code ${code}`))),
    ]);
    return { url: String(url), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of ['main.go', 'go.mod', 'go.sum']) {
    hash.update(await readFile(join(SOURCE_DIR, file)));
  }
  return hash.digest('hex').slice(0, 12);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
