import { canonicalJson } from './canonical-json.js';

/** Any value that `JSON.parse` returns. */
export type JsonContent = null | boolean | number | string | readonly JsonContent[] | JsonContentObject;
export interface JsonContentObject {
  readonly [key: string]: JsonContent;
}

/**
 * What a field that holds a JSON object as text says. `undefined` where it holds none that is allowed, or a number that a double
 * would round: such a text can only be taken as a whole.
 */
export function parseJsonContent(text: string): JsonContent | undefined {
  const canonical = canonicalJson(text);
  if (canonical === undefined) {
    return undefined;
  }
  const value = JSON.parse(canonical) as JsonContent;
  return canonicalJson(JSON.stringify(value)) === canonical ? value : undefined;
}

/** Whether two texts say the same in JSON, whatever their spacing, the order of their keys and the spelling of their numbers. */
export function sameJsonContent(a: string, b: string): boolean {
  return a === b || (canonicalJson(a) ?? a) === (canonicalJson(b) ?? b);
}
