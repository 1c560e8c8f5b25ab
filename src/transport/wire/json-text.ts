import { isUtf8 } from 'node:buffer';
import { AppImageError } from '../../domain/errors.js';
import { asBuffer } from './as-buffer.js';

/** A segment of a JSON path: a key of an object or an index of an array. */
export type PathSegment = string | number;

/** Any value that `JSON.parse` returns. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** A JSON body and what it says. */
export interface JsonBody {
  readonly text: string;
  readonly value: JsonValue;
}

/**
 * Reads a JSON text.
 * @throws AppImageError REQUEST_MALFORMED, with the line and column of the fault
 */
export function parseJson(bytes: Uint8Array): JsonBody {
  if (!isUtf8(bytes)) {
    throw new AppImageError('REQUEST_MALFORMED', 'the body is not valid UTF-8; JSON must be encoded as UTF-8');
  }
  const text = asBuffer(bytes).toString('utf8');
  try {
    return { text, value: JSON.parse(text) as JsonValue };
  } catch (error) {
    const fault = scanJson(text, {});
    const where = fault === undefined ? String(error) : `${positionOf(text, fault.offset)}: ${fault.message}`;
    throw new AppImageError('REQUEST_MALFORMED', `the body is not valid JSON: ${where}`);
  }
}

/** Segments of a path that are written out. No path of the contract has half as many; what is nested deeper is hostile. */
const MOST_SEGMENTS = 32;

/** Renders a path as the contract writes it: `deploy_templates[0].name`, `config_templates["a.b"]`. What is too long is cut. */
export function formatPath(path: readonly PathSegment[]): string {
  let formatted = '';
  for (const [index, segment] of path.entries()) {
    if (index === MOST_SEGMENTS) {
      return `${formatted}...`;
    }
    if (typeof segment === 'number') {
      formatted += `[${segment}]`;
    } else if (!/^\w{1,64}$/.test(segment)) {
      formatted += `[${JSON.stringify(segment.length > 64 ? `${segment.slice(0, 64).toWellFormed()}...` : segment)}]`;
    } else {
      formatted += formatted === '' ? segment : `.${segment}`;
    }
  }
  return formatted;
}

/** Line and column, both from 1, of an offset in a text. */
export function positionOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return `line ${line}, column ${offset - (before.lastIndexOf('\n') + 1) + 1}`;
}

/** What a scan reports on its way; paths are only valid during the call. */
export interface JsonVisitor {
  /** A number was read; `text` is as it was written. */
  number?(path: readonly PathSegment[], text: string): void;
  /** An object was read, which reaches from `start` to before `end`. */
  object?(path: readonly PathSegment[], start: number, end: number): void;
  /** A key appeared again in its object; `path` ends in it. */
  duplicateKey?(path: readonly PathSegment[], offset: number): void;
}

interface OpenContainer {
  readonly kind: 'object' | 'array';
  readonly start: number;
  readonly keys: Set<string> | undefined;
}

const NUMBER_CHARACTERS = '+-.0123456789Ee';

// Plain loops, not regular expressions: a repetition over megabytes of hostile text would exhaust the matcher's stack.

function endOfWhiteSpace(text: string, start: number): number {
  let end = start;
  while (text[end] === ' ' || text[end] === '\n' || text[end] === '\r' || text[end] === '\t') {
    end += 1;
  }
  return end;
}

/** The offset behind a string that starts at `start`, or `undefined` where it is not closed or is not valid. */
function endOfString(text: string, start: number): number | undefined {
  for (let end = start + 1; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === 0x22) {
      return end + 1;
    }
    if (code < 0x20) {
      return undefined;
    }
    if (code === 0x5c) {
      end += 1;
      if (text[end] === 'u') {
        if (!/^[0-9a-fA-F]{4}$/.test(text.slice(end + 1, end + 5))) {
          return undefined;
        }
        end += 4;
      } else if (!'"\\/bfnrt'.includes(text[end] ?? ' ')) {
        return undefined;
      }
    }
  }
  return undefined;
}

