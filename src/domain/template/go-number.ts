const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** Go's rule for `_` in numbers: only between digits, or between a base prefix and a digit. */
function hasGoodUnderscores(text: string): boolean {
  const unsigned = text.replace(/^[+-]/, '');
  const prefix = /^0[box]/i.exec(unsigned)?.[0] ?? '';
  const digit = /x/i.test(prefix) ? '0-9a-fA-F' : '0-9';
  // A base prefix counts as a digit here.
  const rest = (prefix === '' ? '' : '0') + unsigned.slice(prefix.length);
  return !new RegExp(`(^|[^${digit}])_|_([^${digit}]|$)`).test(rest);
}

/** Go's strconv.ParseUint with base 0 and 64 bits, before any range check; undefined where it is no integer. */
function parseMagnitude(text: string): bigint | undefined {
  if (text === '' || !/^[0-9a-zA-Z_]+$/.test(text)) return undefined;
  let digits = text;
  let prefix = '';
  if (text.length >= 3 && /^0[box]/i.test(text)) {
    prefix = text.slice(0, 2).toLowerCase();
    digits = text.slice(2);
  } else if (text.startsWith('0')) {
    prefix = '0o';
    digits = text.slice(1);
  }
  if (digits.includes('_') && !hasGoodUnderscores(text)) return undefined;
  digits = digits.replaceAll('_', '');
  // Go takes "0" followed by underscores alone for zero.
  if (digits === '') return 0n;
  const allowed = { '': /^[0-9]+$/, '0b': /^[01]+$/, '0o': /^[0-7]+$/, '0x': /^[0-9a-f]+$/i }[prefix];
  return allowed?.test(digits) === true ? BigInt(prefix + digits) : undefined;
}

/** Go's strconv.ParseFloat(text, 64); undefined where it is no number or beyond the range of a float64. */
export function parseFloat64(text: string): number | undefined {
  if (text.includes('_') && !hasGoodUnderscores(text)) return undefined;
  const plain = text.replaceAll('_', '');
  const hexadecimal = /^([+-]?)0x([0-9a-f]*)(?:\.([0-9a-f]*))?p([+-]?[0-9]+)$/i.exec(plain);
  if (hexadecimal !== null) {
    const [, sign = '', whole = '', fraction = '', exponent = ''] = hexadecimal;
    if (whole + fraction === '') return undefined;
    // Far beyond any float64, and small enough to shift by: the exact number no longer matters.
    const clamped = Math.max(-100_000, Math.min(100_000, Number(exponent)));
    const magnitude = roundToFloat64(BigInt(`0x${whole}${fraction}`), clamped - 4 * fraction.length);
    return magnitude === Infinity ? undefined : sign === '-' ? -magnitude : magnitude;
  }
  if (!/^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(plain)) return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

/** mantissa * 2^exponent, rounded to the nearest float64, ties to even; Infinity beyond the range. */
function roundToFloat64(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  if (bits + exponent > 1024) return Infinity;
  if (bits + exponent < -1080) return 0;
  // Bits to drop so that at most 53 remain, fewer where the result is subnormal.
  const drop = Math.max(bits - 53, -1074 - exponent);
  if (drop <= 0) return scale(Number(mantissa), exponent);
  const half = 1n << BigInt(drop - 1);
  const rest = mantissa & ((1n << BigInt(drop)) - 1n);
  let kept = mantissa >> BigInt(drop);
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept += 1n;
  return scale(Number(kept), exponent + drop);
}

/** Exact as long as the result is a float64: two factors, because 2^exponent alone may be none. */
function scale(value: number, exponent: number): number {
  const first = Math.max(-1000, Math.min(1000, exponent));
  return value * 2 ** first * 2 ** (exponent - first);
}

/** What a number of a template is: the text decides between int and float64, as in Go's untyped constants. */
export type NumberLiteral =
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float64'; readonly value: number }
  /** An integer that fits only uint64: valid in a template, an error once it is evaluated. */
  | { readonly type: 'overflow' };

/** Reads a number token. Returns the message of the error where Go rejects it, or where it is imaginary. */
export function parseNumberLiteral(text: string): NumberLiteral | string {
  if (text.endsWith('i')) return `imaginary number ${text} is not supported here`;
  const unsigned = parseMagnitude(text);
  const signed = parseMagnitude(text.replace(/^[+-]/, ''));
  const value = signed === undefined ? undefined : text.startsWith('-') ? -signed : signed;
  const isInt = value !== undefined && value <= MAX_INT64 && value >= -MAX_INT64 - 1n;
  const isUint = unsigned !== undefined && unsigned <= MAX_UINT64;
  const looksLikeFloat = /[.eEpP]/.test(text);
  const isHexInt = /^0x./i.test(text) && !/p/i.test(text);
  if (!isInt && !isUint) {
    const float = parseFloat64(text);
    if (float === undefined) return `illegal number syntax: "${text}"`;
    return looksLikeFloat ? { type: 'float64', value: float } : `integer overflow: "${text}"`;
  }
  // Go decides by the letters: -0xE is a float64 because of its E, while 0xE is recognised as hexadecimal.
  if (looksLikeFloat && !isHexInt) return { type: 'float64', value: Number(isInt ? value : unsigned) };
  return isInt ? { type: 'int', value } : { type: 'overflow' };
}
