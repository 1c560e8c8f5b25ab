import type { Brackets } from './json-writer.js';

/** A message as protobuf and as JSON. */
export interface TwoForms {
  readonly protobuf: Buffer;
  readonly json: Buffer;
}

/** Room for each form at the start, enough for most templates; and the most that is kept of both for the next message. */
const FIRST_BYTES = 8 * 1024;
const MOST_KEPT_BYTES = 512 * 1024;

/** The longest text that is copied unit by unit, since calls out of JavaScript cost more. */
const SHORT_TEXT = 1024;
/** Most bytes of a length or a tag in protobuf, and of any number. */
const LONGEST_LENGTH = 5;
const LONGEST_NUMBER = 10;
/** Bytes that are copied at once. */
const WORD = 4;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MOST_ASCII = 0x7f;

/** What stands in JSON for a unit of ASCII: the unit itself, something longer than two bytes, or a backslash and the byte given here. */
const PLAIN = 1;
const LONG = 0;
const ESCAPES = Uint8Array.from({ length: MOST_ASCII + 1 }, (_, unit) => {
  const json = JSON.stringify(String.fromCharCode(unit)).slice(1, -1);
  return json.length === 1 ? PLAIN : json.length === 2 ? json.charCodeAt(1) : LONG;
});

const COMMA = 0x2c;
const COLON = 0x3a;

/** Of an entry of a map. */
const KEY_TAG = (1 << 3) | 2;
const VALUE_TAG = (2 << 3) | 2;

/** JSON in ASCII that is written again and again, in part or as a whole. */
export class JsonConstants {
  readonly length: number;
  /** With room behind for the rest of a word. */
  readonly view: DataView;

  constructor(json: string) {
    const bytes = Buffer.alloc(json.length + WORD);
    bytes.write(json);
    this.length = json.length;
    this.view = viewOf(bytes);
  }
}

/** Writes protobuf and JSON side by side, into two buffers that are used again and again. */
export class TwoFormWriter {
  #protobuf = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #protobufLength = 0;
  #json = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #jsonView = viewOf(this.#json);
  #jsonLength = 0;

  /** What `write` writes, good until the next call; no call may come within another one. */
  lend(write: () => void): TwoForms {
    try {
      write();
      return {
        protobuf: this.#protobuf.subarray(0, this.#protobufLength),
        json: this.#json.subarray(0, this.#jsonLength),
      };
    } finally {
      this.#protobufLength = 0;
      this.#jsonLength = 0;
      if (this.#protobuf.length + this.#json.length > MOST_KEPT_BYTES) {
        this.#protobuf = Buffer.allocUnsafeSlow(FIRST_BYTES);
        this.#json = Buffer.allocUnsafeSlow(FIRST_BYTES);
        this.#jsonView = viewOf(this.#json);
      }
    }
  }

  /** Where the next byte of JSON goes; for {@link enclose}. */
  get jsonLength(): number {
    return this.#jsonLength;
  }

  /** Puts brackets around the JSON that was written since `start`, each part of which began with a comma. */
  enclose(brackets: Brackets, start: number): void {
    this.#reserveJson(2);
    if (this.#jsonLength === start) {
      this.#jsonLength += 1;
    }
    this.#json[start] = brackets[0];
    this.#json[this.#jsonLength++] = brackets[1];
  }

  comma(): void {
    this.#reserveJson(1);
    this.#json[this.#jsonLength++] = COMMA;
  }

  /** Writes JSON alone, from the byte `from` to before `end`. */
  constants({ view }: JsonConstants, from: number, end: number): void {
    this.#reserveJson(end - from + WORD);
    const to = this.#jsonView;
    for (let index = from, at = this.#jsonLength; index < end; index += WORD, at += WORD) {
      to.setUint32(at, view.getUint32(index));
    }
    this.#jsonLength += end - from;
  }

  /** Begins a message in protobuf. Returns what {@link closeMessage} is to be told. */
  openMessage(tag: number): number {
    this.#tag(tag);
    // One byte does for the length of most messages; the others are moved when it is known.
    return this.#protobufLength++;
  }

  closeMessage(start: number): void {
    const bytes = this.#protobufLength - start - 1;
    const more = lengthBytes(bytes) - 1;
    if (more > 0) {
      this.#reserveProtobuf(more);
      this.#protobuf.copyWithin(start + 1 + more, start + 1, this.#protobufLength);
    }
    this.#protobufLength = start;
    this.#varint(bytes);
    this.#protobufLength += bytes;
  }

  /** Writes a field that is a text, in JSON as `JSON.stringify` does; in protobuf half of a surrogate pair becomes U+FFFD. */
  text(tag: number, value: string): void {
    this.#tag(tag);
    if (value.length > SHORT_TEXT || !this.#shortText(value)) {
      this.#protobufText(value);
      this.#jsonText(JSON.stringify(value));
    }
  }

