import { status } from '@grpc/grpc-js';
import type { CallStatus } from './call-status.js';

/** A byte that says whether the message is compressed, and four of its length. */
export const MESSAGE_HEAD_BYTES = 5;
const COMPRESSED = 1;

const SECOND_MESSAGE: CallStatus = {
  code: status.UNIMPLEMENTED,
  details: 'the method takes one request message, and a second one came',
};

/** Puts together the one message of a request, which may come in pieces that are cut anywhere. */
export class MessageReader {
  readonly #maxBytes: number;
  #headBytes = 0;
  #flag = 0;
  /** Of the message that is being read. */
  #length = 0;
  #bodyBytes = 0;
  /** What has come of a message that comes in pieces. Copied: a piece of one byte would hold on to all that was read with it. */
  #pieces: Buffer | undefined;
  #message: Buffer | undefined;
  #compressed = false;

  /** @param maxBytes the largest message that is read */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The message, as soon as all of it is here. */
  get message(): Buffer | undefined {
    return this.#message;
  }

  /** Whether the message is said to be compressed. */
  get compressed(): boolean {
    return this.#compressed;
  }

  /**
   * Reads on; where the request is not to be read any further, returns why. Holds no more than twice of what has come of a message, none of it where it is
   * too large, and nothing of a second one, which counts when it is complete.
   */
  push(chunk: Buffer): CallStatus | undefined {
    let at = 0;
    while (at < chunk.length) {
      at = this.#readHead(chunk, at);
      if (this.#headBytes < MESSAGE_HEAD_BYTES) {
        return undefined;
      }
      if (this.#length > this.#maxBytes) {
        const details = `Received message larger than max (${this.#length} vs ${this.#maxBytes})`;
        return { code: status.RESOURCE_EXHAUSTED, details };
      }
      const end = Math.min(chunk.length, at + this.#length - this.#bodyBytes);
      const piece = chunk.subarray(at, end);
      at = end;
      this.#bodyBytes += piece.length;
      const complete = this.#bodyBytes === this.#length;
      if (this.#message !== undefined) {
        if (complete) {
          return SECOND_MESSAGE;
        }
      } else if (complete) {
        this.#finish(piece);
      } else {
        this.#keep(piece);
      }
    }
    return undefined;
  }

  #readHead(chunk: Buffer, from: number): number {
    let at = from;
    while (this.#headBytes < MESSAGE_HEAD_BYTES && at < chunk.length) {
      const byte = chunk[at] ?? 0;
      if (this.#headBytes === 0) {
        this.#flag = byte;
      } else {
        this.#length = this.#length * 256 + byte;
      }
      this.#headBytes += 1;
      at += 1;
    }
    return at;
  }

  #keep(piece: Buffer): void {
    const { length } = piece;
    const kept = this.#bodyBytes - length;
    if (this.#pieces === undefined || this.#pieces.length < this.#bodyBytes) {
      const larger = Buffer.allocUnsafe(Math.min(this.#length, 2 * this.#bodyBytes));
      this.#pieces?.copy(larger, 0, 0, kept);
      this.#pieces = larger;
    }
    piece.copy(this.#pieces, kept);
  }

  /** The last piece is here; a message in one piece is not copied. */
  #finish(piece: Buffer): void {
    if (this.#pieces !== undefined) {
      this.#keep(piece);
    }
    this.#message = this.#pieces ?? piece;
    this.#compressed = this.#flag === COMPRESSED;
    this.#pieces = undefined;
    this.#headBytes = 0;
    this.#length = 0;
    this.#bodyBytes = 0;
  }
}
