import type { DescEnum } from '@bufbuild/protobuf';
import { canonicalNumber } from '../../domain/app-image/canonical-json.js';
import { suggest } from '../../domain/app-image/text-rule.js';
import { didYouMean } from '../../domain/did-you-mean.js';
import { QUOTED_VALUE_LENGTH, quoteValue } from '../../domain/errors.js';
import type { JsonReading } from './json-reading.js';
import type { JsonObject, JsonValue } from './json-text.js';

/** Reads the JSON value of one field. Returns `undefined` after it has reported a fault. */
export type ValueReader = (value: JsonValue, reading: JsonReading) => unknown;

const INT32_MAX = 2 ** 31 - 1;
const INT64_MAX = 2n ** 63n - 1n;
const DECIMAL = /^-?(?:0|[1-9][0-9]{0,18})$/;

export const readString: ValueReader = (value, reading) => {
  if (typeof value !== 'string') {
    return reading.fault(`expected a string, found ${describe(value)}`);
  }
  return reading.isWellFormed(value)
    ? value
    : reading.fault('the string holds half of a surrogate pair, which no UTF-8 text can');
};

export const readInt32: ValueReader = (value, reading) => {
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= -INT32_MAX - 1 && number <= INT32_MAX
    ? number + 0
    : reading.fault(`expected a 32-bit integer, found ${describe(value)}`);
};

export const readInt64: ValueReader = (value, reading) => {
  const written = typeof value === 'number' && !Number.isSafeInteger(value) ? reading.source() : undefined;
  const text = written === undefined ? value : canonicalNumber(written);
  if (typeof text === 'number' || (typeof text === 'string' && DECIMAL.test(text))) {
    const number = BigInt(text);
    if (number >= -INT64_MAX - 1n && number <= INT64_MAX) {
      return number;
    }
  }
  const found = written === undefined || written.length > QUOTED_VALUE_LENGTH ? describe(value) : written;
  return reading.fault(`expected a 64-bit integer, as a number or a string, found ${found}`);
};

/** A string that holds the text of a JSON object; JSON may bring the object itself, which is kept as it was written. */
export const readEmbeddedJson: ValueReader = (value, reading) => {
  if (isObject(value)) {
    return reading.source();
  }
  return typeof value === 'string'
    ? readString(value, reading)
    : reading.fault(`expected an object, or a string with the text of one, found ${describe(value)}`);
};

/** A value of an enum by its name, or by its number. */
export function enumReader(descriptor: DescEnum): ValueReader {
  const names = descriptor.values.map(({ name }) => name);
  const numbers = new Map(descriptor.values.map(({ name, number }) => [name, number]));
  return (value, reading) => {
    const number = typeof value === 'string' ? numbers.get(value) : value;
    if (typeof number === 'number' && descriptor.value[number] !== undefined) {
      return number;
    }
    const guess = typeof value === 'string' ? suggest(didYouMean(value, names)) : '';
    return reading.fault(`expected one of ${names.join(', ')}, found ${describe(value)}${guess}`);
  };
}

const RFC_3339 = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

/** A point in time, of which milliseconds are kept. */
export const readTimestamp: ValueReader = (value, reading) => {
  const date = new Date(typeof value === 'string' && RFC_3339.test(value) ? value : NaN);
  return Number.isNaN(date.getTime())
    ? reading.fault(`expected a time as in RFC 3339, such as 2024-01-31T12:00:00Z, found ${describe(value)}`)
    : date;
};

/** The JSON form of a field mask is one string of paths with commas; its message form is taken as well. */
export const readFieldMask: ValueReader = (value, reading) => {
  const paths = isObject(value) && Object.keys(value).every((key) => key === 'paths') ? value['paths'] : value;
  if (Array.isArray(paths) && paths.every((path) => typeof path === 'string' && path.isWellFormed())) {
    return paths;
  }
  if (typeof paths === 'string' && paths.isWellFormed()) {
    return readMask(paths);
  }
  return reading.fault(`expected paths in one string, as "image.tag,configTemplates", found ${describe(value)}`);
};

/** Splits a mask at commas that are not inside backticks, since a quoted map key may hold them. */
export function readMask(paths: string): string[] {
  if (paths === '') {
    return [];
  }
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let index = 0; index < paths.length; index += 1) {
    if (paths[index] === '`') {
      quoted = !quoted;
    } else if (paths[index] === ',' && !quoted) {
      parts.push(paths.slice(start, index).trim());
      start = index + 1;
    }
  }
  parts.push(paths.slice(start).trim());
  return parts;
}

export function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as an error names it. */
export function describe(value: JsonValue): string {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'an array';
  }
  return typeof value === 'object'
    ? 'an object'
    : typeof value === 'string'
      ? `the string ${quoteValue(value)}`
      : String(value);
}
