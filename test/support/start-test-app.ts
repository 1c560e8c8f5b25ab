import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, startApp } from '../../src/app.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createLogger } from '../../src/observability/logger.js';
import { type ApiClient, type ClientCredentials, grpcClient, httpClient } from './api-client.js';
import { TemporaryCertificates } from './temporary-certificates.js';

/** The whole service in this process, on free ports of the loopback, with certificates and data of its own. */
export interface TestApp extends AsyncDisposable {
  readonly app: App;
  readonly certificates: TemporaryCertificates;
  readonly origin: string;
  readonly grpcAddress: string;
  readonly adminOrigin: string;
  readonly credentials: ClientCredentials;
  /** Everything that was logged so far, line by line. */
  readonly logLines: readonly Record<string, unknown>[];
  /** One client for each transport and encoding; closed with the app. */
  clients(): readonly ApiClient[];
}

export interface TestAppOptions {
  /** `lmdb`, in a temporary folder, by default. */
  readonly store?: string;
  /** Further flags. */
  readonly flags?: readonly string[];
}

/** Starts the service; see {@link TestApp}. */
export async function startTestApp({ store = 'lmdb', flags = [] }: TestAppOptions = {}): Promise<TestApp> {
  const certificates = await TemporaryCertificates.create();
  const dataDir = await mkdtemp(join(tmpdir(), 'appimage-data-'));
  const loaded = await loadConfig(
    [
      '--host=127.0.0.1',
      '--http-port=0',
      '--grpc-port=0',
      '--admin-port=0',
      `--certs-dir=${certificates.directory}`,
      `--data-dir=${dataDir}`,
      ...flags,
    ],
    { APPIMAGE_STORE: store },
  );
  if (loaded.kind !== 'run') {
    throw new Error(loaded.text);
  }
  const logLines: Record<string, unknown>[] = [];
  const log = createLogger(loaded.config.logLevel, {
    write: (line) => {
      logLines.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
  const app = await startApp(loaded.config, log);
  const credentials: ClientCredentials = {
    ca: certificates.ca,
    cert: certificates.client.certificate,
    key: certificates.client.key,
    token: certificates.token,
  };
  const origin = `https://localhost:${app.http.port}`;
  const grpcAddress = `localhost:${app.grpc.port}`;
  const opened: ApiClient[] = [];
  return {
    app,
    certificates,
    origin,
    grpcAddress,
    adminOrigin: `http://127.0.0.1:${app.admin.port}`,
    credentials,
    logLines,
    clients: () => {
      const clients = [
        httpClient(origin, 'json', credentials),
        httpClient(origin, 'protobuf', credentials),
        httpClient(origin, 'json', credentials, true),
        grpcClient(grpcAddress, credentials),
      ];
      opened.push(...clients);
      return clients;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of opened) {
        await client[Symbol.asyncDispose]();
      }
      await app[Symbol.asyncDispose]();
      await certificates[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
