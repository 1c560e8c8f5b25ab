import { execFile } from 'node:child_process';
import { createServer as createHttp1Server, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { pino } from 'pino';
import { Connections } from '../../src/transport/grpc/connections.js';
import { ConnectionListener, type ConnectionSecurity } from '../../src/transport/tls/connection-listener.js';
import type { ListenerName } from '../../src/transport/tls/connection-metrics.js';
import { peerOf } from '../../src/transport/tls/peer.js';
import { TlsCredentials } from '../../src/transport/tls/tls-credentials.js';
import type { AlpnProtocol } from '../../src/transport/tls/transport-protocol.js';
import type { KeyPair, TemporaryCertificates } from '../support/temporary-certificates.js';

/** A listener with a real server behind it, and what it reported. */
export interface StartedListener extends AsyncDisposable {
  readonly listener: ConnectionListener;
  readonly port: number;
  /** Calls of the metrics, such as `connectionRefused http expired`. */
  readonly metrics: string[];
  /** Lines of the log. */
  readonly log: Record<string, unknown>[];
  /** Paths of the requests that reached the server behind. */
  readonly requests: string[];
}

export interface StartOptions {
  readonly security: ConnectionSecurity;
  readonly handshakeTimeoutMs?: number;
  readonly maxConnections?: number;
}

/** An HTTP server for both versions that answers with the peer it sees: `CN=client,O=example from 127.0.0.1 over 2.0`. */
export async function startHttp(options: StartOptions): Promise<StartedListener> {
  const requests: string[] = [];
  const answer = (
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
  ): void => {
    requests.push(request.url ?? '');
    request.resume();
    request.on('end', () => {
      const { address, certificateSubject } = peerOf(request.socket);
      response.end(`${certificateSubject ?? 'nobody'} from ${address} over ${request.httpVersion}`);
    });
  };
  const http1 = createHttp1Server(answer);
  const http2 = createHttp2Server(answer);
  return start('http', ['h2', 'http/1.1'], options, requests, (socket, alpn) => {
    (alpn === 'h2' ? http2 : http1).emit('connection', socket);
  });
}

/** The one method of the gRPC server: answers bytes with the peer that the listener knows. */
const ECHO = {
  path: '/test.Echo/Echo',
  requestStream: false,
  responseStream: false,
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Buffer) => value,
  responseDeserialize: (value: Buffer) => value,
} as const;
const ECHO_SERVICE = { echo: ECHO } satisfies ServiceDefinition;

export async function startGrpc(options: StartOptions): Promise<StartedListener & { readonly server: Server }> {
  const requests: string[] = [];
  const server = new Server({ 'grpc.enable_channelz': 0 });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const connections = new Connections();
  const started = await start('grpc', ['h2'], options, requests, (socket) => {
    connections.add(socket);
    injector.injectConnection(socket);
  });
  server.addService(ECHO_SERVICE, {
    echo: (call: { getPeer(): string; request: Buffer }, callback: (error: null, value: Buffer) => void) => {
      requests.push(call.request.toString());
      const { address, certificateSubject } = connections.peer(call.getPeer());
      callback(null, Buffer.from(`${certificateSubject ?? 'nobody'} from ${address}`));
    },
  });
  return {
    ...started,
    server,
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
      await started[Symbol.asyncDispose]();
    },
  };
}

