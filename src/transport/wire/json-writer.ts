/** Room at the start, enough for most templates; and the most that is kept for the next message. */
const FIRST_BYTES = 8 * 1024;
const MOST_KEPT_BYTES = 256 * 1024;

/** Up to this length a text is copied unit by unit, since a call out of JavaScript costs more. */
const SHORT_TEXT = 96;
/** The same for bytes that are there already. */
const SHORT_BYTES = 16;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** What stands around the parts of an object or an array. */
export type Brackets = readonly [open: number, close: number];
export const OBJECT: Brackets = [0x7b, 0x7d];
export const ARRAY: Brackets = [0x5b, 0x5d];

/**
 * Writes JSON as UTF-8 into one buffer that is used again and again: pieces of text would have to be joined and then encoded, which
 * costs more than writing them.
 */
export class JsonWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #length = 0;

  /**
   * What `write` writes. A call may come within another one, since each leaves the buffer as it was.
   */
  collect(write: () => void): Buffer {
    const start = this.#length;
    try {
      write();
      return Buffer.from(this.#buffer.subarray(start, this.#length));
    } finally {
      this.#length = start;
      if (start === 0 && this.#buffer.length > MOST_KEPT_BYTES) {
        this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
      }
    }
  }

  /** Where the next byte goes; for {@link enclose}. */
  get length(): number {
    return this.#length;
  }

  /** Puts brackets around the parts that were written since `start`, each of which began with a comma. */
  enclose([open, close]: Brackets, start: number): void {
    this.#reserve(2);
    this.#buffer[start] = open;
    this.#length = Math.max(this.#length, start + 1);
    this.#buffer[this.#length++] = close;
  }

  comma(): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = COMMA;
  }

  colon(): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = COLON;
  }

  /** Writes bytes that are JSON. */
  bytes(json: Uint8Array): void {
    const { length } = json;
    this.#reserve(length);
    if (length > SHORT_BYTES) {
      this.#buffer.set(json, this.#length);
    } else {
      const buffer = this.#buffer;
      for (let index = 0, to = this.#length; index < length; index += 1, to += 1) {
        buffer[to] = json[index] ?? 0;
      }
    }
    this.#length += length;
  }

  /** Writes text that is JSON. */
  text(json: string): void {
    const most = 3 * json.length;
    this.#reserve(this.#length + most <= this.#buffer.length ? most : Buffer.byteLength(json));
    this.#length += this.#buffer.write(json, this.#length);
  }

  /** Writes a value that is a text, in quotes, as `JSON.stringify` does. */
  string(value: string): void {
    if (value.length > SHORT_TEXT || !this.#plainString(value)) {
      this.text(JSON.stringify(value));
    }
  }

  /** Writes a text of ASCII that needs no escapes; `false`, and nothing is written, where it is another one. */
  #plainString(value: string): boolean {
    const { length } = value;
    this.#reserve(length + 2);
    const buffer = this.#buffer;
    let to = this.#length;
    buffer[to++] = QUOTE;
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) {
        return false;
      }
      buffer[to++] = unit;
    }
    buffer[to++] = QUOTE;
    this.#length = to;
    return true;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
  }
}
