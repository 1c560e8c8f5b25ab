import type { AppImage } from './app-image.js';
import { sameJsonContent } from './json-content.js';
import { compareQuantities, parseQuantity } from './quantity.js';

/**
 * Whether two templates mean the same, so that storing the one over the other would change nothing. Not counted as change:
 * the order of map keys, the spelling of a quantity (`1000m` and `1`) and of JSON (`affinity`, `security_context`), `replicas`
 * 0 for 1, and a part of `resources`, or `image`, that is there but empty. Everything else counts, the order of lists included:
 * it decides which deploy template stands in for an unknown role, and which of two variables of one name wins.
 */
export function sameContent(a: AppImage, b: AppImage): boolean {
  return sameMessage(a, b);
}

/** Fields that mean the same in more than one spelling, by their name in the generated types. */
const SPELLINGS: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  replicas: (a, b) => (a || 1) === (b || 1),
  cpu: bothTexts(sameQuantity),
  memory: bothTexts(sameQuantity),
  affinity: bothTexts(sameJsonContent),
  securityContext: bothTexts(sameJsonContent),
  image: sameOrEmpty,
  resources: sameOrEmpty,
  limits: sameOrEmpty,
  requests: sameOrEmpty,
};

/** Whether two texts are the same amount; what is no quantity equals itself alone. */
export function sameQuantity(a: string, b: string): boolean {
  if (a === b) {
    return true;
  }
  const amountA = parseQuantity(a);
  const amountB = parseQuantity(b);
  return amountA !== undefined && amountB !== undefined && compareQuantities(amountA, amountB) === 0;
}

function sameMessage(a: object, b: object): boolean {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const field of fields) {
    const same = SPELLINGS[field] ?? sameValue;
    if (!same(Reflect.get(a, field), Reflect.get(b, field))) {
      return false;
    }
  }
  return true;
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) {
    return true;
  }
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((element, index) => sameValue(element, b[index]));
  }
  return isMessage(a) && isMessage(b) && sameMessage(a, b);
}

function sameOrEmpty(a: unknown, b: unknown): boolean {
  return sameValue(a ?? emptied(b), b ?? emptied(a));
}

/** A message of the same fields as the given one, without anything in them. */
function emptied(message: unknown): object {
  return isMessage(message)
    ? Object.fromEntries(
        Object.entries(message).map(([field, value]) => [field, typeof value === 'string' ? '' : undefined]),
      )
    : {};
}

function bothTexts(same: (a: string, b: string) => boolean): (a: unknown, b: unknown) => boolean {
  return (a, b) => (typeof a === 'string' && typeof b === 'string' ? same(a, b) : a === b);
}

function isMessage(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map);
}
