import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import {
  type handleUnaryCall,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerInterceptingCall,
  type ServerInterceptor,
  type ServiceDefinition,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Authenticator } from '../../auth/authenticator.js';
import { answerTimeoutOf } from '../answer-timeout.js';
import type { Dispatcher } from '../dispatcher.js';
import { grpcPath, type StreamMethod } from '../wire/method.js';
import { registry } from '../wire/schema.js';
import { CallTimeouts } from './call-timeouts.js';
import { Connections } from './connections.js';
import { HEALTH_SERVICE, HealthService } from './health-service.js';
import { http2ServerOf, takeStreams } from './http2-server.js';
import { ReflectionService } from './reflection-service.js';
import { RequestTimeout } from './request-timeout.js';
import { streamHandler } from './stream-handler.js';
import { serveUnaryCall, type UnaryCallOptions, type UnaryHandler } from './unary-call.js';
import { unaryHandler } from './unary-handler.js';

/** What grpc-js tells an interceptor. */
type InterceptedMethod = Parameters<ServerInterceptor>[0];
type InterceptedCall = Parameters<ServerInterceptor>[1];

export interface GrpcServerOptions {
  readonly dispatcher: Dispatcher;
  readonly authenticator: Authenticator;
  readonly log: Logger;
  /** Whether the store answers: what `grpc.health.v1` says. */
  readonly ready: () => Promise<boolean>;
  /** Largest request message, in bytes after decompression; a larger one ends with RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes: number;
  /** How long a request message may take to arrive once its call has begun; afterwards the call ends with DEADLINE_EXCEEDED. */
  readonly requestTimeoutMs: number;
}

/** Calls that one connection may have open at once, watches included; further ones wait at the client. */
const MAX_CONCURRENT_CALLS = 2048;
/** Metadata of one request, counted as HTTP/2 does: 32 bytes for each entry besides its name and value. */
const MAX_METADATA_BYTES = 16 * 1024;
/**
 * What a client may send on a stream of another method than those that have one response: they take requests of some bytes, and some of them take
 * these from anybody.
 */
const MAX_OTHER_REQUEST_BYTES = 64 * 1024;
/** A connection without traffic is asked whether the client is still there, so that dead ones do not pile up. */
const KEEPALIVE_TIME_MS = 60_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;
/** How long a connection may outlive its forced end before its socket is destroyed. */
const FORCED_END_MS = 1000;

// grpc-js writes to stderr what it cannot read of a request's metadata, the token included.
setLogVerbosity(logVerbosity.NONE);

