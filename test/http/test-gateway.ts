import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { pino } from 'pino';
import type { Principal } from '../../src/auth/principal.js';
import { AppImageError } from '../../src/domain/errors.js';
import { Dispatcher } from '../../src/transport/dispatcher.js';
import { createGateway, type Gateway, type GatewayOptions } from '../../src/transport/http/gateway.js';
import { ConnectionListener, type ConnectionSecurity } from '../../src/transport/tls/connection-listener.js';
import { peerOf } from '../../src/transport/tls/peer.js';
import { TlsCredentials } from '../../src/transport/tls/tls-credentials.js';
import type { Method, MethodResult, WireRequest } from '../../src/transport/wire/method.js';
import { serviceDescriptor } from '../../src/transport/wire/schema.js';
import type { TemporaryCertificates } from '../support/temporary-certificates.js';

export const QUERY_PATH = '/api/v1/appimage/query';
export const CREATE_PATH = '/api/v1/appimage/create';
/** Tokens that the test gateway knows. `limited` is known, and over its rate. */
export const TOKENS = { admin: 'admin-token', viewer: 'viewer-token', limited: 'limited-token' } as const;

export type Invoke = (request: WireRequest, method: string) => MethodResult | Promise<MethodResult>;

/** A gateway behind real listeners, whose methods do what a test says. */
export interface TestGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  /** Port with mutual TLS. */
  readonly tlsPort: number;
  /** Port without TLS. */
  readonly plainPort: number;
  /** Requests that reached a method. */
  readonly requests: WireRequest[];
  /** Lines of the log. */
  readonly log: Record<string, unknown>[];
  /** Connections that are open on both ports. */
  openConnections(): number;
  /** Replaces what the methods do; by default they answer with what they were given. */
  invoke: Invoke;
  /** Forgets the requests and the log, and has the methods do what they do by default. */
  reset(): void;
}

export async function startGateway(
  certificates: TemporaryCertificates,
  options: Partial<GatewayOptions> = {},
): Promise<TestGateway> {
  const requests: WireRequest[] = [];
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const state = { invoke: answerWithRequest as Invoke };
  const run: Invoke = (request, method) => {
    requests.push(request);
    return state.invoke(request, method);
  };
  const metrics = { started: ignore, finished: ignore, refused: ignore };
  const dispatcher = new Dispatcher({ methods: testMethods(run), log, metrics });
  const gateway = await createGateway({
    dispatcher,
    authenticator: { authenticate },
    log,
    peerOf,
    maxBodyBytes: 64 * 1024,
    httpErrorStatus: 'standard',
    requestTimeoutMs: 10_000,
    keepAliveTimeoutMs: 10_000,
    ...options,
  });
  const credentials = await TlsCredentials.load({
    files: {
      caFile: certificates.caFile,
      certificateFile: certificates.server.certificateFile,
      keyFile: certificates.server.keyFile,
    },
    pollIntervalMs: 3_600_000,
    log,
    observer: { reloaded: ignore },
  });
  const listen = async (security: ConnectionSecurity): Promise<[ConnectionListener, number]> => {
    const listener = new ConnectionListener({
      name: 'http',
      security,
      alpnProtocols: ['h2', 'http/1.1'],
      onConnection: (socket, alpn) => gateway.accept(socket, alpn),
      log,
      metrics: {
        connectionOpened: ignore,
        connectionClosed: ignore,
        connectionRefused: ignore,
        handshakeFailed: ignore,
        connectionDropped: ignore,
      },
      limits: { handshakeTimeoutMs: 10_000, maxConnections: 1000 },
    });
    return [listener, (await listener.listen('127.0.0.1', 0)).port];
  };
  const [tls, tlsPort] = await listen({ protocol: 'MTLS', credentials });
  const [plain, plainPort] = await listen({ protocol: 'NOTLS' });
  return Object.assign(state, {
    gateway,
    tlsPort,
    plainPort,
    requests,
    log: lines,
    reset: () => {
      state.invoke = answerWithRequest;
      requests.length = 0;
      lines.length = 0;
    },
    openConnections: () => tls.openConnections + plain.openConnections,
    [Symbol.asyncDispose]: async () => {
      const closed = [tls.close(), plain.close()];
      await gateway[Symbol.asyncDispose]();
      await Promise.all(closed);
      await credentials[Symbol.asyncDispose]();
    },
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The body's `status`. */
  readonly outcome: { readonly code: number; readonly message: string };
}

export interface CallOptions {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A client with a certificate that is accepted, and the admin's token unless the headers say otherwise. */
export interface TestClient extends AsyncDisposable {
  readonly name: string;
  call(options?: CallOptions): Promise<Answer>;
}

export function http1Client(port: number, certificates: TemporaryCertificates): TestClient {
  const { ca, client } = certificates;
  return {
    name: 'HTTP/1.1',
    call: async ({ path = QUERY_PATH, method = 'POST', headers, body = '{}' } = {}) =>
      await new Promise((resolve, reject) => {
        const request = httpsRequest(
          {
            host: '127.0.0.1',
            port,
            path,
            method,
            ca,
            cert: client.certificate,
            key: client.key,
            agent: false,
            headers: { token: TOKENS.admin, 'content-length': Buffer.byteLength(body), ...headers },
          },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
              resolve(answerOf(response.statusCode ?? 0, response.headers, Buffer.concat(chunks)));
            });
          },
        );
        request.on('error', reject);
        request.end(body);
      }),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export function http2Client(port: number, certificates: TemporaryCertificates): TestClient {
  const { ca, client } = certificates;
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, cert: client.certificate, key: client.key });
  session.on('error', ignore);
  return {
    name: 'HTTP/2',
    call: async ({ path = QUERY_PATH, method = 'POST', headers, body = '{}' } = {}) =>
      await new Promise((resolve, reject) => {
        const stream = session.request(
          { ':method': method, ':path': path, token: TOKENS.admin, ...headers },
          { endStream: false },
        );
        const chunks: Buffer[] = [];
        let status = 0;
        let received: Answer['headers'] = {};
        stream.on('response', (responseHeaders) => {
          status = responseHeaders[':status'] ?? 0;
          received = responseHeaders;
        });
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('error', reject);
        stream.on('close', () => resolve(answerOf(status, received, Buffer.concat(chunks))));
        stream.end(body);
      }),
    [Symbol.asyncDispose]: async () => {
      session.destroy();
    },
  };
}

