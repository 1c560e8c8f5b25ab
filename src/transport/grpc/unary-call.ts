import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Metadata, ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { InterceptedCall, RequestTimeout } from './request-timeout.js';

/** What grpc-js tells of a call. */
type CallListener = Parameters<InterceptedCall['start']>[0];
/** How a call ends. */
export type CallStatus = Parameters<InterceptedCall['sendStatus']>[0];

/** Serves one call whose request is there. Its request and response are bytes: the method itself decodes and encodes. */
export type UnaryHandler = (call: UnaryCall) => void;

const OK: CallStatus = { code: status.OK, details: 'OK', metadata: null };

/**
 * A call with one request and one response, answered where grpc-js would let an interceptor look on. Its own handlers get a stream object that
 * costs more than all that is done here, and end a call only after its response has been written.
 */
export class UnaryCall extends ServerInterceptingCall implements CallListener {
  readonly #call: InterceptedCall;
  readonly #handler: UnaryHandler;
  readonly #timeout: RequestTimeout;
  #metadata: Metadata | undefined;
  #request: Buffer | undefined;

  constructor(call: InterceptedCall, handler: UnaryHandler, timeout: RequestTimeout) {
    super(call);
    this.#call = call;
    this.#handler = handler;
    this.#timeout = timeout;
  }

  /** The request message. */
  get request(): Buffer {
    return this.#request ?? Buffer.of();
  }

  /** The first value of a key in the caller's metadata; `undefined` where there is none. */
  metadata(key: string): string | undefined {
    return this.#metadata === undefined ? undefined : first(this.#metadata, key);
  }

  /** Ends the call with its response. Where it was cancelled meanwhile, or its deadline has passed, grpc-js drops it. */
  respond(headers: OutgoingHttpHeaders, response: Buffer): void {
    this.#call.sendMetadata(new InitialMetadata(headers));
    this.#call.sendMessage(response, ignore);
    this.#call.sendStatus(OK);
  }

  /** Ends the call without a response. */
  fail(headers: OutgoingHttpHeaders, failure: CallStatus): void {
    this.#call.sendMetadata(new InitialMetadata(headers));
    this.#call.sendStatus(failure);
  }

  /** The listener of grpc-js would call its own handler, and is left out. */
  override start(): void {
    this.#timeout.began(this, this.#call);
    this.#call.start(this);
    letGoWhenClosed(this.#call);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    this.#call.startRead();
  }

  onReceiveMessage(request: Buffer): void {
    if (this.#request !== undefined) {
      this.#refuse('the method takes one request message, and a second one came');
      return;
    }
    this.#request = request;
    this.#call.startRead();
  }

  onReceiveHalfClose(): void {
    this.#timeout.received(this);
    if (this.#request === undefined) {
      this.#refuse('the method takes a request message, and none came');
      return;
    }
    try {
      this.#handler(this);
    } catch {
      // As grpc-js has it: a fault ends one call, not the process.
      this.#call.sendStatus({ code: status.UNKNOWN, details: 'Unknown error' });
    }
  }

  onCancel(): void {
    // What has begun is finished, since it may be a change; its answer goes nowhere.
  }

  #refuse(details: string): void {
    this.#call.sendStatus({ code: status.UNIMPLEMENTED, details });
  }
}

/**
 * Frees what a call consists of as soon as its stream has closed. Node's handle of a closed stream outlives the garbage collector's quick rounds,
 * and with it, by way of the listeners, everything that grpc-js and we made for the call: that was a tenth of what a call costs, and
 * most of its p99. The stream is a private field of grpc-js 1.14; without it, all that is lost is the time.
 */
function letGoWhenClosed(call: InterceptedCall): void {
  const { stream } = call as unknown as { stream?: ServerHttp2Stream };
  stream?.once('close', () => {
    stream.removeAllListeners();
    // An error that comes later still concerns nobody, but must not end the process for want of a listener.
    stream.on('error', ignore);
  });
}

/** Headers that are known to be fit to be sent, which `Metadata` checks one by one and copies twice. */
class InitialMetadata extends Metadata {
  readonly #headers: OutgoingHttpHeaders;

  constructor(headers: OutgoingHttpHeaders) {
    super();
    this.#headers = headers;
  }

  override toHttp2Headers(): OutgoingHttpHeaders {
    return this.#headers;
  }
}

/** The first value of a key; `undefined` where there is none. */
export function first(metadata: Metadata, key: string): string | undefined {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value : undefined;
}

function ignore(): void {
  // What the stream itself tells, or nobody needs to know any more.
}
