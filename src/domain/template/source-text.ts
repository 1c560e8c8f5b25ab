import type { ByteString } from './byte-string.js';
import { encodeUtf8 } from './byte-string.js';
import type { SourcePosition } from './template-errors.js';

/** A stretch of {@link SourceText.bytes} that stands for another stretch of the source as written. */
interface Rewrite {
  readonly start: number;
  readonly end: number;
  readonly writtenStart: number;
  readonly writtenEnd: number;
}

/** The function that {@link SourceText} puts in place of a three-brace placeholder. Its name cannot be meant otherwise. */
export const PATH_FUNCTION = 'kuscia';
const CALL_START = `{{${PATH_FUNCTION} "`;
const WRITTEN_START = '{{{.';

/**
 * A template source after the first pass, with the way back to the places as written.
 *
 * The agents rewrite `{{{.PATH}}}` to a call `{{kuscia "PATH"}}` on the raw text, before anything is parsed. So does
 * this, because it decides a lot: the value stands in the output as it is, neither quoted nor parsed again; a
 * placeholder in a comment is a comment; one inside another action is an error; two closing braces suffice.
 */
export class SourceText {
  /** The rewritten source, which is what Go parses. */
  readonly bytes: ByteString;
  readonly #written: ByteString;
  readonly #rewrites: Rewrite[] = [];
  #lastRewrite = 0;
  #last = { offset: 0, line: 1, column: 1 };

  constructor(source: string) {
    this.#written = encodeUtf8(source);
    let bytes = '';
    let end = 0;
    for (const match of this.#written.matchAll(/\{\{\{\.([^{}]+)\}\}\}?/g)) {
      bytes += this.#written.slice(end, match.index);
      const start = bytes.length;
      bytes += `${CALL_START}${match[1] ?? ''}"}}`;
      end = match.index + match[0].length;
      this.#rewrites.push({ start, end: bytes.length, writtenStart: match.index, writtenEnd: end });
    }
    this.bytes = bytes + this.#written.slice(end);
  }

  /** Length of the source as written, in UTF-8 bytes. */
  get writtenBytes(): number {
    return this.#written.length;
  }

  /** Whether the name of the path function at this offset comes from a placeholder, and not from the template's author. */
  isPathFunctionAt(offset: number): boolean {
    return this.#rewriteAt(offset)?.start === offset - 2;
  }

  /** Line and column of an offset into {@link bytes}. Cheap where offsets are asked for in ascending order. */
  position(offset: number): SourcePosition {
    const written = this.#writtenOffset(offset);
    if (written < this.#last.offset) this.#last = { offset: 0, line: 1, column: 1 };
    let { line, column } = this.#last;
    for (let i = this.#last.offset; i < written; i++) {
      const byte = this.#written.charCodeAt(i);
      if (byte === 0x0a) {
        line++;
        column = 1;
      } else if ((byte & 0xc0) !== 0x80) column++;
    }
    this.#last = { offset: written, line, column };
    return { line, column };
  }

  #writtenOffset(offset: number): number {
    const rewrite = this.#rewriteAt(offset);
    if (rewrite === undefined) return offset;
    if (offset >= rewrite.end) return rewrite.writtenEnd + offset - rewrite.end;
    const inPath = offset - rewrite.start - CALL_START.length;
    // The opening quote stands for the dot.
    if (inPath < -1) return rewrite.writtenStart;
    return Math.min(rewrite.writtenStart + WRITTEN_START.length + inPath, rewrite.writtenEnd - 1);
  }

  /** The last rewrite that starts at or before an offset. */
  #rewriteAt(offset: number): Rewrite | undefined {
    const starts = (index: number): number => this.#rewrites[index]?.start ?? Infinity;
    if (starts(this.#lastRewrite) > offset) this.#lastRewrite = 0;
    while (starts(this.#lastRewrite + 1) <= offset) this.#lastRewrite++;
    return starts(this.#lastRewrite) <= offset ? this.#rewrites[this.#lastRewrite] : undefined;
  }
}
