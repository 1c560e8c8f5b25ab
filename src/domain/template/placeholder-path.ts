import type { ByteString } from './byte-string.js';
import { decodeUtf8 } from './byte-string.js';
import { CallError } from './template-errors.js';

/** One step of a path: a field of an object, or one element of an array. */
export type PathStep =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'indexFrom'; readonly path: PlaceholderPath }
  | { readonly kind: 'filter'; readonly key: string; readonly value: string };

/** What stands between `{{{.` and `}}}`: the name of a variable, and the way into its value. */
export interface PlaceholderPath {
  readonly name: string;
  readonly steps: readonly PathStep[];
  readonly text: ByteString;
  /** Offset of the dot before the name, from the dot of the outermost path. */
  readonly offset: number;
}

/** A path that is not one; `offset` counts bytes from the dot before the outermost name. */
export class PathSyntaxError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Parses the path of a placeholder, without its first dot.
 * Fields are `.a`, elements `[0]` (from the end if negative), `[.NAME.path]` (the index is read there) or
 * `[key=value]` (the first element whose field `key` is `value`). Throws PathSyntaxError, or CallError (`limit`) where
 * indices are nested more than `maxDepth` deep.
 */
export function parsePlaceholderPath(text: ByteString, maxDepth: number): PlaceholderPath {
  return new PathParser(text, maxDepth).parse();
}

class PathParser {
  readonly #text: ByteString;
  readonly #maxDepth: number;
  #position = 0;

  constructor(text: ByteString, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  parse(): PlaceholderPath {
    const path = this.#path(0);
    if (this.#position < this.#text.length) throw this.#error("unexpected ']' in placeholder");
    return path;
  }

  /** A path from behind its first dot to the end, or to the bracket that closes it. */
  #path(depth: number): PlaceholderPath {
    if (depth > this.#maxDepth) throw new CallError(`indices are nested more than ${this.#maxDepth} deep`, 'limit');
    const start = this.#position;
    const steps: PathStep[] = [];
    let name: string | undefined;
    for (;;) {
      const field = this.#name();
      if (field === '' && this.#text[this.#position] === '[')
        throw this.#error("a name is missing before '[' in placeholder");
      // The agents pass over empty names, so that a..b is a.b.
      if (field !== '' && name === undefined) name = field;
      else if (field !== '') steps.push({ kind: 'field', name: field });
      while (this.#text[this.#position] === '[') steps.push(this.#element(depth));
      if (this.#text[this.#position] !== '.') break;
      this.#position++;
    }
    if (this.#position < this.#text.length && this.#text[this.#position] !== ']') {
      throw this.#error("expected '.' or '[' after ']' in placeholder");
    }
    if (name === undefined) throw this.#error('the name of a variable is missing in placeholder');
    return { name, steps, text: this.#text.slice(start, this.#position), offset: start };
  }

  #name(): string {
    const end = /[.[\]]|$/g;
    end.lastIndex = this.#position;
    const from = this.#position;
    // An element is followed by a dot or another element, never by a name.
    if (this.#text[from - 1] === ']') return '';
    this.#position = end.exec(this.#text)?.index ?? this.#text.length;
    return decodeUtf8(this.#text.slice(from, this.#position));
  }

  #element(depth: number): PathStep {
    const open = this.#position++;
    if (this.#text[this.#position] === '.') {
      this.#position++;
      const path = this.#path(depth + 1);
      if (this.#text[this.#position] !== ']') throw this.#error("unclosed '[' in placeholder", open);
      this.#position++;
      return { kind: 'indexFrom', path };
    }
    const close = this.#text.indexOf(']', this.#position);
    if (close < 0) throw this.#error("unclosed '[' in placeholder", open);
    const inside = decodeUtf8(this.#text.slice(this.#position, close));
    this.#position = close + 1;
    const equals = inside.indexOf('=');
    if (inside.includes('[')) throw this.#error("unclosed '[' in placeholder", open);
    if (equals > 0) return { kind: 'filter', key: inside.slice(0, equals), value: inside.slice(equals + 1) };
    const index = parseIndex(inside);
    if (index !== undefined) return { kind: 'index', index };
    throw this.#error(`'[${inside}]' is no index, [.NAME.path] or [key=value] in placeholder`, open);
  }

  #error(message: string, at = this.#position): PathSyntaxError {
    // The dot before the name is not part of the text.
    return new PathSyntaxError(message, at + 1);
  }
}

/** An index as Go's strconv.Atoi reads it; undefined where it is no integer. */
export function parseIndex(text: string): number | undefined {
  return /^[+-]?[0-9]+$/.test(text) ? Number(text) : undefined;
}
