/** Significant decimal digits of a positive number, 0.d1d2d3... * 10^point; none for zero. */
interface Decimal {
  digits: string;
  point: number;
}

function shortestDecimal(magnitude: number): Decimal {
  if (magnitude === 0) return { digits: '', point: 0 };
  // JavaScript and Go agree on the shortest digits that identify a float64.
  const [mantissa = '', exponent = '0'] = magnitude.toExponential().split('e');
  return { digits: mantissa.replace('.', ''), point: Number(exponent) + 1 };
}

/** mantissa * 2^exponent, the mantissa with its hidden bit. */
function decompose(magnitude: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, magnitude);
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> 52n) & 0x7ff;
  const fraction = bits & (2n ** 52n - 1n);
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

function exactDecimal(magnitude: number): Decimal {
  if (magnitude === 0) return { digits: '', point: 0 };
  const { mantissa, exponent } = decompose(magnitude);
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const digits = scaled.toString();
  return { digits: digits.replace(/0+$/, ''), point: digits.length + Math.min(exponent, 0) };
}

/** Rounds to a number of digits, ties to even: unlike toFixed, whose ties go up. */
function round({ digits, point }: Decimal, count: number): Decimal {
  if (count < 0 || count >= digits.length) return { digits, point };
  const isTie = digits[count] === '5' && count + 1 === digits.length;
  const roundsUp = isTie ? count > 0 && Number(digits[count - 1]) % 2 === 1 : Number(digits[count]) >= 5;
  const kept = digits.slice(0, count);
  if (!roundsUp) {
    const trimmed = kept.replace(/0+$/, '');
    return { digits: trimmed, point: trimmed === '' ? 0 : point };
  }
  const trimmed = kept.replace(/9+$/, '');
  if (trimmed === '') return { digits: '1', point: point + 1 };
  return { digits: trimmed.slice(0, -1) + String(Number(trimmed.at(-1)) + 1), point };
}

function exponentForm({ digits, point }: Decimal, precision: number, letter: string): string {
  const exponent = digits === '' ? 0 : point - 1;
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, '0')}` : '';
  const sign = exponent < 0 ? '-' : '+';
  return `${digits[0] ?? '0'}${fraction}${letter}${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function pointForm({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (precision <= 0) return whole;
  const fraction = point >= 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, precision)) + digits;
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`;
}

function generalForm(decimal: Decimal, precision: number, isShortest: boolean, letter: string): string {
  const { digits, point } = decimal;
  const threshold = isShortest ? 6 : precision > digits.length && digits.length >= point ? digits.length : precision;
  const exponent = point - 1;
  if (exponent < -4 || exponent >= threshold) {
    return exponentForm(decimal, Math.min(precision, digits.length) - 1, letter);
  }
  return pointForm(decimal, Math.max((precision > point ? digits.length : precision) - point, 0));
}

function binaryForm(magnitude: number): string {
  const { mantissa, exponent } = decompose(magnitude);
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
}

function hexadecimalForm(magnitude: number, precision: number, verb: 'x' | 'X'): string {
  let { mantissa, exponent } = decompose(magnitude);
  // The leading 1 goes to bit 60, as in Go, so that 15 hexadecimal digits follow it.
  exponent = mantissa === 0n ? 0 : exponent + 52;
  mantissa <<= 8n;
  while (mantissa !== 0n && mantissa < 1n << 60n) {
    mantissa <<= 1n;
    exponent--;
  }
  if (precision >= 0 && precision < 15) {
    const drop = BigInt(60 - precision * 4);
    const rest = mantissa & ((1n << drop) - 1n);
    const half = 1n << (drop - 1n);
    mantissa >>= drop;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    mantissa <<= drop;
    if (mantissa >= 1n << 61n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  let fraction = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, '0');
  fraction = precision < 0 ? fraction.replace(/0+$/, '') : fraction.slice(0, precision).padEnd(precision, '0');
  const sign = exponent < 0 ? '-' : '+';
  const text = `0x${mantissa >> 60n}${fraction === '' ? '' : `.${fraction}`}p${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  return verb === 'X' ? text.toUpperCase() : text;
}

/**
 * Go's strconv.FormatFloat of a finite float64. A negative precision means as many digits as identify the number.
 * The result is as long as the precision; the caller bounds that.
 */
export function formatFloat(value: number, verb: string, precision: number): string {
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  if (verb === 'b') return sign + binaryForm(magnitude);
  if (verb === 'x' || verb === 'X') return sign + hexadecimalForm(magnitude, precision, verb);
  const isShortest = precision < 0;
  const decimal = isShortest ? shortestDecimal(magnitude) : exactDecimal(magnitude);
  const { digits, point } = decimal;
  switch (verb) {
    case 'e':
    case 'E': {
      const count = isShortest ? Math.max(digits.length - 1, 0) : precision;
      return sign + exponentForm(isShortest ? decimal : round(decimal, count + 1), count, verb);
    }
    case 'f': {
      const count = isShortest ? Math.max(digits.length - point, 0) : precision;
      return sign + pointForm(isShortest ? decimal : round(decimal, point + count), count);
    }
    default: {
      const count = isShortest ? digits.length : precision === 0 ? 1 : precision;
      const rounded = isShortest ? decimal : round(decimal, count);
      return sign + generalForm(rounded, count, isShortest, verb === 'G' ? 'E' : 'e');
    }
  }
}
