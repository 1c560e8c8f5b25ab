import type { ByteString } from './byte-string.js';
import { decodeUtf8, firstInvalidByte } from './byte-string.js';
import type { SourceText } from './source-text.js';
import { CallError, TemplateExecutionError } from './template-errors.js';

/** Collects the output, up to a number of bytes, and remembers which place of the source wrote what. */
export class OutputBuffer {
  readonly #maxBytes: number;
  readonly #pieces: ByteString[] = [];
  readonly #writers: number[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Appends what the node at an offset of the source writes. Throws CallError (`limit`). */
  write(bytes: ByteString, writer: number): void {
    if (bytes === '') return;
    this.#length += bytes.length;
    if (this.#length > this.#maxBytes) {
      throw new CallError(`output is longer than the limit of ${this.#maxBytes} bytes`, 'limit');
    }
    this.#pieces.push(bytes);
    this.#writers.push(writer);
  }

  /**
   * The output as text. Throws TemplateExecutionError where the bytes are not UTF-8, as after `{{"\xff"}}`: Go would
   * write them, but a text cannot carry them, and replacing them would be a silent difference.
   */
  toText(source: SourceText): string {
    const bytes = this.#pieces.join('');
    const invalid = firstInvalidByte(bytes);
    if (invalid < 0) return decodeUtf8(bytes);
    let end = 0;
    const piece = this.#pieces.findIndex((text) => (end += text.length) > invalid);
    throw new TemplateExecutionError('output is not valid UTF-8', source.position(this.#writers[piece] ?? 0));
  }
}
