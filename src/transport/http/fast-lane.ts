import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Stage } from '../stage.js';
import type { Method, ResponseBody } from '../wire/method.js';
import type { BrokenRequestResponder } from './broken-request.js';
import type { Connection } from './connection.js';
import type { AnswerHeaders, Reply } from './reply.js';
import type { RequestHandler } from './request-handler.js';
import { readUsualHead, type UsualHead } from './usual-head.js';

/** Largest head that is looked at, in bytes. */
const MAX_HEAD_BYTES = 8 * 1024;
/** An answer up to this size is sent in one piece with its head; to copy a larger one costs more than two pieces do. */
const MAX_JOINED_BYTES = 32 * 1024;

/** How long a body may come behind its head, since some clients send them one by one. It must be here in one further piece. */
const BODY_DELAY_MS = 100;

const HEAD_END = '\r\n\r\n';

export interface FastLaneOptions {
  readonly handler: RequestHandler;
  readonly broken: BrokenRequestResponder;
  /** The methods by their paths. */
  readonly methods: ReadonlyMap<string, Method>;
  /** Largest body of a request, in bytes. */
  readonly maxBodyBytes: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long a client may leave an answer where it is. */
  readonly answerTimeoutMs: number;
  /** Takes over a connection on which nothing is under way; what was read and not served has been put back. */
  readonly handOver: (connection: Connection) => void;
}

/**
 * Serves an HTTP/1.1 connection for as long as each request on it has the usual form and arrives in one piece or two, as most do. At the
 * first that does not, the connection goes to Node's own server, which serves the rest of it. This leaves every finer point of HTTP to Node,
 * and spares the common request its parser, streams and response, which cost more than all else about a query
 * (docs/decisions/0003-fast-lane.md).
 */
export class FastLane implements Reply {
  /** What arrives in a turn is received first, socket by socket: that is mostly code of TLS and the kernel, which serving has no use for. */
  static readonly #serving = new Stage<FastLane>(setImmediate, (lane) => lane.#serve());
  /** Answers that are made in a turn, such as those to changes that shared a transaction, are written when all of them are made. */
  static readonly #writing = new Stage<FastLane>(queueMicrotask, (lane) => lane.#write());
  readonly #connection: Connection;
  readonly #socket: Socket;
  readonly #options: FastLaneOptions;
  /** What was read and not served yet. */
  #unread: Buffer | undefined;
  /** The head of the last request, and its bytes: the next one is mostly the same. */
  #head: UsualHead | undefined;
  #headBytes: Buffer = Buffer.of();
  /** Whether the head of a request is here and its body is not. */
  #awaitsBody = false;
  /** The body of the request that is to be served, which that of {@link #head} came before. */
  #body: Buffer | undefined;
  /** Whether a request is here as a whole and its answer has not been written yet. */
  #answering = false;
  /** The answer that is to be written. */
  #answer: Buffer | undefined;
  /** Whether the client has ended its side while an answer was on its way. */
  #ended = false;
  #left = false;

  private constructor(connection: Connection, options: FastLaneOptions) {
    this.#connection = connection;
    this.#socket = connection.socket;
    this.#options = options;
  }