/** The offset behind a number or a word that starts at `start`, or `undefined` where there is none. */
function endOfAtom(text: string, start: number): number | undefined {
  for (const word of ['true', 'false', 'null']) {
    if (text.startsWith(word, start)) {
      return start + word.length;
    }
  }
  let end = start;
  while (end < text.length && NUMBER_CHARACTERS.includes(text[end] ?? '')) {
    end += 1;
  }
  try {
    return typeof JSON.parse(text.slice(start, end)) === 'number' ? end : undefined;
  } catch {
    return undefined;
  }
}

const BAD_STRING = 'this string is not closed, or holds a bad escape or a bare control character';

/**
 * Walks over a JSON text without building it, for what `JSON.parse` does not tell: where a text is broken, keys that repeat, and
 * numbers digit by digit. It uses no recursion, so depth is no danger; it is slower than `JSON.parse` and stays off the usual path.
 * @returns the first fault, or `undefined` where the text is valid
 */
export function scanJson(text: string, visitor: JsonVisitor): { offset: number; message: string } | undefined {
  const path: PathSegment[] = [];
  const open: OpenContainer[] = [];
  let offset = 0;
  let expectValue = true;

  const skip = (): void => {
    offset = endOfWhiteSpace(text, offset);
  };
  const fault = (message: string): { offset: number; message: string } => ({ offset, message });
  const found = (): string =>
    offset >= text.length ? 'the end of the text' : JSON.stringify(String.fromCodePoint(text.codePointAt(offset) ?? 0));

  /** Reads a key and its colon, onto the path. */
  const readKey = (container: OpenContainer): ReturnType<typeof fault> | undefined => {
    skip();
    const start = offset;
    if (text[start] !== '"') {
      return fault(`expected a key in double quotes, found ${found()}`);
    }
    const end = endOfString(text, start);
    if (end === undefined) {
      return fault(BAD_STRING);
    }
    offset = end;
    const key = JSON.parse(text.slice(start, end)) as string;
    path.push(key);
    if (container.keys?.has(key) === true) {
      visitor.duplicateKey?.(path, start);
    }
    container.keys?.add(key);
    skip();
    if (text[offset] !== ':') {
      return fault(`expected ':' behind the key, found ${found()}`);
    }
    offset += 1;
    return undefined;
  };

  for (;;) {
    skip();
    if (expectValue) {
      const start = text[offset];
      if (start === '{' || start === '[') {
        const opening = offset;
        offset += 1;
        const kind = start === '{' ? 'object' : 'array';
        skip();
        if (text[offset] === (kind === 'object' ? '}' : ']')) {
          offset += 1;
          expectValue = false;
          if (kind === 'object') {
            visitor.object?.(path, opening, offset);
          }
          continue;
        }
        const container: OpenContainer = {
          kind,
          start: opening,
          keys: kind === 'object' && visitor.duplicateKey !== undefined ? new Set() : undefined,
        };
        open.push(container);
        if (kind === 'array') {
          path.push(0);
        } else {
          const broken = readKey(container);
          if (broken !== undefined) {
            return broken;
          }
        }
        continue;
      }
      const end = start === '"' ? endOfString(text, offset) : endOfAtom(text, offset);
      if (end === undefined) {
        return fault(start === '"' ? BAD_STRING : `expected a value, found ${found()}`);
      }
      if (start !== undefined && NUMBER_CHARACTERS.includes(start)) {
        visitor.number?.(path, text.slice(offset, end));
      }
      offset = end;
      expectValue = false;
      continue;
    }
    const container = open.at(-1);
    if (container === undefined) {
      return offset < text.length ? fault(`expected the end of the text, found ${found()}`) : undefined;
    }
    const separator = text[offset];
    if (separator === ',') {
      offset += 1;
      const last = path.pop();
      if (typeof last === 'number') {
        path.push(last + 1);
      } else {
        const broken = readKey(container);
        if (broken !== undefined) {
          return broken;
        }
      }
      expectValue = true;
    } else if (separator === (container.kind === 'object' ? '}' : ']')) {
      offset += 1;
      path.pop();
      open.pop();
      if (container.kind === 'object') {
        visitor.object?.(path, container.start, offset);
      }
    } else {
      return fault(`expected ',' or '${container.kind === 'object' ? '}' : ']'}', found ${found()}`);
    }
  }
}
