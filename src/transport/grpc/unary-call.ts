import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import type { Caller, Peer } from '../dispatcher.js';
import { Stage } from '../stage.js';
import { peerOf } from '../tls/peer.js';
import type { ResponseBody } from '../wire/method.js';
import type { CallStatus } from './call-status.js';
import type { CallTimeouts } from './call-timeouts.js';
import { decompressMessage } from './decompress-message.js';
import { MESSAGE_HEAD_BYTES, MessageReader } from './message-reader.js';
import { timeoutMs } from './timeout-header.js';

/** A call with one request and one response. Both are bytes: the method itself decodes and encodes. */
export interface UnaryCall {
  /** The request message, once it is here. */
  readonly request: Buffer;
  /** Who is calling, as far as the connection tells; nothing is known of a caller who has hung up. */
  readonly peer: Peer;
  /** What the caller sent by a key, which is in lower case; `undefined` where it sent nothing, or what gRPC does not allow. */
  metadata(key: string): string | undefined;
  /** Ends the call with its response. Where it has ended meanwhile, by its deadline or by the client, this goes nowhere. */
  respond(metadata: AnswerMetadata, response: ResponseBody): void;
  /** Ends the call with metadata and no response; otherwise as {@link respond}. */
  fail(metadata: AnswerMetadata, failure: CallStatus): void;
}

/** What an answer says besides its message. */
export interface AnswerMetadata {
  readonly requestId: string;
  readonly etag?: string | undefined;
}

/** Serves the calls of one method. */
export interface UnaryHandler {
  /**
   * Looks at a call in the turn in which it began, whether its request is here or not, so that no more is kept of one that is not wanted than came
   * along with its metadata.
   * @returns who is calling; `undefined` where it has ended the call
   */
  admit(call: UnaryCall): Caller | undefined;
  /** Serves a call that it has admitted, whose request is here. */
  serve(call: UnaryCall, caller: Caller): void;
  /** Is told of a call that it has admitted and will not get to serve. */
  refused(caller: Caller, failure: CallStatus): void;
}

export interface UnaryCallOptions {
  /** Largest request message, in bytes after decompression. */
  readonly maxMessageBytes: number;
  readonly timeouts: CallTimeouts;
}

const CALL = Symbol('call');

/**
 * Listeners are shared, and find their call here until the stream has closed. Node's handle of a closed stream outlives the garbage collector's quick
 * rounds; what its listeners held on to did so as well, which was a tenth of what a call cost, and most of its p99.
 */
type CallStream = ServerHttp2Stream & { [CALL]?: Http2UnaryCall | undefined };

/** Values that gRPC allows; grpc-js passes over any other, as if the key were not there. */
const LEGAL_VALUE = /^[ -~]*$/;

const NO_BYTES = Buffer.of();

const CONTENT_TYPE = 'application/grpc+proto';
const OK_TRAILERS = { 'grpc-status': status.OK, 'grpc-message': 'OK' } as const;
const METHOD_NOT_ALLOWED = { ':status': 405, allow: 'POST' } as const;
const UNSUPPORTED_MEDIA_TYPE = { ':status': 415 } as const;

const WITH_TRAILERS = { waitForTrailers: true } as const;
const HEADERS_ONLY = { endStream: true } as const;

/**
 * Serves the call on a new stream, from its headers to its trailers: what grpc-js does for one, for less
 * (docs/decisions/0004-grpc-unary-calls.md).
 */
export function serveUnaryCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  handler: UnaryHandler,
  options: UnaryCallOptions,
): void {
  stream.on('error', ignore);
  if (stream.closed) {
    // Reset by its client before Node has told of it.
    return;
  }
  const refusal = httpRefusal(headers);
  if (refusal !== undefined) {
    stream.respond(refusal, HEADERS_ONLY);
    options.timeouts.surplus.add(stream);
    return;
  }
  const call = new Http2UnaryCall(stream, headers, handler, options);
  (stream as CallStream)[CALL] = call;
  stream.on('data', onData);
  stream.on('end', onEnd);
  stream.on('wantTrailers', onWantTrailers);
  stream.on('close', onClose);
  call.begin();
}

