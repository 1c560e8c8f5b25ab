import { encodeUtf8 } from './byte-string.js';
import { CallError } from './template-errors.js';

/** What JSON.parse returns. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export function isJsonObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of an object itself, never of its prototype. */
export function jsonField(value: JsonValue, key: string): JsonValue {
  return isJsonObject(value) && Object.hasOwn(value, key) ? (value[key] ?? null) : null;
}

/**
 * The value of a text that is a JSON object or array by Go's encoding/json; undefined for any other text.
 * Throws CallError (`limit`) where it is nested deeper than `maxDepth`.
 */
export function parseJsonContainer(text: string, maxDepth: number): JsonValue | undefined {
  if (!/^[ \t\r\n]*[[{]/.test(text)) return undefined;
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  return isWithinGo(value, maxDepth) ? value : undefined;
}

/** Whether Go could hold all numbers: beyond float64 they are an error there, and infinite here. */
function isWithinGo(value: JsonValue, depth: number): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depth <= 0) throw new CallError('JSON in a value is nested too deep', 'limit');
  return Object.values(value).every((member) => isWithinGo(member, depth - 1));
}

/** Go's json.Marshal: no spaces, keys in the order of their bytes, `<`, `>` and `&` escaped. */
export function marshalJson(value: JsonValue): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return marshalString(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map(marshalJson).join(',')}]`;
  const members = Object.entries(value).map(([key, member]) => ({ key, bytes: encodeUtf8(key), member }));
  members.sort((a, b) => (a.bytes < b.bytes ? -1 : a.bytes > b.bytes ? 1 : 0));
  return `{${members.map(({ key, member }) => `${marshalString(key)}:${marshalJson(member)}`).join(',')}}`;
}

function marshalString(text: string): string {
  // JSON.stringify has the same short escapes, but would escape a lone surrogate, which Go has replaced on reading.
  return JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