  /** Writes an entry of a map. */
  entry(tag: number, key: string, value: string): void {
    const start = this.openMessage(tag);
    this.#entryPart(KEY_TAG, key);
    this.#reserveJson(1);
    this.#json[this.#jsonLength++] = COLON;
    this.#entryPart(VALUE_TAG, value);
    this.closeMessage(start);
  }

  /** Writes a field that is a text in protobuf, and `json` in JSON. */
  embeddedJson(tag: number, value: string, json: string): void {
    this.#tag(tag);
    this.#protobufText(value);
    this.#jsonText(json);
  }

  /** @throws Error where the value is no such number, since its bytes would be those of another one */
  int32(tag: number, value: number): void {
    if ((value | 0) !== value) {
      throw new Error(`invalid int32: ${value}`);
    }
    this.#tag(tag);
    if (value < 0) {
      this.#varint64(BigInt(value));
    } else {
      this.#varint(value);
    }
    this.#shortJson(String(value));
  }

  /** @throws Error where the value has more than 64 bits */
  int64(tag: number, value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) {
      throw new Error(`invalid int64: ${value}`);
    }
    this.#tag(tag);
    this.#varint64(value);
    this.#shortJson(`"${value}"`);
  }

  /** Protobuf leaves out a key or a value that is empty. */
  #entryPart(tag: number, value: string): void {
    if (value === '') {
      this.#shortJson('""');
    } else {
      this.text(tag, value);
    }
  }

  /** Writes a tag, and makes room for a number behind it. */
  #tag(tag: number): void {
    this.#reserveProtobuf(LONGEST_LENGTH + LONGEST_NUMBER);
    this.#varint(tag);
  }

  #varint(value: number): void {
    // Nearly every tag and length is this short; the loop below would do the same at more cost.
    if (value <= 0x7f) {
      this.#protobuf[this.#protobufLength++] = value;
      return;
    }
    let rest = value;
    while (rest > 0x7f) {
      this.#protobuf[this.#protobufLength++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#protobuf[this.#protobufLength++] = rest;
  }

  #varint64(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.#protobuf[this.#protobufLength++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#protobuf[this.#protobufLength++] = Number(rest);
  }

  /** Writes a short text of ASCII in which JSON escapes nothing with more than two bytes; `false`, and nothing is written, where it is another one. */
  #shortText(value: string): boolean {
    const { length } = value;
    this.#reserveProtobuf(LONGEST_LENGTH + length);
    this.#reserveJson(2 * length + 2);
    const lengthAt = this.#protobufLength;
    this.#varint(length);
    const protobuf = this.#protobuf;
    const json = this.#json;
    let protobufEnd = this.#protobufLength;
    let jsonEnd = this.#jsonLength;
    json[jsonEnd++] = QUOTE;
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index);
      const escape = unit <= MOST_ASCII ? ESCAPES[unit] : LONG;
      if (escape === PLAIN) {
        json[jsonEnd++] = unit;
      } else if (escape) {
        json[jsonEnd++] = BACKSLASH;
        json[jsonEnd++] = escape;
      } else {
        this.#protobufLength = lengthAt;
        return false;
      }
      protobuf[protobufEnd++] = unit;
    }
    json[jsonEnd++] = QUOTE;
    this.#protobufLength = protobufEnd;
    this.#jsonLength = jsonEnd;
    return true;
  }

  #protobufText(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.#reserveProtobuf(LONGEST_LENGTH + bytes);
    this.#varint(bytes);
    this.#protobufLength += this.#protobuf.write(value, this.#protobufLength);
  }

  #jsonText(json: string): void {
    this.#reserveJson(Buffer.byteLength(json));
    this.#jsonLength += this.#json.write(json, this.#jsonLength);
  }

  /** Writes a few characters of ASCII. */
  #shortJson(json: string): void {
    this.#reserveJson(json.length);
    for (let index = 0; index < json.length; index += 1) {
      this.#json[this.#jsonLength++] = json.charCodeAt(index);
    }
  }

  #reserveProtobuf(bytes: number): void {
    if (this.#protobufLength + bytes > this.#protobuf.length) {
      this.#protobuf = grown(this.#protobuf, this.#protobufLength, bytes);
    }
  }

  #reserveJson(bytes: number): void {
    if (this.#jsonLength + bytes > this.#json.length) {
      this.#json = grown(this.#json, this.#jsonLength, bytes);
      this.#jsonView = viewOf(this.#json);
    }
  }
}

function grown(buffer: Buffer, length: number, bytes: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(Math.max(length + bytes, 2 * buffer.length));
  buffer.copy(larger, 0, 0, length);
  return larger;
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

function lengthBytes(length: number): number {
  return length < 2 ** 7 ? 1 : length < 2 ** 14 ? 2 : length < 2 ** 21 ? 3 : length < 2 ** 28 ? 4 : 5;
}
