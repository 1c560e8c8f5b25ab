import type { GoValue } from './go-value.js';
import { typeName } from './go-value.js';
import { CallError } from './template-errors.js';

type Kind = 'invalid' | 'bool' | 'integer' | 'float' | 'string';

function kindOf(value: GoValue): Kind {
  switch (value.type) {
    case 'bool':
    case 'string':
      return value.type;
    case 'int':
    case 'uint8':
      return 'integer';
    case 'float64':
      return 'float';
    default:
      return 'invalid';
  }
}

function incompatible(a: GoValue, b: GoValue): CallError {
  return new CallError(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

function isSame(a: GoValue, b: GoValue): boolean {
  const kind = kindOf(a);
  if (kind !== kindOf(b)) {
    if (a.type !== 'nil' && b.type !== 'nil') throw incompatible(a, b);
    return false;
  }
  if (a.type === 'nil' || b.type === 'nil') return a.type === b.type;
  if (a.type === 'map' || b.type === 'map') throw new CallError('non-comparable type map[string]string');
  // Signed and unsigned integers compare by value, both being bigint.
  return a.value === b.value;
}

/** `eq a b c`: whether a is one of the others. Throws CallError as Go does for types that do not compare. */
export function isEqual(a: GoValue, others: readonly GoValue[]): boolean {
  if (others.length === 0) throw new CallError('missing argument for comparison');
  return others.some((other) => isSame(a, other));
}

/** `lt a b`. Strings compare by their bytes. Throws CallError as Go does for types without an order. */
export function isLess(a: GoValue, b: GoValue): boolean {
  const kind = kindOf(a);
  const other = kindOf(b);
  if (kind === 'invalid' || other === 'invalid') throw new CallError('invalid type for comparison');
  if (kind !== other) throw incompatible(a, b);
  if (a.type === 'string' && b.type === 'string') return a.value < b.value;
  if (a.type === 'float64' && b.type === 'float64') return a.value < b.value;
  if ((a.type === 'int' || a.type === 'uint8') && (b.type === 'int' || b.type === 'uint8')) return a.value < b.value;
  throw new CallError('invalid type for comparison');
}