/** How a request is answered that is no call; `undefined` for one that is. */
function httpRefusal(headers: IncomingHttpHeaders): OutgoingHttpHeaders | undefined {
  if (headers[':method'] !== 'POST') {
    return METHOD_NOT_ALLOWED;
  }
  return headers['content-type']?.startsWith('application/grpc') === true ? undefined : UNSUPPORTED_MEDIA_TYPE;
}

class Http2UnaryCall implements UnaryCall {
  /**
   * Calls that arrive in a turn are received first, connection by connection, and then served. One whose request goes on in a later turn is admitted in
   * its first.
   */
  static readonly #serving = new Stage<Http2UnaryCall>(setImmediate, (call) => call.#serve());
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #handler: UnaryHandler;
  readonly #options: UnaryCallOptions;
  readonly #reader: MessageReader;
  /** Whether it is on its way to {@link #serve}. */
  #scheduled = false;
  #admitted = false;
  #caller: Caller | undefined;
  #request: Buffer | undefined;
  /** Whether all that the client sends is here. */
  #received = false;
  #served = false;
  #deadline: NodeJS.Timeout | undefined;
  #trailers: OutgoingHttpHeaders = OK_TRAILERS;
  /** Whether it has been answered, has failed, or has nobody to be answered to. */
  #ended = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    handler: UnaryHandler,
    options: UnaryCallOptions,
  ) {
    this.#stream = stream;
    this.#headers = headers;
    this.#handler = handler;
    this.#options = options;
    this.#reader = new MessageReader(options.maxMessageBytes);
  }

  get request(): Buffer {
    return this.#request ?? NO_BYTES;
  }

  get peer(): Peer {
    return peerOf(this.#stream.session?.socket ?? {});
  }

  metadata(key: string): string | undefined {
    const value = this.#headers[key];
    return typeof value === 'string' && LEGAL_VALUE.test(value) ? value : undefined;
  }

  respond(metadata: AnswerMetadata, response: ResponseBody): void {
    if (this.#end()) {
      if (response.release !== undefined) {
        this.#stream.once('finish', response.release);
      }
      this.#stream.respond(answerHeaders(metadata), WITH_TRAILERS);
      this.#stream.end(messageOf(response));
      this.#answered();
    }
  }

  fail(metadata: AnswerMetadata, { code, details }: CallStatus): void {
    if (this.#end()) {
      this.#trailers = { 'grpc-status': code, 'grpc-message': encodeURI(details) };
      this.#stream.respond(answerHeaders(metadata), WITH_TRAILERS);
      this.#stream.end();
      this.#answered();
    }
  }

  /** Ends the call with nothing but a status; otherwise as {@link respond}. */
  sendStatus(failure: CallStatus): void {
    this.#admit();
    if (this.#end()) {
      this.#stream.respond(statusHeaders(failure, this.#caller?.requestId), HEADERS_ONLY);
      this.#answered();
      if (this.#caller !== undefined && !this.#served) {
        this.#handler.refused(this.#caller, failure);
      }
    }
  }

  begin(): void {
    this.#options.timeouts.request.began(this);
    const timeout = this.metadata('grpc-timeout');
    if (timeout !== undefined) {
      this.#startDeadline(timeout);
    }
    this.#schedule();
  }

  onData(chunk: Buffer): void {
    // What a client sends to a call that has failed is read and dropped, so that it does not stay in memory.
    const failure = this.#ended ? undefined : this.#reader.push(chunk);
    if (failure !== undefined) {
      this.sendStatus(failure);
    }
  }

  onEnd(): void {
    this.#received = true;
    this.#options.timeouts.surplus.delete(this.#stream);
    // Node tells of the end also where the client has reset the stream before it.
    if (this.#ended || this.#stream.closed) {
      return;
    }
    this.#options.timeouts.request.received(this);
    const { message, compressed } = this.#reader;
    if (message === undefined) {
      this.sendStatus({ code: status.UNIMPLEMENTED, details: 'the method takes a request message, and none came' });
    } else if (compressed) {
      this.#decompress(message);
    } else {
      this.#requested(message);
    }
  }

  onWantTrailers(): void {
    this.#stream.sendTrailers(this.#trailers);
  }

  onClose(): void {
    this.#end();
    clearTimeout(this.#deadline);
    this.#options.timeouts.answer.delete(this.#stream);
    this.#options.timeouts.surplus.delete(this.#stream);
  }

  /** Returns whether the call is there to be answered, which it is once. */
  #end(): boolean {
    if (this.#ended) {
      return false;
    }
    this.#ended = true;
    this.#options.timeouts.request.received(this);
    return !this.#stream.destroyed && !this.#stream.closed;
  }

  #answered(): void {
    this.#options.timeouts.answer.add(this.#stream);
    if (!this.#received) {
      this.#options.timeouts.surplus.add(this.#stream);
    }
  }

  #startDeadline(header: string): void {
    const ms = timeoutMs(header);
    if (ms === undefined) {
      this.sendStatus({ code: status.INTERNAL, details: `Invalid grpc-timeout value "${header}"` });
    } else {
      this.#deadline = setTimeout(() => this.#onDeadline(), ms);
    }
  }

  #onDeadline(): void {
    if (this.#ended) {
      // An answer that the client has not taken by now is worth nothing to it.
      this.#stream.close(constants.NGHTTP2_CANCEL);
    } else {
      this.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'Deadline exceeded' });
    }
  }

  #decompress(message: Buffer): void {
    // Not for everybody.
    this.#admit();
    if (this.#ended) {
      return;
    }
    const encoding = this.metadata('grpc-encoding') ?? 'identity';
    decompressMessage(message, encoding, this.#options.maxMessageBytes, (failure, decompressed) => {
      if (failure !== undefined) {
        this.sendStatus(failure);
      } else {
        this.#requested(decompressed);
      }
    });
  }

  #requested(request: Buffer): void {
    this.#request = request;
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      Http2UnaryCall.#serving.add(this);
    }
  }

  /** Looks who is calling, once. Ends the call where nobody may. */
  #admit(): void {
    if (this.#admitted || this.#ended) {
      return;
    }
    this.#admitted = true;
    try {
      this.#caller = this.#handler.admit(this);
    } catch {
      this.#failUnknown();
    }
  }

  #serve(): void {
    this.#scheduled = false;
    this.#admit();
    // It may have ended by its deadline or by its client, while it was decompressed or waited for its turn.
    if (this.#ended || this.#caller === undefined || this.#request === undefined) {
      return;
    }
    this.#served = true;
    try {
      this.#handler.serve(this, this.#caller);
    } catch {
      this.#failUnknown();
    }
  }

  /** As grpc-js has it: a fault ends one call, not the process. */
  #failUnknown(): void {
    this.sendStatus({ code: status.UNKNOWN, details: 'Unknown error' });
  }
}