  /** Serves a connection, which must allow to be half open. */
  static serve(connection: Connection, options: FastLaneOptions): void {
    const lane = new FastLane(connection, options);
    const { socket } = connection;
    socket.setTimeout(options.requestTimeoutMs);
    socket.on('data', lane.#onData);
    socket.on('drain', lane.#onDrain);
    socket.on('end', lane.#onEnd);
    socket.on('timeout', lane.#onTimeout);
  }

  /** Answers the request that is being served. */
  send(status: number, headers: AnswerHeaders, response: ResponseBody): void {
    const socket = this.#socket;
    if (!socket.writable) {
      return;
    }
    const closes = 'connection' in headers;
    const head = headText(status, headers, closes ? undefined : this.#options.keepAliveTimeoutMs);
    if (closes) {
      this.#leave();
      socket.setTimeout(this.#options.answerTimeoutMs, () => socket.destroy());
      writeNow(socket, head, response);
      socket.destroySoon();
    } else if (response.release !== undefined || response.body.length > MAX_JOINED_BYTES) {
      writeNow(socket, head, response);
      this.#onWritten();
    } else {
      this.#answer = joined(head, response);
      FastLane.#writing.add(this);
    }
  }

  /** Serves the request that is here. */
  #serve(): void {
    const head = this.#head;
    const body = this.#body;
    this.#body = undefined;
    if (head !== undefined && body !== undefined && !this.#socket.destroyed) {
      this.#options.handler.serveWhole(head, body, this.#connection, this);
    }
  }

  /** Writes the answer that is here. */
  #write(): void {
    const answer = this.#answer;
    this.#answer = undefined;
    if (answer !== undefined && this.#socket.writable) {
      this.#socket.write(answer);
      this.#onWritten();
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#unread = this.#unread === undefined ? chunk : Buffer.concat([this.#unread, chunk]);
    this.#takeUnread();
  };

  /** The client sends no more, and perhaps waits for an answer. */
  readonly #onEnd = (): void => {
    if (this.#answering) {
      this.#ended = true;
      this.#connection.closing = true;
    } else if (this.#awaitsBody) {
      this.#leave();
      this.#options.broken.onCutShort(this.#socket);
    } else {
      this.#socket.end();
    }
  };

  readonly #onTimeout = (): void => {
    if (this.#answering) {
      return;
    }
    if (this.#awaitsBody) {
      this.#handOver();
    } else {
      this.#leave();
      if (this.#head === undefined) {
        this.#options.broken.onSilence(this.#socket);
      } else {
        this.#socket.destroy();
      }
    }
  };

  #onWritten(): void {
    this.#answering = false;
    if (this.#socket.writableNeedDrain) {
      this.#socket.setTimeout(this.#options.answerTimeoutMs);
    }
    if (this.#ended) {
      this.#socket.end();
    } else {
      this.#takeUnread();
    }
  }

  /** The client has taken what it was sent, or nearly all of it. */
  readonly #onDrain = (): void => {
    this.#socket.setTimeout(this.#options.keepAliveTimeoutMs);
    this.#takeUnread();
  };

  /** Takes the next request from what was read, unless there is an answer still to come or to be taken. */
  #takeUnread(): void {
    const socket = this.#socket;
    if (this.#unread !== undefined && !this.#answering && !socket.writableNeedDrain) {
      this.#takeNext(this.#unread);
    }
    if (this.#left) {
      return;
    }
    if (this.#unread !== undefined && !this.#awaitsBody) {
      socket.pause();
      // Back to where it came from: while there is something to read, the socket does not say that the client has ended.
      socket.unshift(this.#unread);
      this.#unread = undefined;
    } else if (socket.isPaused() && !this.#answering && !socket.writableNeedDrain) {
      socket.resume();
    }
  }

  /** Has the request that begins with these bytes served, unless it is not to be served here, or not yet. */
  #takeNext(bytes: Buffer): void {
    const head = this.#readHead(bytes);
    if (head === undefined || head.bodyLength > this.#options.maxBodyBytes) {
      this.#handOver();
      return;
    }
    const bodyAt = this.#headBytes.length;
    const end = bodyAt + head.bodyLength;
    if (end > bytes.length) {
      this.#awaitBody();
      return;
    }
    if (this.#awaitsBody) {
      this.#endWaiting();
    }
    this.#unread = end === bytes.length ? undefined : bytes.subarray(end);
    this.#answering = true;
    this.#body = bytes.subarray(bodyAt, end);
    this.#connection.unanswered += 1;
    FastLane.#serving.add(this);
  }

  #readHead(bytes: Buffer): UsualHead | undefined {
    const last = this.#headBytes;
    if (this.#head !== undefined && last.length <= bytes.length && last.compare(bytes, 0, last.length) === 0) {
      return this.#head;
    }
    const end = bytes.subarray(0, MAX_HEAD_BYTES).indexOf(HEAD_END, 'latin1');
    const head = end < 0 ? undefined : readUsualHead(bytes.toString('latin1', 0, end), this.#options.methods);
    if (head !== undefined) {
      if (this.#head === undefined) {
        this.#socket.setTimeout(this.#options.keepAliveTimeoutMs);
      }
      this.#head = head;
      this.#headBytes = Buffer.from(bytes.subarray(0, end + HEAD_END.length));
    }
    return head;
  }

