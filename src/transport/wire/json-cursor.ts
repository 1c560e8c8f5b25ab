import { asBuffer } from './as-buffer.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

const NULL = Buffer.from('null');

/** Stands for the end of the text where a byte is asked for. */
export const END = -1;

/** Integers of so many digits fit into 32 bits. */
const MOST_DIGITS = 9;

/** 1 for the bytes that stand for themselves in a string: ASCII without control characters, quote and backslash. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

/**
 * A place in a JSON text, which moves behind what is read. Reading gives `undefined` for all that is not of the usual form (see
 * `UsualJsonReader`); the place is then of no use any more.
 */
export class JsonCursor {
  readonly #bytes: Buffer;
  /** A character for each byte, so that strings of ASCII can be cut out of it. */
  readonly #text: string;
  #at = 0;

  /** @param bytes valid UTF-8 */
  constructor(bytes: Uint8Array) {
    this.#bytes = asBuffer(bytes);
    this.#text = this.#bytes.toString('latin1');
  }

  /** Moves behind these bytes if they are the next ones. */
  skip(wanted: Buffer): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    const { length } = wanted;
    if (start + length > bytes.length) {
      return false;
    }
    for (let index = 0; index < length; index += 1) {
      if (bytes[start + index] !== wanted[index]) {
        return false;
      }
    }
    this.#at = start + length;
    return true;
  }

  /** Reads a string behind its opening quote. */
  string(): string | undefined {
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
  #rareString(start: number, from: number): string | undefined {
    const bytes = this.#bytes;
    let end = from;
    let isAscii = true;
    let hasEscapes = false;
    for (let byte = bytes[end]; byte !== QUOTE; byte = bytes[end]) {
      if (byte === undefined || byte < SPACE) {
        return undefined;
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
    return parseString(json);
  }

  /**
   * Reads an integer that is not negative and surely fits into 32 bits.
   * @param first its first byte, which was just taken
   */
  integer(first: number): number | undefined {
    if (!isDigit(first)) {
      return undefined;
    }
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let integer = first - ZERO;
    for (let byte = bytes[at]; byte !== undefined && isDigit(byte); byte = bytes[at]) {
      integer = 10 * integer + byte - ZERO;
      at += 1;
    }
    this.#at = at;
    return at - start < MOST_DIGITS && (first !== ZERO || at === start) ? integer : undefined;
  }

  /** Moves behind `null` if it comes next. */
  skipNull(): boolean {
    return this.peek() === NULL[0] && this.skip(NULL);
  }

  /** Reads `true` or `false`, of which the first byte was just taken. */
  bool(): boolean | undefined {
    const start = this.#at - 1;
    for (const word of ['true', 'false'] as const) {
      if (this.#text.startsWith(word, start)) {
        this.#at = start + word.length;
        return word === 'true';
      }
    }
    return undefined;
  }

  /** The next byte that is no white space; {@link END} where there is none. */
  take(): number {
    const byte = this.peek();
    this.#at += 1;
    return byte;
  }

  /** As {@link take}, but the byte remains the next one. */
  peek(): number {
    const bytes = this.#bytes;
    const { length } = bytes;
    let at = this.#at;
    while (at < length) {
      const byte = bytes[at] ?? END;
      if (byte !== SPACE && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        this.#at = at;
        return byte;
      }
      at += 1;
    }
    return END;
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
