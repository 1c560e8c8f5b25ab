import type { DescMessage } from '@bufbuild/protobuf';
import type { Logger } from 'pino';
import { includesRole, type Principal } from '../auth/principal.js';
import type { ChangeOrigin } from '../domain/app-image/revision.js';
import { AppImageError } from '../domain/errors.js';
import type { RequestMetrics } from '../observability/request-metrics.js';
import type { StreamMetrics } from '../observability/stream-metrics.js';
import { type StreamEnd, StreamRun, type StreamSink } from './stream-run.js';
import { encodeFailure } from './wire/envelope.js';
import {
  type AuditSubject,
  type CallContext,
  type Encoding,
  type Method,
  type MethodResult,
  NO_WARNINGS,
  type StreamMethod,
  type WireRequest,
  type WireResponse,
} from './wire/method.js';

/** Where a request came from, as far as the connection tells. */
export interface Peer {
  readonly address: string;
  /** Subject of the client certificate, e.g. `CN=alice,O=example`; `undefined` where there is none. */
  readonly certificateSubject: string | undefined;
}

/** Who sent a request, and over what. */
export interface Caller {
  readonly transport: 'http' | 'grpc';
  readonly requestId: string;
  readonly principal: Principal;
  /** Looked up only for a line in the log, since it costs more than a query does. */
  peer(): Peer;
}

/** Who opened a stream. */
export interface StreamCaller extends Caller {
  /**
   * Authenticates once more, since a stream may outlive its token.
   * @throws AppImageError as `Authenticator.authenticate`
   */
  authenticateAgain(): Principal;
}

/** A method that is running, and what it learns of its caller. */
class Call implements CallContext {
  readonly method: Method;
  readonly caller: Caller;
  readonly encoding: Encoding;
  readonly startedAtMs = performance.now();
  subject: AuditSubject | undefined;

  constructor(method: Method, caller: Caller, encoding: Encoding) {
    this.method = method;
    this.caller = caller;
    this.encoding = encoding;
  }

  onSubject(subject: AuditSubject): void {
    this.subject = subject;
  }

  origin(message: string): ChangeOrigin {
    const { caller, method } = this;
    return {
      method: method.name,
      tokenName: caller.principal.tokenName,
      certificateSubject: caller.peer().certificateSubject ?? '',
      message,
    };
  }
}

/**
 * The one way from a transport to the methods: checks the role, runs the method, turns whatever happens into a response,
 * and leaves a metric and a line in the log.
 */
export class Dispatcher {
  readonly methods: readonly Method[];
  readonly streams: readonly StreamMethod[];
  readonly #log: Logger;
  readonly #metrics: RequestMetrics;
  readonly #streamMetrics: StreamMetrics | undefined;
  readonly #running = new Set<StreamRun>();

  constructor(options: {
    methods: readonly Method[];
    streams?: { readonly methods: readonly StreamMethod[]; readonly metrics: StreamMetrics };
    log: Logger;
    metrics: RequestMetrics;
  }) {
    this.methods = options.methods;
    this.streams = options.streams?.methods ?? [];
    this.#streamMetrics = options.streams?.metrics;
    this.#log = options.log;
    this.#metrics = options.metrics;
  }

  /** Runs a method, and returns its response at once where the method need not wait. Neither throws nor rejects. */
  dispatch(method: Method, request: WireRequest, caller: Caller): WireResponse | Promise<WireResponse> {
    const call = new Call(method, caller, request.encoding);
    this.#metrics.started();
    let result: MethodResult | Promise<MethodResult>;
    try {
      expectRole(caller.principal, method);
      result = method.invoke(request, call);
    } catch (error) {
      return this.#failed(call, error);
    }
    return result instanceof Promise
      ? result.then(
          (later) => this.#succeeded(call, later),
          (error: unknown) => this.#failed(call, error),
        )
      : this.#succeeded(call, result);
  }