  #awaitBody(): void {
    if (this.#awaitsBody) {
      this.#handOver();
    } else {
      this.#awaitsBody = true;
      this.#connection.unanswered += 1;
      this.#socket.setTimeout(BODY_DELAY_MS);
    }
  }

  #endWaiting(): void {
    this.#awaitsBody = false;
    this.#connection.unanswered -= 1;
    this.#socket.setTimeout(this.#options.keepAliveTimeoutMs);
  }

  #handOver(): void {
    const socket = this.#socket;
    this.#leave();
    // What is put back to a socket that flows could be lost before the next owner listens.
    socket.pause();
    socket.unshift(this.#unread);
    this.#options.handOver(this.#connection);
    socket.resume();
  }

  #leave(): void {
    const socket = this.#socket;
    if (this.#awaitsBody) {
      this.#endWaiting();
    }
    this.#left = true;
    socket.setTimeout(0);
    socket.off('data', this.#onData);
    socket.off('drain', this.#onDrain);
    socket.off('end', this.#onEnd);
    socket.off('timeout', this.#onTimeout);
  }
}

/** Head and body of an answer in one piece. */
function joined(head: string, { body, room = 0 }: ResponseBody): Buffer {
  if (head.length <= room) {
    const answer = Buffer.from(body.buffer, body.byteOffset - head.length, head.length + body.length);
    answer.write(head, 'latin1');
    return answer;
  }
  const answer = Buffer.allocUnsafe(head.length + body.length);
  answer.write(head, 'latin1');
  answer.set(body, head.length);
  return answer;
}

/** Writes an answer at once, in one piece unless that would copy a large one. */
function writeNow(socket: Socket, head: string, response: ResponseBody): void {
  const { body, room = 0, release } = response;
  if (head.length <= room || body.length <= MAX_JOINED_BYTES) {
    writeAndRelease(socket, joined(head, response), release);
  } else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  }
}

/** Writes an answer, and has its memory released as soon as the socket has no more use for it. */
function writeAndRelease(socket: Socket, answer: Buffer, release: (() => void) | undefined): void {
  if (release === undefined) {
    socket.write(answer);
  } else if (socket instanceof TLSSocket && socket.writableLength === 0) {
    // It is encrypted before `write` returns (`TLSWrap::DoWrite` in Node's src/crypto/crypto_tls.cc); what cannot be encrypted yet is copied. So the
    // next answer gets memory that is still in the processor's caches; the callback would come when all requests of this turn are answered.
    socket.write(answer);
    release();
  } else {
    socket.write(answer, (error) => {
      // What failed to be written may still be held by the socket.
      if (error === null || error === undefined) {
        release();
      }
    });
  }
}

/** The head of an answer; a connection that stays open tells for how long, as Node's own server does. */
function headText(status: number, headers: AnswerHeaders, keepAliveTimeoutMs: number | undefined): string {
  let head = status === 200 ? OK_LINE : statusLine(status);
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) {
      for (const each of value) {
        head += `${name}: ${each}\r\n`;
      }
    } else {
      head += `${name}: ${value}\r\n`;
    }
  }
  return head + lastLines(keepAliveTimeoutMs);
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
}

const OK_LINE = statusLine(200);

let linesSecond = Number.NaN;
let linesTimeoutMs: number | undefined;
let lines = '';

/** The lines that every head ends with, made once for each second. */
function lastLines(keepAliveTimeoutMs: number | undefined): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== linesSecond || keepAliveTimeoutMs !== linesTimeoutMs) {
    linesSecond = second;
    linesTimeoutMs = keepAliveTimeoutMs;
    const date = `Date: ${new Date(now).toUTCString()}\r\n`;
    lines =
      keepAliveTimeoutMs === undefined
        ? `${date}\r\n`
        : `${date}Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeoutMs / 1000)}\r\n\r\n`;
  }
  return lines;
}