/** Writes bytes to the port without TLS, and gathers what comes back until the gateway closes the connection. */
export async function sendRaw(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = await connectRaw(port);
  const answer = readAll(socket);
  for (const part of parts) {
    socket.write(part);
  }
  return await answer;
}

export async function connectRaw(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/** Everything that comes over a socket until it is closed. Rejects where it is reset. */
export async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  return await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => resolve(text));
  });
}

/** The head of a POST request for the query method, without the empty line behind it. */
export function requestHead(...headers: readonly string[]): string {
  return [`POST ${QUERY_PATH} HTTP/1.1`, 'Host: localhost', `Token: ${TOKENS.admin}`, ...headers, ''].join('\r\n');
}

function authenticate(token: string | undefined): Principal {
  switch (token) {
    case TOKENS.admin:
      return { tokenName: 'admin', role: 'admin' };
    case TOKENS.viewer:
      return { tokenName: 'viewer', role: 'viewer' };
    case TOKENS.limited:
      throw new AppImageError('RATE_LIMITED', 'too many requests');
    default:
      throw new AppImageError('AUTH_FAILED', token === undefined ? 'no token was sent' : 'the token is not known');
  }
}

function testMethods(run: Invoke): Method[] {
  const { queryAppImage, createAppImage } = serviceDescriptor('AppImageService').method;
  if (queryAppImage === undefined || createAppImage === undefined) {
    throw new Error('the contract lacks a method');
  }
  return [
    {
      name: 'QueryAppImage',
      descriptor: queryAppImage,
      httpPaths: [QUERY_PATH],
      role: 'viewer',
      mutates: false,
      invoke: (request) => run(request, 'QueryAppImage'),
    },
    {
      name: 'CreateAppImage',
      descriptor: createAppImage,
      httpPaths: [CREATE_PATH],
      role: 'editor',
      mutates: true,
      invoke: (request) => run(request, 'CreateAppImage'),
    },
  ];
}

function answerWithRequest({ encoding, body, ifMatch, fieldValidation }: WireRequest): MethodResult {
  const text = JSON.stringify({
    status: { code: 0, message: 'success' },
    encoding,
    bytes: body.length,
    ifMatch,
    fieldValidation,
  });
  return { body: Buffer.from(text), warnings: [] };
}

function answerOf(status: number, headers: Answer['headers'], body: Buffer): Answer {
  return {
    status,
    headers,
    body,
    get outcome() {
      return (JSON.parse(body.toString()) as { status: Answer['outcome'] }).status;
    },
  };
}

function ignore(): void {
  // What a test does not look at.
}
