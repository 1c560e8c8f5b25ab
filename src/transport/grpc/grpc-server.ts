import type { ServerOptions as Http2ServerOptions } from 'node:http2';
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
import type { Dispatcher } from '../dispatcher.js';
import { grpcPath, type Method, type StreamMethod } from '../wire/method.js';
import { descriptorSet } from '../wire/schema.js';
import { Connections } from './connections.js';
import { HealthService } from './health-service.js';
import { createReflectionService } from './reflection-service.js';
import { type InterceptedCall, RequestTimeout } from './request-timeout.js';
import { streamHandler } from './stream-handler.js';
import { UnaryCall, type UnaryHandler } from './unary-call.js';
import { unaryHandler } from './unary-handler.js';

/** What grpc-js tells an interceptor of a method. */
type InterceptedMethod = Parameters<ServerInterceptor>[0];

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
  readonly #requestTimeout: RequestTimeout;
  /** The handlers of methods with one response, by path. */
  readonly #unaryHandlers: ReadonlyMap<string, UnaryHandler>;
  readonly #health: HealthService;
  readonly #dispatcher: Dispatcher;
  readonly #log: Logger;
  #closed: Promise<void> | undefined;

  constructor(options: GrpcServerOptions) {
    const { dispatcher, authenticator, maxMessageBytes, requestTimeoutMs, ready } = options;
    this.#dispatcher = dispatcher;
    this.#log = options.log;
    this.#requestTimeout = new RequestTimeout(requestTimeoutMs);
    this.#server = new Server({
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_concurrent_streams': MAX_CONCURRENT_CALLS,
      'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      // Its counters would cost every call something, and nothing here reads them.
      'grpc.enable_channelz': 0,
      interceptors: [(definition, call) => this.#intercept(definition, call)],
    });
    limitMetadata(this.#server);

    const services = servicesOf([...dispatcher.methods, ...dispatcher.streams]);
    const context = { dispatcher, authenticator, connections: this.#connections };
    this.#unaryHandlers = new Map(
      dispatcher.methods.map((method) => [grpcPath(method), unaryHandler(method, context)]),
    );
    for (const methods of services.values()) {
      this.#addService(
        Object.fromEntries(methods.map((method) => [method.name, rawDefinition(method)])),
        Object.fromEntries(
          methods.map((method) => [method.name, isStream(method) ? streamHandler(method, context) : answeredBefore]),
        ),
      );
    }
    this.#health = new HealthService(services.keys(), ready);
    this.#addService(this.#health.definition, this.#health.handlers);
    createReflectionService(descriptorSet.file).addToServer(this.#server);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
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
    this.#requestTimeout[Symbol.dispose]();
    this.#server.forceShutdown();
  }

  #warnOfForcedEnd(graceMs: number): void {
    const { size } = this.#connections;
    this.#log.warn(
      { transport: 'grpc', connections: size },
      `gRPC calls were still open after ${graceMs} ms, and have been cut`,
    );
  }

  /** Answers what has one response; notes the start of other calls, and hands them back as they are, since wrapping them costs time. */
  #intercept({ path, requestStream }: InterceptedMethod, call: InterceptedCall): ServerInterceptingCall {
    const handler = this.#unaryHandlers.get(path);
    if (handler !== undefined) {
      return new UnaryCall(call, handler, this.#requestTimeout);
    }
    if (!requestStream) {
      // The one object that grpc-js shows both to an interceptor and to a handler.
      this.#requestTimeout.began(call.getMetricsRecorder(), call);
    }
    return call as unknown as ServerInterceptingCall;
  }

  #addService(definition: ServiceDefinition, handlers: UntypedServiceImplementation): void {
    const punctual = Object.entries(handlers).map(([name, handler]) => {
      const unary = handler as handleUnaryCall<unknown, unknown>;
      const received: handleUnaryCall<unknown, unknown> = (call, respond) => {
        this.#requestTimeout.received(call.getMetricsRecorder());
        unary(call, respond);
      };
      return [name, received] as const;
    });
    this.#server.addService(definition, Object.fromEntries(punctual));
  }
}

/** Bytes go through as they are: the method decodes its request and encodes its response. */
function rawDefinition(method: Method | StreamMethod): ServiceDefinition[string] {
  return {
    path: grpcPath(method),
    requestStream: false,
    responseStream: isStream(method),
    requestSerialize: untouched,
    requestDeserialize: untouched,
    responseSerialize: untouched,
    responseDeserialize: untouched,
  };
}

/** What grpc-js has for a handler of a method that its interceptor answers. */
function answeredBefore(): never {
  throw new Error('@grpc/grpc-js has passed the interceptor by');
}

function untouched(bytes: Buffer): Buffer {
  return bytes;
}

function isStream(method: Method | StreamMethod): method is StreamMethod {
  return method.descriptor.methodKind === 'server_streaming';
}

function servicesOf(methods: readonly (Method | StreamMethod)[]): ReadonlyMap<string, (Method | StreamMethod)[]> {
  const services = new Map<string, (Method | StreamMethod)[]>();
  for (const method of methods) {
    const service = method.descriptor.parent.typeName;
    services.set(service, [...(services.get(service) ?? []), method]);
  }
  return services;
}

/**
 * grpc-js has no option for node:http2's limit on headers (1.14: `commonServerOptions` in server.ts takes only session memory and
 * stream count from the channel options), and without one a caller that has no token yet could send megabytes.
 */
function limitMetadata(server: Server): void {
  const { commonServerOptions } = server as unknown as { commonServerOptions?: Http2ServerOptions };
  if (commonServerOptions === undefined) {
    throw new Error('@grpc/grpc-js no longer has Server.commonServerOptions; find another way to limit metadata');
  }
  commonServerOptions.settings = { ...commonServerOptions.settings, maxHeaderListSize: MAX_METADATA_BYTES };
}
