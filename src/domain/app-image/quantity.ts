import { suggest, type TextRule } from './text-rule.js';

/**
 * An amount of a resource, exactly: `mantissa` times ten to the `exponent10` times two to the `exponent2`. The
 * same amount has several representations; {@link compareQuantities} tells whether two are equal.
 */
export interface Quantity {
  readonly mantissa: bigint;
  readonly exponent10: number;
  readonly exponent2: number;
}

/** Bounds that no real amount comes near, so that hostile ones cannot make the arithmetic expensive. */
const LONGEST_QUANTITY = 64;
const LARGEST_EXPONENT = 99;

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const QUANTITY = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+)|([KMGTPE]i|[numkMGTPE]))?$/;

const DECIMAL_SUFFIXES: ReadonlyMap<string, number> = new Map(
  Object.entries({ n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }),
);
const BINARY_SUFFIXES: ReadonlyMap<string, number> = new Map(
  Object.entries({ Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }),
);

/** How nearly every quantity looks, such as `2`, `100m` or `512Mi`: allowed without being computed. */
const PLAIN_QUANTITY = /^[0-9]{1,32}(?:[KMGTPE]i|[numkMGTPE])?$/;

/** A Kubernetes quantity that is not negative, or nothing. */
export const QUANTITY_OR_EMPTY: TextRule = {
  allows: (value) => value === '' || PLAIN_QUANTITY.test(value) || (parseQuantity(value)?.mantissa ?? -1n) >= 0n,
  explain: explainQuantity,
};

/**
 * Reads a Kubernetes quantity such as `500m`, `1.5`, `128Mi` or `1e3`; `undefined` for what is not one, has more than 64
 * characters or an exponent beyond 99. Unlike Kubernetes, it rounds nothing.
 */
export function parseQuantity(text: string): Quantity | undefined {
  const match = text.length <= LONGEST_QUANTITY ? QUANTITY.exec(text) : null;
  if (match === null) {
    return undefined;
  }
  const [, sign, integer = '', fraction = '', exponent = '0', suffix = ''] = match;
  const digits = integer + fraction;
  if (digits === '' || Math.abs(Number(exponent)) > LARGEST_EXPONENT) {
    return undefined;
  }
  return {
    mantissa: BigInt(digits) * (sign === '-' ? -1n : 1n),
    exponent10: Number(exponent) - fraction.length + (DECIMAL_SUFFIXES.get(suffix) ?? 0),
    exponent2: BINARY_SUFFIXES.get(suffix) ?? 0,
  };
}

/** Negative, zero or positive as the first amount is less than, equal to or more than the second. Exact. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  const exponent10 = Math.min(a.exponent10, b.exponent10);
  const scaledA = scale(a, exponent10);
  const scaledB = scale(b, exponent10);
  return scaledA < scaledB ? -1 : scaledA > scaledB ? 1 : 0;
}

/** The amount in units of ten to the `exponent10`, which must not be more than its own. */
function scale(quantity: Quantity, exponent10: number): bigint {
  return (quantity.mantissa * 10n ** BigInt(quantity.exponent10 - exponent10)) << BigInt(quantity.exponent2);
}

function explainQuantity(text: string): string {
  if (parseQuantity(text) !== undefined) {
    return 'is negative; use an amount of 0 or more';
  }
  if (text.length > LONGEST_QUANTITY) {
    return `is longer than the ${LONGEST_QUANTITY} characters that a quantity may have`;
  }
  return `is not a Kubernetes quantity such as 500m, 2, 512Mi or 1G${suggest(quantityLike(text))}`;
}

/** What a quantity in the spelling of other tools, `512MB` or `1 gib`, is in Kubernetes' own. */
function quantityLike(text: string): string | undefined {
  const match = /^([0-9.]+) ?([kmgtpe])(i?)b?$/i.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, number = '', letter = '', binary = ''] = match;
  const prefix = binary === '' && letter.toLowerCase() === 'k' ? 'k' : letter.toUpperCase();
  const guess = number + prefix + binary.toLowerCase();
  return parseQuantity(guess) === undefined ? undefined : guess;
}
