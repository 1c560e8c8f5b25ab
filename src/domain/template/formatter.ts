import type { ByteString } from './byte-string.js';
import { encodeRune, firstRunes, isValidRune, MAX_RUNE, REPLACEMENT_RUNE, runeCount } from './byte-string.js';
import { formatFloat } from './go-float.js';
import { canBackquote, quoteRune, quoteString } from './go-quote.js';
import { CallError } from './template-errors.js';
import { isPrintable } from './unicode-classes.js';

/** The flags, width and precision of one verb, as Go's fmt keeps them. */
export class VerbFlags {
  sharp = false;
  zero = false;
  plus = false;
  minus = false;
  space = false;
  /** `%#v`: Go syntax. */
  sharpV = false;
  width: number | undefined;
  precision: number | undefined;
}

/** Appends formatted values to one string of bounded length: Go's fmt for the types that templates have. */
export class Formatter {
  readonly #maxLength: number;
  #output: ByteString = '';
  flags = new VerbFlags();

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  get output(): ByteString {
    return this.#output;
  }

  /** Throws CallError (`limit`) before anything too long is built. */
  write(text: ByteString): void {
    this.#reserve(text.length);
    this.#output += text;
  }

  #reserve(length: number): void {
    if (this.#output.length + length > this.#maxLength) {
      throw new CallError(`output is longer than the limit of ${this.#maxLength} bytes`, 'limit');
    }
  }

  #writePadding(count: number, isZero = this.flags.zero && !this.flags.minus): void {
    if (count <= 0) return;
    this.#reserve(count);
    this.write((isZero ? '0' : ' ').repeat(count));
  }

  /** Text, padded to the width; `isZero` tells whether zeros may pad it. */
  pad(text: ByteString, isZero = this.flags.zero && !this.flags.minus): void {
    const padding = this.flags.width === undefined ? 0 : this.flags.width - runeCount(text);
    if (!this.flags.minus) this.#writePadding(padding, isZero);
    this.write(text);
    if (this.flags.minus) this.#writePadding(padding, false);
  }

  /** %d and its kin. `magnitude` is the absolute value. */
  integer(magnitude: bigint, isNegative: boolean, base: number, verb: string): void {
    const { flags } = this;
    const isUpper = verb === 'X';
    let minDigits = 0;
    if (flags.precision !== undefined) {
      minDigits = flags.precision;
      if (minDigits === 0 && magnitude === 0n) {
        this.#writePadding(flags.width ?? 0, false);
        return;
      }
    } else if (flags.zero && !flags.minus && flags.width !== undefined) {
      minDigits = flags.width - (isNegative || flags.plus || flags.space ? 1 : 0);
    }
    this.#reserve(minDigits);
    let text = magnitude.toString(base).padStart(minDigits, '0');
    if (isUpper) text = text.toUpperCase();
    if (flags.sharp) {
      if (base === 2) text = `0b${text}`;
      else if (base === 8 && !text.startsWith('0')) text = `0${text}`;
      else if (base === 16) text = (isUpper ? '0X' : '0x') + text;
    }
    if (verb === 'O') text = `0o${text}`;
    if (isNegative) text = `-${text}`;
    else if (flags.plus) text = `+${text}`;
    else if (flags.space) text = ` ${text}`;
    this.pad(text, false);
  }

  /** %c */
  character(rune: bigint): void {
    this.pad(encodeRune(toRune(rune)));
  }

  /** %q of an integer */
  quotedCharacter(rune: bigint): void {
    this.pad(quoteRune(toRune(rune), this.flags.plus));
  }

  /** %U */
  unicode(value: bigint): void {
    const bits = BigInt.asUintN(64, value);
    const minDigits = Math.max(this.flags.precision ?? 4, 4);
    this.#reserve(minDigits);
    let text = `U+${bits.toString(16).toUpperCase().padStart(minDigits, '0')}`;
    const rune = Number(bits);
    if (this.flags.sharp && bits <= MAX_RUNE && isPrintable(rune)) text += ` '${encodeRune(rune)}'`;
    this.pad(text, false);
  }

  /** %s and %v of a string */
  string(text: ByteString): void {
    this.pad(this.#truncate(text));
  }

  /** %q of a string */
  quotedString(text: ByteString): void {
    const truncated = this.#truncate(text);
    if (this.flags.sharp && canBackquote(truncated)) this.pad(`\`${truncated}\``);
    else this.pad(quoteString(truncated, this.flags.plus));
  }

  #truncate(text: ByteString): ByteString {
    const { precision } = this.flags;
    return precision === undefined || precision >= text.length ? text : firstRunes(text, precision);
  }

  /** %x and %X of a string */
  hexString(text: ByteString, isUpper: boolean): void {
    const { flags } = this;
    const bytes = text.slice(0, flags.precision ?? text.length);
    this.#reserve(bytes.length * (flags.space ? (flags.sharp ? 5 : 3) : 2) - 1);
    const prefix = flags.sharp ? '0x' : '';
    const pairs = Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0'));
    let hex = flags.space ? pairs.map((pair) => prefix + pair).join(' ') : pairs.join('');
    if (!flags.space && hex !== '') hex = prefix + hex;
    // Unlike elsewhere in Go's fmt, an empty string is padded on the left even with a minus.
    if (hex === '') this.#writePadding(flags.width ?? 0);
    else this.pad(isUpper ? hex.toUpperCase() : hex);
  }

  /** %e, %f, %g and their kin. `precision` is that of the verb where the format gives none; negative is the shortest. */
  float(value: number, verb: string, defaultPrecision: number): void {
    const { flags } = this;
    const precision = flags.precision ?? defaultPrecision;
    this.#reserve(Math.max(precision, 0));
    let text = formatFloat(value, verb, precision);
    let sign = '+';
    if (text.startsWith('-')) {
      sign = '-';
      text = text.slice(1);
    } else if (flags.space && !flags.plus) sign = ' ';
    if (flags.sharp && verb !== 'b') text = withPoint(text, verb, precision);
    if (!flags.plus && sign === '+') {
      this.pad(text);
      return;
    }
    const length = text.length + 1;
    if (flags.zero && !flags.minus && flags.width !== undefined && flags.width > length) {
      this.write(sign);
      this.#writePadding(flags.width - length);
      this.write(text);
      return;
    }
    this.pad(sign + text);
  }
}

/** The sharp flag of floats: always a point, and trailing zeros up to the precision for %g and %x. */
function withPoint(text: string, verb: string, precision: number): string {
  const isHexadecimal = verb === 'x' || verb === 'X';
  const split = text.search(isHexadecimal ? /[pP]/ : /[eE]/);
  let number = split < 0 ? text : text.slice(0, split);
  const tail = split < 0 ? '' : text.slice(split);
  let missing = 'gGx'.includes(verb) ? (precision < 0 ? 6 : precision) : 0;
  // Go counts every character from the first one that is no zero, the x of a 0x among them, but not the point.
  missing -= number.replace('.', '').replace(/^0+/, '').length;
  if (!number.includes('.')) {
    if (number === '0') missing--;
    number += '.';
  }
  return number + '0'.repeat(Math.max(missing, 0)) + tail;
}

function toRune(value: bigint): number {
  const rune = value >= 0n && value <= MAX_RUNE ? Number(value) : REPLACEMENT_RUNE;
  return isValidRune(rune) ? rune : REPLACEMENT_RUNE;
}
