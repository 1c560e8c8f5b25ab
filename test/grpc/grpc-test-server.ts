import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelOptions, Client, type ClientOptions, credentials } from '@grpc/grpc-js';
import { type Logger, pino } from 'pino';
import { TokenAuthenticator } from '../../src/auth/token-authenticator.js';
import { tokenDigest } from '../../src/auth/token-files.js';
import { Dispatcher } from '../../src/transport/dispatcher.js';
import { GrpcServer, type GrpcServerOptions } from '../../src/transport/grpc/grpc-server.js';
import { ConnectionListener } from '../../src/transport/tls/connection-listener.js';
import { CERTIFICATE_FILES, makeDevelopmentCertificates } from '../../src/transport/tls/development-certificates.js';
import { TlsCredentials } from '../../src/transport/tls/tls-credentials.js';
import { TestMethods } from './test-methods.js';

/** A token of each role; the name in the log is the role's. */
export const TOKENS = {
  viewer: 'viewer-token-0123456789abcdef',
  editor: 'editor-token-0123456789abcdef',
} as const;

export const MAX_MESSAGE_BYTES = 64 * 1024;

/** The gRPC server with real TLS and real tokens in front of {@link TestMethods}. */
export interface GrpcTestServer extends AsyncDisposable {
  readonly grpc: GrpcServer;
  readonly methods: TestMethods;
  /** `localhost:port`. */
  readonly target: string;
  readonly port: number;
  /** Folder of the certificates. */
  readonly certsDir: string;
  /** Lines of the log so far. */
  readonly log: Readonly<Record<string, unknown>>[];
  setReady(ready: boolean): void;
  /** A grpc-js client, closed with the server. */
  client(options?: ChannelOptions & ClientOptions): Client;
}

/** Starts one on a free loopback port. */
export async function startGrpcTestServer(
  options: Partial<GrpcServerOptions & { protocol: 'MTLS' | 'NOTLS' }> = {},
): Promise<GrpcTestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'appimage-grpc-'));
  await makeDevelopmentCertificates(folder, { extraNames: [] });
  const path = (file: keyof typeof CERTIFICATE_FILES): string => join(folder, CERTIFICATE_FILES[file]);
  const tokens = Object.entries(TOKENS).map(([role, token]) => ({ name: role, role, sha256: tokenDigest(token) }));
  await writeFile(join(folder, 'tokens.json'), JSON.stringify(tokens));

  const lines: Record<string, unknown>[] = [];
  const log: Logger = pino(
    { level: 'debug' },
    { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const observer = { reloaded: () => undefined };
  const polling = { pollIntervalMs: 60_000, log, observer };
  const authenticator = await TokenAuthenticator.load({
    ...polling,
    files: { tokenFile: undefined, tokensFile: join(folder, 'tokens.json') },
    requestsPerSecond: 0,
  });
  const tls = await TlsCredentials.load({
    ...polling,
    files: { caFile: path('ca'), certificateFile: path('serverCertificate'), keyFile: path('serverKey') },
  });
  const methods = new TestMethods();
  let ready = true;
  const grpc = new GrpcServer({
    dispatcher: new Dispatcher({
      methods: methods.methods,
      log,
      metrics: { started: () => undefined, finished: () => undefined, refused: () => undefined },
    }),
    authenticator,
    log,
    ready: async () => ready,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    requestTimeoutMs: 60_000,
    ...options,
  });
  const protocol = options.protocol ?? 'MTLS';
  const listener = new ConnectionListener({
    name: 'grpc',
    security: protocol === 'NOTLS' ? { protocol } : { protocol, credentials: tls },
    alpnProtocols: ['h2'],
    onConnection: (socket) => grpc.accept(socket),
    log,
    metrics: {
      connectionOpened: () => undefined,
      connectionClosed: () => undefined,
      connectionRefused: () => undefined,
      handshakeFailed: () => undefined,
      connectionDropped: () => undefined,
    },
    limits: { handshakeTimeoutMs: 5000, maxConnections: 100 },
  });
  const { port } = await listener.listen('127.0.0.1', 0);
  const [ca, key, cert] = await Promise.all([
    readFile(path('ca')),
    readFile(path('clientKey')),
    readFile(path('clientCertificate')),
  ]);
  const clients: Client[] = [];
  const target = `localhost:${port}`;
  return {
    grpc,
    methods,
    target,
    port,
    certsDir: folder,
    log: lines,
    setReady: (value) => {
      ready = value;
    },
    client: (clientOptions = {}) => {
      const security = protocol === 'NOTLS' ? credentials.createInsecure() : credentials.createSsl(ca, key, cert);
      // Without a pool of its own, a client would share the connection of the one before it.
      const client = new Client(target, security, { 'grpc.use_local_subchannel_pool': 1, ...clientOptions });
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      methods.release();
      for (const client of clients) {
        client.close();
      }
      await grpc[Symbol.asyncDispose]();
      await listener[Symbol.asyncDispose]();
      await tls[Symbol.asyncDispose]();
      await authenticator[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