  /**
   * Runs a stream until it ends, and says how, for the transport to tell the client. Where it could not begin, `sink.begin` has not been
   * called. Never rejects.
   */
  async stream(method: StreamMethod, request: Uint8Array, caller: StreamCaller, sink: StreamSink): Promise<StreamEnd> {
    const startedAt = performance.now();
    const run = new StreamRun(method, sink, {
      recheck: () => expectRole(reauthenticated(caller), method),
      onSent: (events) => this.#streamMetrics?.streamSent(caller.transport, events),
    });
    let subject: Readonly<Record<string, string>> = {};
    const line = (): object => ({ ...this.#lineOf(method, caller), ...subject });
    this.#running.add(run);
    this.#streamMetrics?.streamBegan(caller.transport);
    let end: StreamEnd;
    try {
      expectRole(caller.principal, method);
      const messages = await method.open(request, {
        signal: sink.signal,
        onSubject: (value) => {
          subject = value;
        },
      });
      this.#log.info(line(), 'stream began');
      end = await run.forward(messages);
    } catch (error) {
      end = { kind: 'failed', error: known(error, caller.requestId) };
    }
    this.#running.delete(run);
    this.#streamMetrics?.streamEnded(caller.transport, end.kind);
    const error = 'error' in end ? end.error : undefined;
    this.#log[error?.cause === undefined ? 'info' : 'error'](
      {
        ...line(),
        end: end.kind,
        ...(error === undefined ? {} : { code: error.code, reason: error.message }),
        ...(error?.cause === undefined ? {} : { err: error.cause }),
        sentEvents: run.sentEvents,
        lastResumeToken: run.resumeToken,
        durationMs: Math.round(performance.now() - startedAt),
      },
      'stream ended',
    );
    return end;
  }

  /**
   * Lets a caller open streams in another way than with its token from now on.
   * @throws AppImageError ROLE_FORBIDDEN
   */
  admit(method: StreamMethod, caller: Caller): void {
    expectRole(caller.principal, method);
    this.#log.info(this.#lineOf(method, caller), 'stream session opened');
  }

  /** Ends every stream, since the server shuts down. */
  endStreams(): void {
    for (const method of this.streams) {
      method.end();
    }
    for (const run of this.#running) {
      run.shutDown();
    }
  }

  /**
   * The response to a request that did not get as far as its method, or is for none: unknown path, wrong HTTP method, refused caller,
   * body over the limit.
   * Leaves a metric and a line in the log as well.
   */
  refuse(
    error: unknown,
    encoding: Encoding,
    caller: Omit<Caller, 'principal'>,
    method?: Method | StreamMethod,
  ): WireResponse {
    const methodName = method?.name ?? 'none';
    const response = this.#fail(error, encoding, caller, method?.descriptor.output);
    this.#metrics.refused(caller.transport, methodName, response.error?.code ?? 0);
    this.#log.warn(
      {
        requestId: caller.requestId,
        transport: caller.transport,
        method: methodName,
        ...caller.peer(),
        code: response.error?.code,
        reason: response.error?.message,
      },
      'request refused',
    );
    return response;
  }

  #succeeded(call: Call, { body, room, release, etag, warnings = NO_WARNINGS }: MethodResult): WireResponse {
    return this.#finished(call, { body, room, release, etag, warnings, error: undefined });
  }

  #failed(call: Call, error: unknown): WireResponse {
    return this.#finished(call, this.#fail(error, call.encoding, call.caller, call.method.descriptor.output));
  }

  #finished(call: Call, response: WireResponse): WireResponse {
    const { method, caller, startedAtMs } = call;
    const { error } = response;
    const durationMs = performance.now() - startedAtMs;
    this.#metrics.finished(caller.transport, method.name, error?.code ?? 0, durationMs / 1000);
    this.#record(call, error, durationMs);
    return response;
  }

  #fail(
    error: unknown,
    encoding: Encoding,
    caller: { readonly requestId: string },
    output?: DescMessage,
  ): WireResponse {
    const failure = known(error, caller.requestId);
    return { body: encodeFailure(failure, encoding, output), error: failure, etag: undefined, warnings: NO_WARNINGS };
  }

  #lineOf(method: Method | StreamMethod, caller: Caller): object {
    return {
      requestId: caller.requestId,
      transport: caller.transport,
      method: method.name,
      ...caller.peer(),
      tokenName: caller.principal.tokenName,
      role: caller.principal.role,
    };
  }

  #record({ method, caller, subject }: Call, error: AppImageError | undefined, durationMs: number): void {
    const level =
      error === undefined ? (method.mutates ? 'info' : 'debug') : error.cause === undefined ? 'info' : 'error';
    if (!this.#log.isLevelEnabled(level)) {
      return;
    }
    const { address, certificateSubject } = caller.peer();
    const { tokenName, role } = caller.principal;
    // All fields by name, those that there are none of as `undefined`, which the log leaves out: an object put together by
    // spreading costs the logger three times as much to read.
    this.#log[level](
      {
        requestId: caller.requestId,
        transport: caller.transport,
        method: method.name,
        address,
        certificateSubject,
        tokenName,
        role,
        appImage: subject?.appImage,
        customHeaders: subject && Object.fromEntries(subject.customHeaders),
        code: error?.code ?? 0,
        reason: error?.message,
        err: error?.cause,
        durationMs: Math.round(durationMs * 1000) / 1000,
        audit: method.mutates,
      },
      method.mutates ? 'mutation' : 'request',
    );
  }
}

/** @throws AppImageError ROLE_FORBIDDEN */
function expectRole(principal: Principal, method: Pick<Method, 'name' | 'role'>): void {
  if (!includesRole(principal.role, method.role)) {
    throw new AppImageError(
      'ROLE_FORBIDDEN',
      `token ${principal.tokenName} has the role ${principal.role}, and ${method.name} needs ${method.role}; use a token of that role`,
    );
  }
}

/** What a caller may be told of a fault. */
function known(error: unknown, requestId: string): AppImageError {
  return error instanceof AppImageError
    ? error
    : new AppImageError('UNEXPECTED', `unexpected error; the log has the details under request id ${requestId}`, {
        cause: error,
      });
}

/** A caller that sends too many other requests does not lose its streams. */
function reauthenticated(caller: StreamCaller): Principal {
  try {
    return caller.authenticateAgain();
  } catch (error) {
    if (error instanceof AppImageError && error.reason === 'RATE_LIMITED') {
      return caller.principal;
    }
    throw error;
  }
}
