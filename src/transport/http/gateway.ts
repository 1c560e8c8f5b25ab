import { type IncomingMessage, METHODS, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import type { Logger } from 'pino';
import type { Authenticator } from '../../auth/authenticator.js';
import { answerTimeoutOf } from '../answer-timeout.js';
import type { Dispatcher, Peer } from '../dispatcher.js';
import { requestIdFrom } from '../request-id.js';
import type { AlpnProtocol } from '../tls/transport-protocol.js';
import type { Method } from '../wire/method.js';
import { BrokenRequestResponder } from './broken-request.js';
import { Connection, ConnectionTable } from './connection.js';
import { addDocumentation } from './documentation.js';
import { FastLane, type FastLaneOptions } from './fast-lane.js';
import type { HttpErrorStatus } from './http-status.js';
import { createHttp1Server } from './http1-server.js';
import { createHttp2Server } from './http2-server.js';
import { requestTimeout } from './refusal.js';
import { RequestHandler } from './request-handler.js';
import { unknownTarget } from './unknown-path.js';

export interface GatewayOptions {
  readonly dispatcher: Dispatcher;
  readonly authenticator: Authenticator;
  readonly log: Logger;
  /** Address and certificate of a connection; called at most once for each, and only when a line is logged. */
  readonly peerOf: (socket: Socket) => Peer;
  /** Largest body of a request, in bytes. */
  readonly maxBodyBytes: number;
  readonly httpErrorStatus: HttpErrorStatus;
  /** How long a client may take to send a whole request. */
  readonly requestTimeoutMs: number;
  /** How long a connection may be idle. */
  readonly keepAliveTimeoutMs: number;
}

/** The HTTP gateway. It does not listen: whoever does hands it the connections. */
export interface Gateway extends AsyncDisposable {
  /**
   * Serves a connection, encrypted or not, and closes it in the end.
   */
  accept(socket: Socket, alpnProtocol: AlpnProtocol): void;
  /**
   * Ends every connection: idle ones at once, others behind the answers to the requests that have begun, and after `graceMs` all that
   * are left. Resolves when no connection is open.
   */
  close(options: { readonly graceMs: number }): Promise<void>;
}

/** Sets the gateway up; it is ready for connections when this resolves. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const gateway = new HttpGateway(options);
  await gateway.ready();
  return gateway;
}

class HttpGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #connections = new ConnectionTable();
  readonly #handler: RequestHandler;
  /** The methods by their paths. */
  readonly #methods = new Map<string, Method>();
  readonly #fastLane: FastLaneOptions;
  /** What each path takes, for the answers to requests that are for no method. */
  readonly #paths = new Map<string, string>();
  readonly #app: FastifyInstance;
  readonly #http2: Http2Server;
  readonly #slowBodyTimer: NodeJS.Timeout;
  #http1: Server | undefined;
  #closed: Promise<void> | undefined;
  #onProgress: () => void = () => undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { requestTimeoutMs, keepAliveTimeoutMs } = options;
    const answerTimeoutMs = answerTimeoutOf(requestTimeoutMs);
    const connections = this.#connections;
    this.#handler = new RequestHandler({
      ...options,
      connections,
      answerTimeoutMs,
      onAnswer: () => this.#onProgress(),
    });
    const broken = new BrokenRequestResponder({ connections, handler: this.#handler, paths: this.#paths });
    this.#fastLane = {
      ...options,
      answerTimeoutMs,
      handler: this.#handler,
      broken,
      methods: this.#methods,
      handOver: ({ socket }) => this.#http1?.emit('connection', socket),
    };
    let route: RequestListener = () => undefined;
    this.#app = fastify({
      serverFactory: (listener) => {
        route = listener;
        this.#http1 = createHttp1Server(listener, { ...options, answerTimeoutMs, connections, broken });
        return this.#http1;
      },
      genReqId: (request) => requestIdFrom(request.headers['x-request-id']),
      clientErrorHandler: (error, socket) => broken.onClientError(error, socket),
      // No route has a schema, since the methods check what they are sent; fastify's compilers would take part of each start.
      schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
      frameworkErrors: (_error, request, reply) => {
        reply.hijack();
        this.#refuseUnknown(request.raw, reply.raw, request.id);
      },
    });
    this.#http2 = createHttp2Server(route, {
      keepAliveTimeoutMs,
      connections,
      refuseUnknown: (request, response) => {
        this.#refuseUnknown(request, response, requestIdFrom(request.headers['x-request-id']));
      },
    });
    this.#slowBodyTimer = setInterval(() => this.#failSlowBodies(), Math.min(1000, requestTimeoutMs / 4));
    this.#slowBodyTimer.unref();
  }

  async ready(): Promise<void> {
    const { dispatcher } = this.#options;
    for (const httpMethod of METHODS) {
      // The request handler receives bodies by itself: fastify's parsers refuse media types that the contract takes for JSON.
      this.#app.addHttpMethod(httpMethod, { hasBody: false, overrideExisting: true });
    }
    for (const method of dispatcher.methods) {
      for (const path of method.httpPaths) {
        this.#paths.set(path, 'POST');
        this.#methods.set(path, method);
        this.#app.post(path, (request, reply) => {
          reply.hijack();
          this.#handler.serve(method, request.raw, reply.raw, request.id, request.query as Record<string, unknown>);
        });
      }
    }
    for (const method of dispatcher.streams) {
      const { httpPath } = method;
      this.#paths.set(httpPath, 'GET');
      this.#app.get(httpPath, { exposeHeadRoute: false }, (request, reply) => {
        reply.hijack();
        this.#handler.serveStream(method, request.raw, reply.raw, request.id, request.query as Record<string, unknown>);
      });
      const sessionPath = `${httpPath}/session`;
      this.#paths.set(sessionPath, 'POST');
      this.#app.post(sessionPath, (request, reply) => {
        reply.hijack();
        this.#handler.serveSession(method, request.raw, reply.raw, request.id);
      });
    }
    for (const path of addDocumentation(this.#app, dispatcher.methods, dispatcher.streams)) {
      this.#paths.set(path, 'GET, HEAD');
    }
    this.#app.setNotFoundHandler((request, reply) => {
      reply.hijack();
      this.#refuseUnknown(request.raw, reply.raw, request.id);
    });
    await this.#app.ready();
  }

  accept(socket: Socket, alpnProtocol: AlpnProtocol): void {
    if (this.#closed !== undefined) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, this.#options.peerOf);
    this.#connections.add(connection, () => this.#onProgress());
    if (alpnProtocol === 'h2') {
      this.#serveHttp2(connection);
    } else {
      this.#serveHttp1(connection);
    }
  }

  close({ graceMs }: { readonly graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ graceMs: 0 });
  }

  #serveHttp1(connection: Connection): void {
    // So that a client that has sent its request and closed its side still gets the answer.
    connection.socket.allowHalfOpen = true;
    FastLane.serve(connection, this.#fastLane);
  }

  #serveHttp2(connection: Connection): void {
    // Emitted before `emit('connection')` returns.
    this.#http2.once('session', (session) => this.#connections.addSession(connection, session));
    this.#http2.emit('connection', connection.socket);
  }

  #refuseUnknown(request: IncomingMessage, response: ServerResponse, requestId: string): void {
    const { refusal, allow } = unknownTarget(request.method ?? '', request.url ?? '', this.#paths);
    this.#handler.refuse(request, response, requestId, refusal, allow === undefined ? undefined : { allow });
  }

  #failSlowBodies(): void {
    const startedBeforeMs = performance.now() - this.#options.requestTimeoutMs;
    for (const body of this.#handler.receivingHttp2) {
      if (body.startedAtMs < startedBeforeMs) {
        body.fail(requestTimeout());
      }
    }
  }

  async #close(graceMs: number): Promise<void> {
    this.#handler.closing = true;
    this.#options.dispatcher.endStreams();
    for (const { socket, session, unanswered } of this.#connections.open) {
      if (session !== undefined) {
        session.close();
      } else if (unanswered === 0) {
        socket.destroySoon();
      }
    }
    if (!(await this.#ended(graceMs))) {
      this.#options.log.warn(
        { connections: this.#connections.open.size, requests: this.#handler.running, graceMs },
        'HTTP connections cut off: requests took longer than the time that a shutdown grants them',
      );
      for (const { socket } of this.#connections.open) {
        socket.destroy();
      }
    }
    clearInterval(this.#slowBodyTimer);
    this.#http1?.close();
    await this.#app.close();
  }

  /** Whether within `graceMs` no connection is open and no method running any more. */
  async #ended(graceMs: number): Promise<boolean> {
    const hasEnded = (): boolean => this.#connections.open.size === 0 && this.#handler.running === 0;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(hasEnded()), graceMs);
      this.#onProgress = () => {
        if (hasEnded()) {
          clearTimeout(timer);
          resolve(true);
        }
      };
      this.#onProgress();
    });
  }
}

function noSchemas(): never {
  throw new Error('routes have no schemas: what a request may hold is the contract, which the methods check');
}
