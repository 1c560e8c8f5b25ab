import type { DescMessage } from '@bufbuild/protobuf';
import type { Logger } from 'pino';
import { includesRole, type Principal } from '../auth/principal.js';
import { AppImageError } from '../domain/errors.js';
import type { RequestMetrics } from '../observability/request-metrics.js';
import { encodeFailure } from './wire/envelope.js';
import type { AuditSubject, Encoding, Method, WireRequest, WireResponse } from './wire/method.js';

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

/** Finds a caller by its token; see `src/auth`. */
export interface Authenticator {
  /**
   * @param token the token as sent, or `undefined`
   * @throws AppImageError AUTH_FAILED, saying what is wrong with the token; RATE_LIMITED
   */
  authenticate(token: string | undefined): Principal;
}

/**
 * The one way from a transport to the methods: checks the role, runs the method, turns whatever happens into a response,
 * and leaves a metric and a line in the log.
 */
export class Dispatcher {
  readonly methods: readonly Method[];
  readonly #log: Logger;
  readonly #metrics: RequestMetrics;

  constructor(options: { methods: readonly Method[]; log: Logger; metrics: RequestMetrics }) {
    this.methods = options.methods;
    this.#log = options.log;
    this.#metrics = options.metrics;
  }

  /** Runs a method. Never rejects. */
  async dispatch(method: Method, request: WireRequest, caller: Caller): Promise<WireResponse> {
    const startedAt = performance.now();
    this.#metrics.started();
    let subject: AuditSubject | undefined;
    let response: WireResponse;
    try {
      if (!includesRole(caller.principal.role, method.role)) {
        throw forbidden(caller.principal, method);
      }
      const { body, etag, warnings } = await method.invoke(request, {
        onSubject: (value) => {
          subject = value;
        },
        origin: (message) => ({
          method: method.name,
          tokenName: caller.principal.tokenName,
          certificateSubject: caller.peer().certificateSubject ?? '',
          message,
        }),
      });
      response = { body, etag, warnings, error: undefined };
    } catch (error) {
      response = this.#fail(error, request.encoding, caller, method.descriptor.output);
    }
    const durationMs = performance.now() - startedAt;
    this.#metrics.finished(caller.transport, method.name, response.error?.code ?? 0, durationMs / 1000);
    this.#record(method, caller, response.error, subject, durationMs);
    return response;
  }

  /**
   * The response to a request that reached no method: unknown path, wrong HTTP method, refused caller, body over the limit.
   * Leaves a metric and a line in the log as well.
   */
  refuse(error: unknown, encoding: Encoding, caller: Omit<Caller, 'principal'>, methodName = 'none'): WireResponse {
    const response = this.#fail(error, encoding, caller);
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

  #fail(
    error: unknown,
    encoding: Encoding,
    caller: { readonly requestId: string },
    output?: DescMessage,
  ): WireResponse {
    const known =
      error instanceof AppImageError
        ? error
        : new AppImageError(
            'UNEXPECTED',
            `unexpected error; the log has the details under request id ${caller.requestId}`,
            { cause: error },
          );
    return { body: encodeFailure(known, encoding, output), error: known, etag: undefined, warnings: [] };
  }

  #record(
    method: Method,
    caller: Caller,
    error: AppImageError | undefined,
    subject: AuditSubject | undefined,
    durationMs: number,
  ): void {
    const level =
      error === undefined ? (method.mutates ? 'info' : 'debug') : error.cause === undefined ? 'info' : 'error';
    if (!this.#log.isLevelEnabled(level)) {
      return;
    }
    this.#log[level](
      {
        requestId: caller.requestId,
        transport: caller.transport,
        method: method.name,
        ...caller.peer(),
        tokenName: caller.principal.tokenName,
        role: caller.principal.role,
        ...(subject === undefined
          ? {}
          : { appImage: subject.appImage, customHeaders: Object.fromEntries(subject.customHeaders) }),
        code: error?.code ?? 0,
        ...(error === undefined ? {} : { reason: error.message }),
        ...(error?.cause === undefined ? {} : { err: error.cause }),
        durationMs: Math.round(durationMs * 1000) / 1000,
        audit: method.mutates,
      },
      method.mutates ? 'mutation' : 'request',
    );
  }
}

function forbidden(principal: Principal, method: Method): AppImageError {
  return new AppImageError(
    'ROLE_FORBIDDEN',
    `token ${principal.tokenName} has the role ${principal.role}, and ${method.name} needs ${method.role}; use a token of that role`,
  );
}
