import { BinaryReader } from '@bufbuild/protobuf/wire';
import { asBuffer } from './as-buffer.js';
import { MOST_CUT_BYTES } from './cut-text.js';

/**
 * A reader of protobuf that cuts texts of ASCII, as most are, out of a single string of all bytes: decoding them one by one takes a call out of
 * JavaScript for each, which was a quarter of what it took to read a template.
 */
export class TextReader extends BinaryReader {
  readonly #bytes: Buffer;
  /** A character for each byte; made for the first text. */
  #characters: string | undefined;

  /** @param decodeUtf8 for texts that are not of ASCII */
  constructor(bytes: Uint8Array, decodeUtf8?: (bytes: Uint8Array) => string) {
    super(bytes, decodeUtf8);
    this.#bytes = asBuffer(bytes);
  }

  override string(): string {
    const fieldStart = this.pos;
    const length = this.uint32();
    const start = this.pos;
    const end = start + length;
    if (end > this.len || this.len > MOST_CUT_BYTES || !this.#isAscii(start, end)) {
      this.pos = fieldStart;
      return super.string();
    }
    this.pos = end;
    this.#characters ??= this.#bytes.toString('latin1');
    return this.#characters.slice(start, end);
  }

  #isAscii(start: number, end: number): boolean {
    const bytes = this.#bytes;
    let bits = 0;
    for (let index = start; index < end; index += 1) {
      bits |= bytes[index] ?? 0;
    }
    return bits < 0x80;
  }
}