/** The gRPC side of the service, on connections that somebody else has accepted and secured. */
export class GrpcServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #injector: ReturnType<Server['createConnectionInjector']>;
  readonly #connections = new Connections();
  readonly #timeouts: CallTimeouts;
  /** For what grpc-js serves: who needs no token must not be able to displace those who have one. */
  readonly #otherRequestTimeout: RequestTimeout;
  /** The calls of these by the one object that grpc-js shows both to an interceptor and to a handler. */
  readonly #otherCalls = new WeakMap<object, InterceptedCall>();
  /** The handlers of methods with one response, by path. */
  readonly #unaryHandlers: ReadonlyMap<string, UnaryHandler>;
  readonly #unaryOptions: UnaryCallOptions;
  readonly #health: HealthService;
  readonly #dispatcher: Dispatcher;
  readonly #log: Logger;
  #closed: Promise<void> | undefined;

  constructor(options: GrpcServerOptions) {
    const { dispatcher, authenticator, maxMessageBytes, requestTimeoutMs, ready } = options;
    this.#dispatcher = dispatcher;
    this.#log = options.log;
    this.#timeouts = new CallTimeouts({ requestMs: requestTimeoutMs, answerMs: answerTimeoutOf(requestTimeoutMs) });
    this.#otherRequestTimeout = new RequestTimeout(requestTimeoutMs);
    this.#server = new Server({
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_concurrent_streams': MAX_CONCURRENT_CALLS,
      'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      // Its counters would cost every call something, and nothing here reads them.
      'grpc.enable_channelz': 0,
      interceptors: [(definition, call) => this.#intercept(definition, call)],
    });
    const context = { dispatcher, authenticator, connections: this.#connections };
    this.#unaryOptions = { maxMessageBytes, timeouts: this.#timeouts };
    this.#unaryHandlers = new Map(
      dispatcher.methods.map((method) => [grpcPath(method), unaryHandler(method, context)]),
    );
    for (const method of dispatcher.streams) {
      this.#addService({ [method.name]: rawDefinition(method) }, { [method.name]: streamHandler(method, context) });
    }
    const methods = [...dispatcher.methods, ...dispatcher.streams];
    const services = new Set(methods.map(({ descriptor }) => descriptor.parent.typeName));
    this.#health = new HealthService(services, ready);
    this.#addService(this.#health.definition, this.#health.handlers);
    const reflection = new ReflectionService(registry, [...services, HEALTH_SERVICE]);
    for (const definition of reflection.definitions) {
      this.#server.addService(definition, reflection.handlers);
    }
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const http2Server = http2ServerOf(this.#server);
    // grpc-js has no option for it, and without one a caller that has no token yet could send megabytes.
    http2Server.updateSettings({ maxHeaderListSize: MAX_METADATA_BYTES });
    takeStreams(http2Server, (stream, headers) => this.#take(stream, headers));
  }

  /**
   * Takes over a connection: an established TLS one that agreed on `h2`, or a plain one. Once {@link close} has been called, it
   * is cut.
   */
  accept(socket: Socket): void {
    if (this.#closed !== undefined || socket.destroyed) {
      socket.destroy();
      return;
    }
    this.#connections.add(socket);
    this.#injector.injectConnection(socket);
  }

  /**
   * Stops taking calls, lets those in flight finish for `graceMs` milliseconds, then cuts them. Resolves when the last connection
   * is gone; safe to call again.
   */
  async close({ graceMs }: { graceMs: number }): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ graceMs: 0 });
  }

  async #close(graceMs: number): Promise<void> {
    this.#health.shutDown();
    this.#dispatcher.endStreams();
    this.#injector.drain(graceMs);
    const warning = setTimeout(() => this.#warnOfForcedEnd(graceMs), graceMs);
    const lastResort = setTimeout(() => this.#connections.destroyAll(), graceMs + FORCED_END_MS);
    await this.#connections.whenEmpty();
    clearTimeout(warning);
    clearTimeout(lastResort);
    this.#timeouts[Symbol.dispose]();
    this.#otherRequestTimeout[Symbol.dispose]();
    this.#server.forceShutdown();
  }

  #warnOfForcedEnd(graceMs: number): void {
    const { size } = this.#connections;
    this.#log.warn(
      { transport: 'grpc', connections: size },
      `gRPC calls were still open after ${graceMs} ms, and have been cut`,
    );
  }

  /** Serves the stream where it is a call with one response. */
  #take(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
    const handler = this.#unaryHandlers.get(headers[':path'] ?? '');
    if (handler === undefined) {
      limitRequest(stream);
      return false;
    }
    serveUnaryCall(stream, headers, handler, this.#unaryOptions);
    return true;
  }

  /** Notes the start of a call, and hands it back as it is, since wrapping it costs time. */
  #intercept({ requestStream }: InterceptedMethod, call: InterceptedCall): ServerInterceptingCall {
    if (!requestStream) {
      this.#otherCalls.set(call.getMetricsRecorder(), call);
      this.#otherRequestTimeout.began(call);
    }
    return call as unknown as ServerInterceptingCall;
  }

  #addService(definition: ServiceDefinition, handlers: UntypedServiceImplementation): void {
    const punctual = Object.entries(handlers).map(([name, handler]) => {
      const unary = handler as handleUnaryCall<unknown, unknown>;
      const received: handleUnaryCall<unknown, unknown> = (call, respond) => {
        const intercepted = this.#otherCalls.get(call.getMetricsRecorder());
        if (intercepted !== undefined) {
          this.#otherRequestTimeout.received(intercepted);
        }
        unary(call, respond);
      };
      return [name, received] as const;
    });
    this.#server.addService(definition, Object.fromEntries(punctual));
  }
}

/** Resets a stream whose client sends too much. grpc-js has one limit for all methods, and keeps what comes until a message is whole. */
function limitRequest(stream: ServerHttp2Stream): void {
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_OTHER_REQUEST_BYTES) {
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  });
}

/** Bytes go through as they are: the method decodes its request and encodes its response. */
function rawDefinition(method: StreamMethod): ServiceDefinition[string] {
  return {
    path: grpcPath(method),
    requestStream: false,
    responseStream: true,
    requestSerialize: untouched,
    requestDeserialize: untouched,
    responseSerialize: untouched,
    responseDeserialize: untouched,
  };
}

function untouched(bytes: Buffer): Buffer {
  return bytes;
}
