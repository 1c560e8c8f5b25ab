import type { ByteString } from './byte-string.js';
import { decodeRune, encodeRune, runeOf, sizeOf } from './byte-string.js';
import { Formatter, VerbFlags } from './formatter.js';
import type { GoValue } from './go-value.js';
import { describeValue, printValue } from './value-printer.js';

/** Go refuses widths and precisions beyond this. */
const MAX_NUMBER = 1_000_000;

/** Go's fmt.Sprint: spaces between operands when neither is a string. Throws CallError beyond `maxLength` bytes. */
export function sprint(values: readonly GoValue[], maxLength: number): ByteString {
  const formatter = new Formatter(maxLength);
  values.forEach((value, i) => {
    if (i > 0 && value.type !== 'string' && values[i - 1]?.type !== 'string') formatter.write(' ');
    printValue(formatter, value, 'v');
  });
  return formatter.output;
}

/** Go's fmt.Sprintln: spaces between all operands, and a newline. Throws CallError beyond `maxLength` bytes. */
export function sprintln(values: readonly GoValue[], maxLength: number): ByteString {
  const formatter = new Formatter(maxLength);
  values.forEach((value, i) => {
    if (i > 0) formatter.write(' ');
    printValue(formatter, value, 'v');
  });
  formatter.write('\n');
  return formatter.output;
}

/** Go's fmt.Sprintf, its %!verb(...) complaints included. Throws CallError beyond `maxLength` bytes, and for %p of a map. */
export function sprintf(format: ByteString, values: readonly GoValue[], maxLength: number): ByteString {
  const formatter = new Formatter(maxLength);
  new FormatReader(format, values, formatter).run();
  return formatter.output;
}

class FormatReader {
  readonly #format: ByteString;
  readonly #values: readonly GoValue[];
  readonly #formatter: Formatter;
  #position = 0;
  #next = 0;
  #isReordered = false;
  #isGoodIndex = true;
  #isWithoutBrackets = false;

  constructor(format: ByteString, values: readonly GoValue[], formatter: Formatter) {
    this.#format = format;
    this.#values = values;
    this.#formatter = formatter;
  }

  run(): void {
    for (;;) {
      const percent = this.#format.indexOf('%', this.#position);
      this.#formatter.write(this.#format.slice(this.#position, percent < 0 ? undefined : percent));
      if (percent < 0) break;
      this.#position = percent + 1;
      if (!this.#verb()) break;
    }
    if (!this.#isReordered && this.#next < this.#values.length) this.#complainOfExtra();
  }

  /** One verb behind its percent sign; false at the end of the format. */
  #verb(): boolean {
    const flags = new VerbFlags();
    this.#formatter.flags = flags;
    this.#isGoodIndex = true;
    this.#flags(flags);
    const afterIndex = this.#precision(flags, this.#width(flags, this.#index()));
    if (!afterIndex) this.#index();
    if (this.#position >= this.#format.length) {
      this.#formatter.write('%!(NOVERB)');
      return false;
    }
    const packed = decodeRune(this.#format, this.#position);
    this.#position += sizeOf(packed);
    this.#print(encodeRune(runeOf(packed)), flags);
    return true;
  }

  #flags(flags: VerbFlags): void {
    for (; ; this.#position++) {
      switch (this.#format[this.#position]) {
        case '#':
          flags.sharp = true;
          break;
        case '0':
          flags.zero = true;
          break;
        case '+':
          flags.plus = true;
          break;
        case '-':
          flags.minus = true;
          break;
        case ' ':
          flags.space = true;
          break;
        default:
          return;
      }
    }
  }

  /** An explicit index such as [2]; whether there was one. */
  #index(): boolean {
    if (this.#format[this.#position] !== '[') return false;
    this.#isReordered = true;
    const close = this.#closingBracket();
    if (close < 0) {
      this.#isGoodIndex = false;
      this.#position++;
      return false;
    }
    const digits = this.#format.slice(this.#position + 1, close);
    const index = /^[0-9]+$/.test(digits) ? readNumber(digits) : undefined;
    this.#position = close + 1;
    if (index !== undefined && index >= 1 && index <= this.#values.length) {
      this.#next = index - 1;
      return true;
    }
    this.#isGoodIndex = false;
    return index !== undefined;
  }

  /** The end of an explicit index; -1 where there is none, also for `[]` at the end of the format. */
  #closingBracket(): number {
    if (this.#isWithoutBrackets || this.#format.length - this.#position < 3) return -1;
    const close = this.#format.indexOf(']', this.#position);
    // Not looked for again: a format of many opening brackets would take quadratic time.
    this.#isWithoutBrackets = close < 0;
    return close;
  }

  /** Whether the number that follows still belongs to an explicit index. */
  #width(flags: VerbFlags, afterIndex: boolean): boolean {
    if (this.#format[this.#position] === '*') {
      this.#position++;
      const width = this.#numberFromValue();
      if (width === undefined) this.#formatter.write('%!(BADWIDTH)');
      else {
        flags.width = Math.abs(width);
        if (width < 0) {
          flags.minus = true;
          flags.zero = false;
        }
      }
      return false;
    }
    flags.width = this.#number();
    if (afterIndex && flags.width !== undefined) this.#isGoodIndex = false;
    return afterIndex;
  }

