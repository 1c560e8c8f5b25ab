/**
 * Proves the contract with stubs that other languages' own tools make from `proto/`: starts the built server on free loopback
 * ports with certificates and data of its own, and has a small client in each language call every method over mutual TLS.
 *
 * A language whose toolchain is missing is skipped by name; `INTEROP_REQUIRE=go,python,java` makes that a failure. Arguments
 * choose languages: `tsx interop/run.ts go`. Generated code and builds go to `.cache/interop`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const root = resolve(import.meta.dirname, '..');
const cache = join(root, '.cache', 'interop');
const START_TIMEOUT_MS = 30_000;

interface Language {
  /** Why it cannot run here; `undefined` where it can. */
  missing(): string | undefined;
  /** Generates the stubs and builds the client. */
  build(): void;
  /** The command that runs the client, and what its environment needs besides. */
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

const goStubs = join(cache, 'go', 'gen');
const pythonVenv = join(cache, 'python', 'venv');
const pythonStubs = join(cache, 'python', 'gen');
const javaBuild = join(cache, 'java');

const LANGUAGES: Readonly<Record<string, Language>> = {
  go: {
    missing: () => lacking('go', 'version'),
    build: () => {
      emptyFolder(goStubs);
      writeFileSync(join(goStubs, 'go.mod'), 'module github.com/secretflow/kuscia/proto\n\ngo 1.24\n');
      const source = join(root, 'interop', 'go');
      run(['go', 'build', '-C', source, '-o', join(cache, 'go', 'bin') + '/', 'tool']);
      const buf = [process.execPath, join(root, 'node_modules/@bufbuild/buf/bin/buf')] as const;
      run([...buf, 'generate', '--template', 'interop/go/buf.gen.yaml', '--path', 'proto/kuscia']);
      run(['go', 'build', '-C', source, '-o', join(cache, 'go', 'client'), '.']);
    },
    command: [join(cache, 'go', 'client')],
  },
  python: {
    missing: () => lacking('python3', '-c', 'import venv, ensurepip'),
    build: () => {
      run(['python3', '-m', 'venv', pythonVenv]);
      const python = join(pythonVenv, 'bin', 'python');
      run([python, '-m', 'pip', 'install', '--quiet', '--requirement', 'interop/python/requirements.txt']);
      emptyFolder(pythonStubs);
      const protos = readdirSync(join(root, 'proto', 'kuscia'), { recursive: true, encoding: 'utf8' });
      const files = protos.filter((file) => file.endsWith('.proto')).map((file) => join('kuscia', file));
      const outputs = [`--python_out=${pythonStubs}`, `--grpc_python_out=${pythonStubs}`];
      run([python, '-m', 'grpc_tools.protoc', '-I', 'proto', ...outputs, ...files]);
    },
    command: [join(pythonVenv, 'bin', 'python'), join(root, 'interop/python/client.py')],
    env: { PYTHONPATH: pythonStubs, PYTHONDONTWRITEBYTECODE: '1' },
  },
  java: {
    missing: () => lacking('javac', '-version') ?? lacking('mvn', '-version'),
    build: () =>
      run(['mvn', '--quiet', '--batch-mode', '-Dstyle.color=never', '--file', 'interop/java/pom.xml', 'compile']),
    command: ['java', '-cp', `${join(javaBuild, 'classes')}:${join(javaBuild, 'lib')}/*`, 'InteropClient'],
  },
};

/** Says which program is not there or does not work. */
function lacking(command: string, ...args: string[]): string | undefined {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' });
  return error === undefined && status === 0 ? undefined : `"${[command, ...args].join(' ')}" does not work here`;
}

function run([command, ...args]: readonly [string, ...string[]], env: Readonly<Record<string, string>> = {}): void {
  const { error, status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (error !== undefined || status !== 0) {
    throw new Error(`${command} ${args[0] ?? ''} failed: ${error?.message ?? `exit status ${status}`}`);
  }
}

function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

interface RunningServer extends AsyncDisposable {
  readonly target: string;
  readonly certsDir: string;
}

async function startServer(): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'appimage-interop-'));
  const certsDir = join(folder, 'certs');
  const ports = ['--host', '127.0.0.1', '--http-port', '0', '--grpc-port', '0', '--admin-port', '0'];
  const folders = ['--certs-dir', certsDir, '--init-certs', '--data-dir', join(folder, 'data')];
  const server = spawn(process.execPath, [join(root, 'dist/src/main.js'), ...ports, ...folders], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const ended = new Promise((resolveEnd) => server.once('exit', resolveEnd));
      server.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { target: `localhost:${await grpcPort(server)}`, certsDir, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The port that the server says it listens on. */
async function grpcPort({ stdout }: ChildProcess): Promise<number> {
  if (stdout === null) {
    throw new Error('the server has no output to read');
  }
  const said: string[] = [];
  const timeout = setTimeout(() => stdout.destroy(), START_TIMEOUT_MS);
  const lines = createInterface({ input: stdout });
  try {
    for await (const line of lines) {
      said.push(line);
      const { msg, grpc } = JSON.parse(line) as { msg?: string; grpc?: { port: number } };
      if (msg === 'listening' && grpc !== undefined) {
        return grpc.port;
      }
    }
  } finally {
    clearTimeout(timeout);
    // A pipe that nobody reads would stop the server.
    stdout.resume();
  }
  throw new Error(`the server did not start; it said:\n${said.join('\n')}`);
}

function chosenLanguages(args: readonly string[]): [string, Language][] {
  const unknown = args.filter((name) => LANGUAGES[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(`no such language: ${unknown.join(', ')}; there are ${Object.keys(LANGUAGES).join(', ')}`);
  }
  return Object.entries(LANGUAGES).filter(([name]) => args.length === 0 || args.includes(name));
}

const required = (process.env['INTEROP_REQUIRE'] ?? '').split(',').map((name) => name.trim());
const outcomes: string[] = [];
let failures = 0;
const languages = chosenLanguages(process.argv.slice(2));
const server = await startServer();
try {
  for (const [name, language] of languages) {
    const missing = language.missing();
    if (missing !== undefined) {
      failures += required.includes(name) ? 1 : 0;
      outcomes.push(`${name} ${required.includes(name) ? 'FAILED' : 'skipped'}: ${missing}`);
      continue;
    }
    process.stdout.write(`interop: ${name}\n`);
    try {
      language.build();
      run(language.command, { ...language.env, INTEROP_TARGET: server.target, INTEROP_CERTS_DIR: server.certsDir });
      outcomes.push(`${name} passed`);
    } catch (error) {
      failures += 1;
      outcomes.push(`${name} FAILED: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  await server[Symbol.asyncDispose]();
}
process.stdout.write(`interop: ${outcomes.join('; ')}\n`);
process.exitCode = failures > 0 ? 1 : 0;