function onData(this: CallStream, chunk: Buffer): void {
  this[CALL]?.onData(chunk);
}

function onEnd(this: CallStream): void {
  this[CALL]?.onEnd();
}

function onWantTrailers(this: CallStream): void {
  this[CALL]?.onWantTrailers();
}

function onClose(this: CallStream): void {
  this[CALL]?.onClose();
  this[CALL] = undefined;
}

/** The message on the wire; what stands before it is written into the room in front of the body where there is any. */
function messageOf({ body, room = 0 }: ResponseBody): Buffer {
  const { length } = body;
  let message: Buffer;
  if (room >= MESSAGE_HEAD_BYTES) {
    message = Buffer.from(body.buffer, body.byteOffset - MESSAGE_HEAD_BYTES, MESSAGE_HEAD_BYTES + length);
  } else {
    message = Buffer.allocUnsafe(MESSAGE_HEAD_BYTES + length);
    message.set(body, MESSAGE_HEAD_BYTES);
  }
  message[0] = 0;
  message.writeUInt32BE(length, 1);
  return message;
}

/** In the order of grpc-js. Written out, since Node takes two microseconds more for an object that is made by spreading others. */
function answerHeaders({ requestId, etag }: AnswerMetadata): OutgoingHttpHeaders {
  return {
    ':status': 200,
    'content-type': CONTENT_TYPE,
    'grpc-accept-encoding': 'identity,deflate,gzip',
    'grpc-encoding': 'identity',
    'x-request-id': requestId,
    etag,
  };
}

function statusHeaders({ code, details }: CallStatus, requestId: string | undefined): OutgoingHttpHeaders {
  return {
    'grpc-status': code,
    'grpc-message': encodeURI(details),
    ':status': 200,
    'content-type': CONTENT_TYPE,
    'x-request-id': requestId,
  };
}

function ignore(): void {
  // That a stream has failed is told by its end as well.
}
