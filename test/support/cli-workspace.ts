import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CliResult, runCli, runInTerminal, type TerminalResult } from './cli-process.js';
import { ServerProcess } from './server-process.js';
import { TemporaryCertificates } from './temporary-certificates.js';

/** A folder that a command line works in, with a real server behind it unless it is offline. Removed when disposed. */
export class CliWorkspace implements AsyncDisposable {
  readonly directory: string;
  readonly certificates: TemporaryCertificates;
  readonly #server: ServerProcess | undefined;

  private constructor(directory: string, certificates: TemporaryCertificates, server: ServerProcess | undefined) {
    this.directory = directory;
    this.certificates = certificates;
    this.#server = server;
  }

  static async start(options: { readonly offline?: boolean } = {}): Promise<CliWorkspace> {
    const directory = await mkdtemp(join(tmpdir(), 'appimagectl-'));
    const certificates = await TemporaryCertificates.create();
    const server =
      options.offline === true
        ? undefined
        : await ServerProcess.start([`--data-dir=${join(directory, 'data')}`, `--certs-dir=${certificates.directory}`]);
    return new CliWorkspace(directory, certificates, server);
  }

  get server(): ServerProcess {
    if (this.#server === undefined) {
      throw new Error('this workspace is offline');
    }
    return this.#server;
  }

  /** The environment that leads to the server. */
  get connection(): NodeJS.ProcessEnv {
    const { client, caFile, tokenFile } = this.certificates;
    return this.#server === undefined
      ? {}
      : {
          APPIMAGECTL_SERVER: this.#server.grpcAddress,
          APPIMAGECTL_CA: caFile,
          APPIMAGECTL_CERT: client.certificateFile,
          APPIMAGECTL_KEY: client.keyFile,
          APPIMAGECTL_TOKEN_FILE: tokenFile,
        };
  }

  async write(name: string, text: string): Promise<string> {
    const path = join(this.directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  }

  /** Runs a command line in pipes. */
  async run(args: readonly string[], options: { env?: NodeJS.ProcessEnv; input?: string } = {}): Promise<CliResult> {
    const env = { ...this.connection, ...options.env };
    return runCli(args, { cwd: this.directory, ...options, env });
  }

  /** Runs a command line that must succeed, and returns what it wrote as data. */
  async data(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(args);
    if (exitCode !== 0) {
      throw new Error(`appimagectl ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
    }
    return stdout;
  }

  /** Runs a command line in a terminal. */
  async type(
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; answers?: readonly (readonly [string, string])[] } = {},
  ): Promise<TerminalResult> {
    return runInTerminal(args, { cwd: this.directory, ...options, env: { ...this.connection, ...options.env } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    await this.certificates[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A manifest that is as it should be. */
export function manifest(name: string, options: { tag?: string; labels?: Record<string, string> } = {}): string {
  const labels = Object.entries(options.labels ?? {}).map(([key, value]) => `    ${key}: ${value}\n`);
  return `apiVersion: kuscia.secretflow/v1alpha1
kind: AppImage
metadata:
  name: ${name}
${labels.length === 0 ? '' : `  labels:\n${labels.join('')}`}spec:
  configTemplates:
    app.conf: |
      {
        "id": "{{.TASK_ID}}"
      }
  deployTemplates:
    - name: app
      role: server
      replicas: 1
      spec:
        containers:
          - name: main
            command: ["/app"]
            configVolumeMounts:
              - mountPath: /etc/app.conf
                subPath: app.conf
            ports:
              - name: http
                protocol: HTTP
                scope: Cluster
        restartPolicy: Never
  image:
    name: registry.example.com/app
    tag: "${options.tag ?? '1.0'}"
`;
}
