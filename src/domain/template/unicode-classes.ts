import { DIGIT_RANGES, LETTER_RANGES, PRINTABLE_RANGES, UPPER_CASE_RUNS } from './unicode-tables.js';

/** First and last runes of the ranges, alternating, in ascending order. */
function decodeRanges(encoded: string): Uint32Array {
  const numbers = encoded.split(' ').map((digits) => Number.parseInt(digits, 36));
  const bounds = new Uint32Array(numbers.length);
  let rune = 0;
  for (let i = 0; i < numbers.length; i++) {
    rune += numbers[i] ?? 0;
    bounds[i] = rune;
  }
  return bounds;
}

const printable = decodeRanges(PRINTABLE_RANGES);
const letters = decodeRanges(LETTER_RANGES);
const digits = decodeRanges(DIGIT_RANGES);

function isWithin(bounds: Uint32Array, rune: number): boolean {
  let low = 0;
  let high = bounds.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle * 2 + 1] ?? 0) < rune) low = middle + 1;
    else high = middle;
  }
  return low * 2 < bounds.length && (bounds[low * 2] ?? 0) <= rune;
}

/** Go's unicode.IsPrint. */
export function isPrintable(rune: number): boolean {
  return rune < 0x80 ? rune >= 0x20 && rune < 0x7f : isWithin(printable, rune);
}

/** Go's unicode.IsLetter, IsDigit, or an underscore: what names in a template are made of. */
export function isAlphanumeric(rune: number): boolean {
  if (rune < 0x80) {
    return rune === 0x5f || (rune >= 0x30 && rune <= 0x39) || ((rune | 0x20) >= 0x61 && (rune | 0x20) <= 0x7a);
  }
  return isWithin(letters, rune) || isWithin(digits, rune);
}

const upperCase = new Map<number, number>();
const runs = UPPER_CASE_RUNS.split(' ').map((number) => Number.parseInt(number, 36));
for (let i = 0; i + 3 < runs.length; i += 4) {
  const [first = 0, count = 0, stride = 1, delta = 0] = runs.slice(i, i + 4);
  for (let n = 0; n < count; n++) upperCase.set(first + n * stride, first + n * stride + delta);
}

/**
 * Go's strings.ToUpper: rune by rune. JavaScript's toUpperCase differs where one letter becomes two (ß), and follows
 * the Unicode version of the engine.
 */
export function toUpperCase(text: string): string {
  let upper = '';
  for (const character of text) {
    const rune = character.codePointAt(0) ?? 0;
    upper += rune < 0x80 ? character.toUpperCase() : String.fromCodePoint(upperCase.get(rune) ?? rune);
  }
  return upper;
}
