import { asBuffer } from './as-buffer.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

/** Stands for the end of the text where a byte is asked for. */
export const END = -1;

/** Integers of so many digits fit into 32 bits. */
const MOST_DIGITS = 9;

/** 1 for the bytes that stand for themselves in a string: ASCII without control characters, quote and backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/** Bytes that are compared at once. */
const WORD = 4;

/** Text that is looked for again and again, in ASCII, of 4 bytes at least. */
export class WantedText {
  /** In bytes. */
  readonly length: number;
  /** As many as there are as a whole, and the one at the end, which may hold a part of the one before. */
  readonly words: Int32Array;
  readonly lastWord: number;

  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.length = bytes.length;
    this.words = Int32Array.from({ length: Math.floor(bytes.length / WORD) }, (_, index) =>
      bytes.readInt32BE(index * WORD),
    );
    this.lastWord = bytes.readInt32BE(bytes.length - WORD);
  }
}

/**
 * A place in a JSON text, which moves behind what is read. Where that is not of the usual form (see `UsualJsonReader`), the place moves to the end
 * for good and what is returned means nothing: so a reader need not look after each step whether it went well, but once, at {@link failed}.
 */
export class JsonCursor {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  /** A character for each byte, so that strings of ASCII can be cut out of it. */
  readonly #text: string;
  #at = 0;
  #failed = false;

  /** @param bytes valid UTF-8 */
  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#text = this.#bytes.toString('latin1');
  }

  /** Whether something was not of the usual form. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Something is not of the usual form. */
  fail(): void {
    this.#failed = true;
    this.#at = this.#bytes.length;
  }

  /** The next byte that is no white space, which is taken; {@link END} where there is none. */
  take(): number {
    const byte = this.peek();
    this.#at += 1;
    return byte;
  }

  /** As {@link take}, but the byte remains the next one. */
  peek(): number {
    const bytes = this.#bytes;
    const { length } = bytes;
    for (let at = this.#at; at < length; at += 1) {
      const byte = bytes[at] ?? END;
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        this.#at = at;
        return byte;
      }
    }
    this.#at = length;
    return END;
  }

  /** Fails unless this byte is the next one, which is taken. */
  expect(byte: number): void {
    if (this.take() !== byte) {
      this.fail();
    }
  }

  /** Moves behind a text if it comes right behind the place, the byte that was just taken included. */
  skip({ length, words, lastWord }: WantedText): boolean {
    const view = this.#view;
    const start = this.#at - 1;
    const end = start + length;
    if (end > this.#bytes.length) {
      return false;
    }
    for (let index = 0, at = start; index < words.length; index += 1, at += WORD) {
      if (view.getInt32(at) !== words[index]) {
        return false;
      }
    }
    if (view.getInt32(end - WORD) !== lastWord) {
      return false;
    }
    this.#at = end;
    return true;
  }

  /** Moves behind `null` if it comes next. */
  skipNull(): boolean {
    if (this.peek() !== NULL_START) {
      return false;
    }
    this.take();
    if (!this.skip(NULL)) {
      this.fail();
    }
    return true;
  }

  /** Reads a string. */
  string(): string {
    this.expect(QUOTE);
    return this.stringBehindQuote();
  }

  /** Reads a string whose opening quote was just taken. */
  stringBehindQuote(): string {
    const bytes = this.#bytes;
    const { length } = bytes;
    const start = this.#at;
    let end = start;
    while (end < length && PLAIN[bytes[end] ?? 0] === 1) {
      end += 1;
    }
    if (end < length && bytes[end] === QUOTE) {
      this.#at = end + 1;
      return this.#text.slice(start, end);
    }
    return this.#rareString(start, end);
  }

  /** A string with escapes or other characters than those of ASCII, of which the first is at `from`. */
  #rareString(start: number, from: number): string {
    const bytes = this.#bytes;
    let end = from;
    let isAscii = true;
    let hasEscapes = false;
    for (let byte = bytes[end]; byte !== QUOTE; byte = bytes[end]) {
      if (byte === undefined || byte < SPACE) {
        this.fail();
        return '';
      }
      if (byte === BACKSLASH) {
        hasEscapes = true;
        end += 1;
      }
      isAscii &&= byte < 0x80;
      end += 1;
    }
    this.#at = end + 1;
    if (!hasEscapes) {
      return bytes.toString('utf8', start, end);
    }
    const json = isAscii ? this.#text.slice(start - 1, end + 1) : bytes.toString('utf8', start - 1, end + 1);
    const text = parseString(json);
    if (text === undefined) {
      this.fail();
    }
    return text ?? '';
  }

  /** Reads an integer that is not negative and surely fits into 32 bits. */
  integer(): number {
    const bytes = this.#bytes;
    const first = this.take();
    const start = this.#at;
    let at = start;
    let integer = first - ZERO;
    for (let byte = bytes[at]; byte !== undefined && isDigit(byte); byte = bytes[at]) {
      integer = 10 * integer + byte - ZERO;
      at += 1;
    }
    this.#at = at;
    if (!isDigit(first) || at - start >= MOST_DIGITS || (first === ZERO && at > start)) {
      this.fail();
      return 0;
    }
    return integer;
  }

  /** Reads `true` or `false`. */
  bool(): boolean {
    this.take();
    const isTrue = this.skip(TRUE);
    if (!isTrue && !this.skip(FALSE)) {
      this.fail();
    }
    return isTrue;
  }
}

/** Whether this byte, or code unit, is a digit. */
export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** What a string with escapes says; `undefined` where it is none, or holds half of a surrogate pair. */
function parseString(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' && value.isWellFormed() ? value : undefined;
  } catch {
    return undefined;
  }
}

const NULL = new WantedText('null');
const NULL_START = 0x6e;
const TRUE = new WantedText('true');
const FALSE = new WantedText('false');
