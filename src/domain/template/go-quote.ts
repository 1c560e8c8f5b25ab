import type { ByteString } from './byte-string.js';
import { decodeRune, encodeRune, isValidRune, REPLACEMENT_RUNE, runeOf, sizeOf } from './byte-string.js';
import { isPrintable } from './unicode-classes.js';

const SHORT_ESCAPES = new Map([
  [0x07, '\\a'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
  [0x0b, '\\v'],
]);

const hex = (number: number, width: number): string => number.toString(16).padStart(width, '0');

function escapeRune(rune: number, quote: string, asciiOnly: boolean): ByteString {
  if (rune === quote.charCodeAt(0) || rune === 0x5c) return `\\${String.fromCharCode(rune)}`;
  if (isPrintable(rune) && (!asciiOnly || rune < 0x80)) return encodeRune(rune);
  const short = SHORT_ESCAPES.get(rune);
  if (short !== undefined) return short;
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`;
  return rune < 0x10000 ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`;
}

/** Go's strconv.Quote, or QuoteToASCII: the string as a double-quoted Go literal. */
export function quoteString(bytes: ByteString, asciiOnly = false): ByteString {
  // The usual case: nothing to escape but the quotes around it.
  if (/^[ !#-[\]-~]*$/.test(bytes)) return `"${bytes}"`;
  let quoted = '"';
  for (let i = 0; i < bytes.length; ) {
    const packed = decodeRune(bytes, i);
    const rune = runeOf(packed);
    if (sizeOf(packed) === 1 && rune === REPLACEMENT_RUNE) quoted += `\\x${hex(bytes.charCodeAt(i), 2)}`;
    else quoted += escapeRune(rune, '"', asciiOnly);
    i += sizeOf(packed);
  }
  return `${quoted}"`;
}

/** Go's strconv.QuoteRune, or QuoteRuneToASCII; what is no rune is quoted as U+FFFD. */
export function quoteRune(rune: number, asciiOnly = false): ByteString {
  return `'${escapeRune(isValidRune(rune) ? rune : REPLACEMENT_RUNE, "'", asciiOnly)}'`;
}

/** Go's strconv.CanBackquote: whether the string can stand unchanged in a one-line raw literal. */
export function canBackquote(bytes: ByteString): boolean {
  for (let i = 0; i < bytes.length; ) {
    const packed = decodeRune(bytes, i);
    const rune = runeOf(packed);
    if (sizeOf(packed) === 1 && rune === REPLACEMENT_RUNE) return false;
    if (rune === 0xfeff || (rune < 0x20 && rune !== 0x09) || rune === 0x60 || rune === 0x7f) return false;
    i += sizeOf(packed);
  }
  return true;
}

const SIMPLE_UNESCAPES = new Map([
  ['a', 0x07],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
  ['\\', 0x5c],
]);
const HEX_ESCAPE_DIGITS = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/** One character of a literal: its rune, whether it is to be encoded (or is one raw byte), and where the next begins. */
export interface UnquotedCharacter {
  readonly rune: number;
  readonly isEncoded: boolean;
  readonly end: number;
}

/** Go's strconv.UnquoteChar at an offset of a literal; undefined where Go says "invalid syntax". */
export function unquoteCharacter(literal: ByteString, offset: number, quote: string): UnquotedCharacter | undefined {
  const first = literal[offset];
  if (first === undefined || first === quote || first === '\n') return undefined;
  if (first !== '\\') {
    const packed = decodeRune(literal, offset);
    return { rune: runeOf(packed), isEncoded: true, end: offset + sizeOf(packed) };
  }
  const letter = literal[offset + 1] ?? '';
  const simple = SIMPLE_UNESCAPES.get(letter);
  if (simple !== undefined) return { rune: simple, isEncoded: false, end: offset + 2 };
  if (letter === quote) return { rune: quote.charCodeAt(0), isEncoded: false, end: offset + 2 };
  const hexDigits = HEX_ESCAPE_DIGITS.get(letter);
  if (hexDigits !== undefined) {
    const digits = literal.slice(offset + 2, offset + 2 + hexDigits);
    if (digits.length < hexDigits || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
    const rune = Number.parseInt(digits, 16);
    const isEncoded = letter !== 'x';
    return isEncoded && !isValidRune(rune) ? undefined : { rune, isEncoded, end: offset + 2 + hexDigits };
  }
  const octal = literal.slice(offset + 1, offset + 4);
  const byte = Number.parseInt(octal, 8);
  return /^[0-7]{3}$/.test(octal) && byte < 256 ? { rune: byte, isEncoded: false, end: offset + 4 } : undefined;
}

/** Go's strconv.Unquote of a double-quoted or raw literal, quotes included; undefined where Go says "invalid syntax". */
export function unquoteString(literal: ByteString): ByteString | undefined {
  if (literal.startsWith('`')) return literal.slice(1, -1).replaceAll('\r', '');
  let text = '';
  const end = literal.length - 1;
  for (let i = 1; i < end; ) {
    const character = unquoteCharacter(literal, i, '"');
    if (character === undefined) return undefined;
    text += character.isEncoded ? encodeRune(character.rune) : String.fromCharCode(character.rune);
    i = character.end;
  }
  return text;
}