  #precision(flags: VerbFlags, afterIndex: boolean): boolean {
    // A point at the very end is taken for the verb.
    if (this.#position + 1 >= this.#format.length || this.#format[this.#position] !== '.') return afterIndex;
    this.#position++;
    if (afterIndex) this.#isGoodIndex = false;
    const isIndexed = this.#index();
    if (this.#format[this.#position] !== '*') {
      flags.precision = this.#number() ?? 0;
      return isIndexed;
    }
    this.#position++;
    const precision = this.#numberFromValue();
    if (precision !== undefined && precision >= 0) flags.precision = precision;
    else this.#formatter.write('%!(BADPREC)');
    return false;
  }

  #number(): number | undefined {
    const digits = /[0-9]*/y;
    digits.lastIndex = this.#position;
    const text = digits.exec(this.#format)?.[0] ?? '';
    if (text === '') return undefined;
    const number = readNumber(text);
    // Go gives up on the whole format here.
    this.#position = number === undefined ? this.#format.length : this.#position + text.length;
    return number;
  }

  #numberFromValue(): number | undefined {
    const value = this.#values[this.#next];
    if (value === undefined) return undefined;
    this.#next++;
    if (value.type !== 'int' && value.type !== 'uint8') return undefined;
    return value.value > MAX_NUMBER || value.value < -MAX_NUMBER ? undefined : Number(value.value);
  }

  #print(verb: ByteString, flags: VerbFlags): void {
    const value = this.#values[this.#next];
    if (verb === '%') this.#formatter.write('%');
    else if (!this.#isGoodIndex) this.#formatter.write(`%!${verb}(BADINDEX)`);
    else if (value === undefined) this.#formatter.write(`%!${verb}(MISSING)`);
    else {
      if (verb === 'v' || verb === 'w') {
        flags.sharpV = flags.sharp;
        flags.sharp = false;
        flags.plus = false;
      }
      printValue(this.#formatter, value, verb);
      this.#next++;
    }
  }

  #complainOfExtra(): void {
    this.#formatter.flags = new VerbFlags();
    this.#formatter.write('%!(EXTRA ');
    this.#values.slice(this.#next).forEach((value, i) => {
      if (i > 0) this.#formatter.write(', ');
      if (value.type === 'nil') this.#formatter.write('<nil>');
      else describeValue(this.#formatter, value);
    });
    this.#formatter.write(')');
  }
}

/** Digits as a number, as Go's parsenum: undefined once it exceeds a million before its last digit. */
function readNumber(digits: string): number | undefined {
  return Number(digits.slice(0, -1)) > MAX_NUMBER ? undefined : Number(digits);
}
