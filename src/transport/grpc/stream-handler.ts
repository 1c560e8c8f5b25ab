import type { Http2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { type handleServerStreamingCall, Metadata, type ServerWritableStream, status } from '@grpc/grpc-js';
import type { Principal } from '../../auth/principal.js';
import { tokenFromHeaders } from '../../auth/token-from-headers.js';
import type { AppImageError } from '../../domain/errors.js';
import { requestIdFrom } from '../request-id.js';
import type { StreamEnd, StreamSink } from '../stream-run.js';
import { whileOpen } from '../while-open.js';
import { asBuffer } from '../wire/as-buffer.js';
import { encodeFailure } from '../wire/envelope.js';
import type { StreamMessage, StreamMethod } from '../wire/method.js';
import type { Connections } from './connections.js';
import { grpcStatusOf } from './grpc-status.js';
import { LONGEST_TIMER_MS } from './timeout-header.js';
import type { HandlerContext } from './unary-handler.js';

/** A call before its request is decoded and after its messages are encoded: the method itself does both. */
type RawStreamCall = ServerWritableStream<Buffer, Buffer>;

/**
 * Messages on their way to a client at a time. What grpc-js would queue (16 of any size) is memory that a client which does not read holds, and
 * would still go out after its deadline has ended the stream.
 */
const MAX_IN_FLIGHT = 2;
/** How long a client that did not read may take to read what is on its way to it, and then why its stream has ended. */
const LINGER_MS = 5000;

/** Serves one streaming method over gRPC. */
export function streamHandler(
  method: StreamMethod,
  context: HandlerContext & { readonly connections: Connections },
): handleServerStreamingCall<Buffer, Buffer> {
  const { dispatcher, authenticator, connections } = context;
  return (call) => {
    const { metadata } = call;
    const requestId = requestIdFrom(first(metadata, 'x-request-id'));
    // Looked up while the client is certainly there: the line of the log is written when it has gone.
    const found = connections.peer(call.getPeer());
    const caller = { transport: 'grpc', requestId, peer: () => found } as const;
    const token = tokenFromHeaders(first(metadata, 'token'), first(metadata, 'authorization'));
    const sink = new GrpcSink(call, requestId);
    let principal: Principal;
    try {
      principal = authenticator.authenticate(token);
    } catch (error) {
      const refusal = dispatcher.refuse(error, 'protobuf', caller, method);
      sink.end(refusal.error === undefined ? { kind: 'client' } : { kind: 'failed', error: refusal.error });
      return;
    }
    const authenticateAgain = (): Principal => authenticator.authenticate(token);
    void dispatcher
      .stream(method, call.request, { ...caller, principal, authenticateAgain }, sink)
      .then((end) => sink.end(end));
  };
}

class GrpcSink implements StreamSink {
  readonly #call: RawStreamCall;
  readonly #requestId: string;
  readonly #gone = new AbortController();
  #inFlight = 0;
  #resumeToken = '';
  #onReady: (() => void) | undefined;

  constructor(call: RawStreamCall, requestId: string) {
    this.#call = call;
    this.#requestId = requestId;
    // Cancelled by the client, past its deadline, or its connection is gone.
    call.once('cancelled', () => this.#gone.abort());
    this.#startDeadline();
    // What grpc-js has handed to the stream before a deadline ended it may be an error of the stream afterwards, and grpc-js listens for one only.
    http2StreamOf(call)?.on('error', () => undefined);
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  begin(): void {
    const metadata = new Metadata();
    metadata.set('x-request-id', this.#requestId);
    this.#call.sendMetadata(metadata);
  }

  send({ protobuf, resumeToken }: StreamMessage): boolean {
    this.#resumeToken = resumeToken;
    return this.#write(asBuffer(protobuf));
  }

  onceReady(callback: () => void): void {
    if (this.#inFlight < MAX_IN_FLIGHT) {
      callback();
    } else {
      this.#onReady = callback;
    }
  }

  /** Tells the client how its stream ended. */
  end(end: StreamEnd): void {
    if (this.#gone.signal.aborted) {
      return;
    }
    this.begin();
    switch (end.kind) {
      case 'client':
        return;
      case 'shutdown': {
        const details = 'server is shutting down; connect again and go on with the last resume token';
        const token = this.#resumeToken === '' ? '' : `, ${this.#resumeToken}`;
        this.#endWith({ code: status.UNAVAILABLE, details: details + token });
        return;
      }
      default:
        this.#fail(end.error);
        if (end.kind === 'too_slow') {
          this.#resetLater(constants.NGHTTP2_ENHANCE_YOUR_CALM);
        }
    }
  }

  #fail(error: AppImageError): void {
    const failure = grpcStatusOf(error);
    if (failure === undefined) {
      this.#write(asBuffer(encodeFailure(error, 'protobuf')));
      this.#call.end();
    } else {
      this.#endWith(failure);
    }
  }

  #endWith(failure: { readonly code: status; readonly details: string }): void {
    // How grpc-js takes the status of a stream.
    this.#call.emit('error', failure);
  }

  /** Returns whether a further message may follow. */
  #write(bytes: Buffer): boolean {
    this.#inFlight += 1;
    this.#call.write(bytes, () => {
      this.#inFlight -= 1;
      const ready = this.#onReady;
      this.#onReady = undefined;
      ready?.();
    });
    return this.#inFlight < MAX_IN_FLIGHT;
  }

  /** grpc-js tells of a deadline that has passed when it could send its status, which waits for a client that does not read. */
  #startDeadline(): void {
    const stream = http2StreamOf(this.#call);
    const leftMs = Number(this.#call.getDeadline()) - Date.now();
    if (stream !== undefined && leftMs <= LONGEST_TIMER_MS) {
      whileOpen(stream, leftMs, () => {
        this.#gone.abort();
        this.#resetLater(constants.NGHTTP2_CANCEL);
      });
    }
  }

  #resetLater(code: number): void {
    const stream = http2StreamOf(this.#call);
    if (stream !== undefined) {
      whileOpen(stream, LINGER_MS, () => stream.close(code));
    }
  }
}

/** grpc-js (1.14) has no way to end a call whose client does not read: its status waits behind the messages for ever. */
function http2StreamOf(call: RawStreamCall): Http2Stream | undefined {
  const { call: inner } = call as unknown as { readonly call?: { readonly stream?: Http2Stream } };
  return inner?.stream;
}

/** The first value of a key; `undefined` where there is none. */
function first(metadata: Metadata, key: string): string | undefined {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value : undefined;
}
