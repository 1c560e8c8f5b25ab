import { AnswerMemory, SMALLEST_LENT_BYTES } from './answer-memory.js';
import { MOST_FIELD_HEADER_BYTES, writeFieldHeader } from './envelope.js';
import type { ResponseBody } from './method.js';

/** Room in front of an answer, for the head that a transport sends before it: a usual one over HTTP takes some 220 bytes. */
const HEAD_ROOM_BYTES = 384;

/** Room that is made ahead at most: what is expected is a guess, and the first of a thousand templates may be by far the largest one. */
const MOST_EXPECTED_BYTES = 4 * 1024 * 1024;

const memory = new AnswerMemory();

/** Bytes that are put together piece by piece: each is copied once, to where it is sent from. */
export class AnswerBuffer {
  #bytes: Buffer;
  #start = HEAD_ROOM_BYTES;
  #end = HEAD_ROOM_BYTES;

  /** @param expectedBytes what there is room for at first */
  constructor(expectedBytes: number) {
    this.#bytes = allocate(HEAD_ROOM_BYTES + expectedBytes);
  }

  /** Makes room for so many bytes more, up to 4 MiB, where there is less than that. */
  expect(bytes: number): void {
    this.#makeRoom(Math.min(bytes, MOST_EXPECTED_BYTES));
  }

  /** Bytes that it holds. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Appends a single byte, in less time than {@link append} takes for one. */
  appendByte(byte: number): void {
    this.#makeRoom(1);
    this.#bytes[this.#end++] = byte;
  }

  append(piece: Uint8Array): void {
    this.#makeRoom(piece.length);
    this.#bytes.set(piece, this.#end);
    this.#end += piece.length;
  }

  /**
   * Puts a piece in front of what it holds: the start of an answer, which may have to tell how long the rest is. It takes from the room for the
   * head of HTTP, so all such pieces may have some 100 bytes.
   * @throws RangeError where there is no room for it
   */
  prepend(piece: Uint8Array): void {
    this.#bytes.set(piece, this.#start - piece.length);
    this.#start -= piece.length;
  }

  /** Appends the tag and the length of a length-delimited field of protobuf. */
  appendFieldHeader(fieldNumber: number, length: number): void {
    this.#makeRoom(MOST_FIELD_HEADER_BYTES);
    this.#end = writeFieldHeader(this.#bytes, this.#end, fieldNumber, length);
  }

  /** What was appended, and the room in front of it. Nothing may be appended any more. */
  finish(): ResponseBody {
    const bytes = this.#bytes;
    return {
      body: bytes.subarray(this.#start, this.#end),
      room: this.#start,
      release: isLent(bytes) ? () => memory.takeBack(bytes) : undefined,
    };
  }

  #makeRoom(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed > this.#bytes.length) {
      this.#grow(Math.max(needed, Math.ceil(1.25 * this.#bytes.length)));
    }
  }

  #grow(size: number): void {
    const old = this.#bytes;
    this.#bytes = allocate(size);
    this.#bytes.set(old.subarray(0, this.#end));
    if (isLent(old)) {
      memory.takeBack(old);
    }
  }
}

function allocate(bytes: number): Buffer {
  return bytes < SMALLEST_LENT_BYTES ? Buffer.allocUnsafe(bytes) : memory.lend(bytes);
}

/** Whether {@link allocate} was lent a buffer. */
function isLent({ length }: Buffer): boolean {
  return length >= SMALLEST_LENT_BYTES;
}