async function start(
  name: ListenerName,
  alpnProtocols: readonly AlpnProtocol[],
  options: StartOptions,
  requests: string[],
  onConnection: ConstructorParameters<typeof ConnectionListener>[0]['onConnection'],
): Promise<StartedListener> {
  const metrics: string[] = [];
  const count =
    (event: string) =>
    (...labels: string[]): void => {
      metrics.push([event, ...labels].join(' '));
    };
  const log: Record<string, unknown>[] = [];
  const listener = new ConnectionListener({
    name,
    security: options.security,
    alpnProtocols,
    onConnection,
    log: pino({ level: 'debug' }, { write: (line: string) => log.push(JSON.parse(line) as Record<string, unknown>) }),
    metrics: {
      connectionOpened: count('connectionOpened'),
      connectionClosed: count('connectionClosed'),
      connectionRefused: count('connectionRefused'),
      handshakeFailed: count('handshakeFailed'),
      connectionDropped: count('connectionDropped'),
    },
    limits: { handshakeTimeoutMs: options.handshakeTimeoutMs ?? 10_000, maxConnections: options.maxConnections ?? 100 },
  });
  const { port } = await listener.listen('127.0.0.1', 0);
  return { listener, port, metrics, log, requests, [Symbol.asyncDispose]: async () => listener[Symbol.asyncDispose]() };
}

/** Credentials that are looked at only on `reloadNow`, and what they reported. */
export async function loadCredentials(
  certificates: TemporaryCertificates,
  options: { readonly pollIntervalMs?: number } = {},
): Promise<{ credentials: TlsCredentials; reloads: boolean[]; log: string[] }> {
  const reloads: boolean[] = [];
  const log: string[] = [];
  const loaded = await TlsCredentials.load({
    files: {
      caFile: certificates.caFile,
      certificateFile: certificates.server.certificateFile,
      keyFile: certificates.server.keyFile,
    },
    pollIntervalMs: options.pollIntervalMs ?? 3_600_000,
    log: pino({ level: 'debug' }, { write: (line: string) => log.push(line) }),
    observer: { reloaded: (_source, succeeded) => reloads.push(succeeded) },
  });
  return { credentials: loaded, reloads, log };
}

export interface CurlAnswer {
  readonly status: number;
  readonly httpVersion: string;
  readonly contentType: string;
  readonly body: string;
}

/** Runs curl against a port on this machine. Rejects where curl fails, with its message. */
export async function curl(url: string, ...args: string[]): Promise<CurlAnswer> {
  const output = await new Promise<string>((resolve, reject) => {
    const all = ['-sS', '--max-time', '10', '-w', '\n%{http_code} %{http_version} %{content_type}', ...args, url];
    execFile('curl', all, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
      } else {
        reject(new Error(stderr, { cause: error }));
      }
    });
  });
  const end = output.lastIndexOf('\n');
  const [status = '', httpVersion = '', contentType = ''] = output.slice(end + 1).split(' ');
  return { status: Number(status), httpVersion, contentType, body: output.slice(0, end) };
}

/** The arguments by which curl trusts the CA and shows a certificate. */
export function curlTls(certificates: TemporaryCertificates, pair?: KeyPair): string[] {
  const own = pair === undefined ? [] : ['--cert', pair.certificateFile, '--key', pair.keyFile];
  return ['--cacert', certificates.caFile, ...own];
}

/** A call of the gRPC server with a client of its own. */
export async function callGrpc(
  port: number,
  channelCredentials: ReturnType<typeof credentials.createInsecure>,
): Promise<string> {
  const client = new Client(`localhost:${port}`, channelCredentials);
  try {
    return await callWith(client);
  } finally {
    client.close();
  }
}

export async function callWith(client: Client, payload = 'hello'): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      ECHO.path,
      ECHO.requestSerialize,
      ECHO.responseDeserialize,
      Buffer.from(payload),
      new Metadata(),
      { deadline: Date.now() + 10_000 },
      (error: ServiceError | null, value?: Buffer) => {
        if (error === null) {
          resolve(value?.toString() ?? '');
        } else {
          reject(error);
        }
      },
    );
  });
}

export function grpcTls(certificates: TemporaryCertificates, pair?: KeyPair): ReturnType<typeof credentials.createSsl> {
  return pair === undefined
    ? credentials.createSsl(Buffer.from(certificates.ca))
    : credentials.createSsl(Buffer.from(certificates.ca), Buffer.from(pair.key), Buffer.from(pair.certificate));
}
