import type { ByteString } from './byte-string.js';

/** The data of a template: Go's map[string]string, where a missing key is the empty string. */
export interface DataMap {
  readonly size: number;
  /** The value of a key, empty where there is none. Counts as a use of the variable. */
  get(key: ByteString): ByteString;
  /** All keys in ascending order of their bytes, which is how Go walks and prints a map. */
  keys(): readonly ByteString[];
}

/** Every value that a template can come by. The data being strings, there are no others. */
export type GoValue =
  /** An untyped nil, or Go's zero reflect.Value. */
  | { readonly type: 'nil' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'uint8'; readonly value: bigint }
  | { readonly type: 'float64'; readonly value: number }
  | { readonly type: 'string'; readonly value: ByteString }
  | { readonly type: 'map'; readonly value: DataMap };

export const NIL: GoValue = { type: 'nil' };
export const bool = (value: boolean): GoValue => ({ type: 'bool', value });
export const int = (value: bigint | number): GoValue => ({ type: 'int', value: BigInt(value) });
export const string = (value: ByteString): GoValue => ({ type: 'string', value });

/** The name of the Go type, as %T prints it. */
export function typeName(value: GoValue): string {
  return value.type === 'map' ? 'map[string]string' : value.type === 'nil' ? '<nil>' : value.type;
}

/** What `if`, `and`, `or` and `not` see in a value: not the zero of its type. */
export function isTrue(value: GoValue): boolean {
  switch (value.type) {
    case 'nil':
      return false;
    case 'bool':
      return value.value;
    case 'int':
    case 'uint8':
      return value.value !== 0n;
    case 'float64':
      return value.value !== 0;
    case 'string':
      return value.value !== '';
    default:
      return value.value.size > 0;
  }
}
