import { compareCodePoints } from './code-point-order.js';
import type { TextRule } from './text-rule.js';

/** Largest text of a JSON object that a field may hold, in bytes of UTF-8, both as it is given and in its canonical form. */
export const MAX_JSON_BYTES = 64 * 1024;
/** Deepest nesting of objects and arrays in it; the object itself is the first. */
export const MAX_JSON_DEPTH = 64;

/** A text that holds a JSON object, or nothing. */
export const JSON_OBJECT_OR_EMPTY: TextRule = {
  allows: (text) => text === '' || read(text) !== undefined,
  explain: (text) => `is not the text of a JSON object: ${faultOf(text)}; give an object, or leave it empty`,
};

/**
 * The one text for the content of a JSON object: no white space, keys in the order of their code points, every number exact and
 * in one spelling (`1`, `1.0` and `10e-1` are the same). As elsewhere, the last of duplicate keys counts. Texts with the same
 * content give the same text, and a text in this form is its own.
 * @returns `undefined` where {@link JSON_OBJECT_OR_EMPTY} does not allow the text, and for the empty text
 */
export function canonicalJson(text: string): string | undefined {
  return text === '' ? undefined : read(text);
}

class JsonFault extends Error {}

function read(text: string): string | undefined {
  try {
    return new Reader(text).readObject();
  } catch (error) {
    if (error instanceof JsonFault) {
      return undefined;
    }
    throw error;
  }
}

function faultOf(text: string): string {
  try {
    new Reader(text).readObject();
    return 'it is one';
  } catch (error) {
    if (error instanceof JsonFault) {
      return error.message;
    }
    throw error;
  }
}

// Sticky, so that nothing is copied. None can match the same text in two ways, which keeps them linear.
const WHITE_SPACE = /[ \t\n\r]*/y;
// The classes of a string hold all but the quote, the backslash and the control characters below the space.
const STRING = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;

/** Reads a JSON text into its canonical form. `JSON.parse` would round numbers, and follow any depth. */
class Reader {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readObject(): string {
    assertSize(this.#text, 'it has');
    this.#take(WHITE_SPACE);
    if (this.#text[this.#offset] !== '{') {
      throw this.#fault('expected "{"');
    }
    const object = this.#value(1);
    if (this.#offset < this.#text.length) {
      throw this.#fault('expected the end of the text');
    }
    // Numbers may be longer there: `1e20` is written with 21 digits.
    assertSize(object, 'in its canonical form it has');
    return object;
  }

  /** Reads a value and the white space behind it. */
  #value(depth: number): string {
    const start = this.#text[this.#offset];
    if ((start === '{' || start === '[') && depth > MAX_JSON_DEPTH) {
      throw new JsonFault(`it is nested more than ${MAX_JSON_DEPTH} levels deep`);
    }
    if (start === '{') {
      return this.#members(depth);
    }
    if (start === '[') {
      return this.#elements(depth);
    }
    const value = start === '"' ? this.#string() : (this.#take(WORD) ?? this.#number());
    this.#take(WHITE_SPACE);
    return value;
  }

  #members(depth: number): string {
    const members = new Map<string, string>();
    this.#separated('}', () => {
      const quoted = this.#string();
      const key = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
      this.#take(WHITE_SPACE);
      this.#expect(':');
      members.set(key, `${quoted}:${this.#value(depth + 1)}`);
    });
    const sorted = [...members].sort(([a], [b]) => compareCodePoints(a, b));
    return `{${sorted.map(([, member]) => member).join(',')}}`;
  }

  #elements(depth: number): string {
    const elements: string[] = [];
    this.#separated(']', () => {
      elements.push(this.#value(depth + 1));
    });
    return `[${elements.join(',')}]`;
  }

  /** Reads what stands between brackets, and the closing one. */
  #separated(close: string, readItem: () => void): void {
    this.#offset += 1;
    this.#take(WHITE_SPACE);
    if (this.#text[this.#offset] !== close) {
      readItem();
      while (this.#text[this.#offset] === ',') {
        this.#expect(',');
        readItem();
      }
    }
    this.#expect(close);
  }

  #string(): string {
    const found = this.#take(STRING);
    if (found === undefined) {
      throw this.#fault('expected a string in double quotes, closed and without control characters');
    }
    // Without an escape it is in its one form already.
    const value = found.includes('\\') ? (JSON.parse(found) as string) : undefined;
    if (!(value ?? found).isWellFormed()) {
      throw this.#fault('a string holds half of a surrogate pair, which no UTF-8 text can');
    }
    return value === undefined ? found : JSON.stringify(value);
  }

  #number(): string {
    const found = this.#take(NUMBER);
    if (found === undefined) {
      throw this.#fault('expected a value');
    }
    const number = canonicalNumber(found);
    if (number === undefined) {
      throw this.#fault('a number is out of any range');
    }
    return number;
  }

  #expect(character: string): void {
    if (this.#text[this.#offset] !== character) {
      throw this.#fault(`expected ${JSON.stringify(character)}`);
    }
    this.#offset += 1;
    this.#take(WHITE_SPACE);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text)?.[0];
    this.#offset += found?.length ?? 0;
    return found;
  }

  #fault(what: string): JsonFault {
    const before = this.#text.slice(0, this.#offset);
    const line = before.split('\n').length;
    const column = this.#offset - before.lastIndexOf('\n');
    return new JsonFault(`${what} at line ${line}, column ${column}`);
  }
}

function assertSize(text: string, has: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_JSON_BYTES) {
    throw new JsonFault(`${has} ${bytes} bytes, and ${MAX_JSON_BYTES} are allowed`);
  }
}

/** Digits before the decimal point beyond which a number is written with an exponent, and zeros behind it, as in JavaScript. */
const MOST_PLAIN_DIGITS = 21;
const MOST_LEADING_ZEROS = 6;
/** A whole number in its one spelling already. */
const PLAIN_INTEGER = /^-?[1-9][0-9]{0,20}$/;

/**
 * The exact number that a JSON number says, in one spelling, which is JavaScript's own where a double holds it.
 * @returns `undefined` for absurd exponents
 */
export function canonicalNumber(text: string): string | undefined {
  if (PLAIN_INTEGER.test(text)) {
    return text;
  }
  const [, minus = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE](.+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = withoutTrailingZeros(digits);
  if (significant === '') {
    return '0';
  }
  // The number is 0.significant times ten to the power of `point`.
  const point = Number(exponent) + digits.length - fraction.length;
  if (!Number.isSafeInteger(point)) {
    return undefined;
  }
  if (point > MOST_PLAIN_DIGITS || point <= -MOST_LEADING_ZEROS) {
    const rest = significant.length > 1 ? `.${significant.slice(1)}` : '';
    return `${minus}${significant.slice(0, 1)}${rest}e${point > 0 ? '+' : ''}${point - 1}`;
  }
  if (point <= 0) {
    return `${minus}0.${'0'.repeat(-point)}${significant}`;
  }
  return significant.length <= point
    ? minus + significant.padEnd(point, '0')
    : `${minus}${significant.slice(0, point)}.${significant.slice(point)}`;
}

/** By hand, since `/0+$/` takes quadratic time over runs of zeros that something else follows. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') {
    end -= 1;
  }
  return digits.slice(0, end);
}
