import type { ByteString } from './byte-string.js';
import type { Formatter } from './formatter.js';
import type { GoValue } from './go-value.js';
import { NIL, string, typeName } from './go-value.js';
import { CallError } from './template-errors.js';

/** Writes type=value, as in Go's complaints. */
export function describeValue(formatter: Formatter, value: GoValue): void {
  formatter.write(`${typeName(value)}=`);
  printValue(formatter, value, 'v');
}

function complainOfVerb(formatter: Formatter, value: GoValue, verb: ByteString): void {
  formatter.write(`%!${verb}(`);
  if (value.type === 'nil') formatter.write('<nil>');
  else describeValue(formatter, value);
  formatter.write(')');
}

/** One value with one verb, or Go's complaint that they do not fit. The flags are the formatter's. */
export function printValue(formatter: Formatter, value: GoValue, verb: ByteString): void {
  if (value.type === 'nil') {
    if (verb === 'v' || verb === 'T') formatter.pad('<nil>');
    else complainOfVerb(formatter, NIL, verb);
  } else if (verb === 'T') formatter.string(typeName(value));
  else if (value.type === 'map') printMap(formatter, value, verb);
  else if (!printScalar(formatter, value, verb)) complainOfVerb(formatter, value, verb);
}

function printMap(formatter: Formatter, value: GoValue & { type: 'map' }, verb: ByteString): void {
  if (verb === 'p') throw new CallError('%p prints a memory address, which is not supported here');
  if (verb === 'w') {
    complainOfVerb(formatter, value, verb);
    return;
  }
  const { sharpV } = formatter.flags;
  formatter.write(sharpV ? 'map[string]string{' : 'map[');
  value.value.keys().forEach((key, i) => {
    if (i > 0) formatter.write(sharpV ? ', ' : ' ');
    printValue(formatter, string(key), verb);
    formatter.write(':');
    printValue(formatter, string(value.value.get(key)), verb);
  });
  formatter.write(sharpV ? '}' : ']');
}

/** False where the verb does not fit the type. */
function printScalar(formatter: Formatter, value: GoValue, verb: ByteString): boolean {
  switch (value.type) {
    case 'bool':
      if (verb !== 't' && verb !== 'v') return false;
      formatter.pad(String(value.value));
      return true;
    case 'int':
    case 'uint8':
      return printInteger(formatter, value.value, value.type === 'uint8', verb);
    case 'float64':
      return printFloat(formatter, value.value, verb);
    case 'string':
      return printString(formatter, value.value, verb);
    default:
      return false;
  }
}

const INTEGER_BASES = new Map([
  ['v', 10],
  ['d', 10],
  ['b', 2],
  ['o', 8],
  ['O', 8],
  ['x', 16],
  ['X', 16],
]);

function printInteger(formatter: Formatter, value: bigint, isUnsigned: boolean, verb: ByteString): boolean {
  const base = INTEGER_BASES.get(verb);
  if (base !== undefined) {
    const isGoSyntax = verb === 'v' && formatter.flags.sharpV && isUnsigned;
    if (isGoSyntax) formatter.flags.sharp = true;
    formatter.integer(value < 0n ? -value : value, value < 0n, isGoSyntax ? 16 : base, verb);
    if (isGoSyntax) formatter.flags.sharp = false;
  } else if (verb === 'c') formatter.character(value);
  else if (verb === 'q') formatter.quotedCharacter(value);
  else if (verb === 'U') formatter.unicode(value);
  else return false;
  return true;
}

function printFloat(formatter: Formatter, value: number, verb: ByteString): boolean {
  if (verb === 'v') formatter.float(value, 'g', -1);
  else if (/^[bgGxX]$/.test(verb)) formatter.float(value, verb, -1);
  else if (/^[feEF]$/.test(verb)) formatter.float(value, verb === 'F' ? 'f' : verb, 6);
  else return false;
  return true;
}

function printString(formatter: Formatter, value: ByteString, verb: ByteString): boolean {
  if (verb === 'q' || (verb === 'v' && formatter.flags.sharpV)) formatter.quotedString(value);
  else if (verb === 's' || verb === 'v') formatter.string(value);
  else if (verb === 'x' || verb === 'X') formatter.hexString(value, verb === 'X');
  else return false;
  return true;
}
