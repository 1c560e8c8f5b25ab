/** How one kind of value looks in a document: a value and its BSON form, both ways. */
export interface Shape<T> {
  toBson(value: T): unknown;
  /**
   * @param path Where in the document the value stands, for the error.
   * @throws DocumentShapeError where the value is not of this kind
   */
  fromBson(value: unknown, path: string): T;
}

/** A document holds something that is not of the expected kind. Names the place, never the content. */
export class DocumentShapeError extends Error {
  override readonly name = 'DocumentShapeError';

  constructor(path: string, expected: string) {
    super(`${path} is not ${expected}`);
  }
}

/** Text; a missing field is the empty string, as in proto3. */
export const text: Shape<string> = {
  toBson: (value) => value,
  fromBson: (value = '', path) => {
    if (typeof value !== 'string') {
      throw new DocumentShapeError(path, 'a string');
    }
    return value;
  },
};

/** A whole number of 32 bits. Other integer types count as well, since shells and tools change them on an edit. */
export const int32: Shape<number> = {
  toBson: (value) => value,
  fromBson: (value = 0, path) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number !== 'number' || (number | 0) !== number) {
      throw new DocumentShapeError(path, 'a 32-bit integer');
    }
    return number;
  },
};

/** A whole number of 64 bits, exact over its full range: always stored as BSON int64. */
export const int64: Shape<bigint> = {
  toBson: (value) => value,
  fromBson: (value = 0n, path) => {
    if (typeof value === 'bigint') {
      return value;
    }
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
      throw new DocumentShapeError(path, 'a 64-bit integer');
    }
    return BigInt(value);
  },
};

/** A list; a missing field is the empty one. */
export function listOf<T>(element: Shape<T>): Shape<T[]> {
  return {
    toBson: (values) => values.map((value) => element.toBson(value)),
    fromBson: (values = [], path) => {
      if (!Array.isArray(values)) {
        throw new DocumentShapeError(path, 'an array');
      }
      return values.map((value, index) => element.fromBson(value, `${path}[${index}]`));
    },
  };
}

/** A message that may be absent; stored as a missing field. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    toBson: (value) => (value === undefined ? undefined : shape.toBson(value)),
    fromBson: (value, path) => (value === undefined || value === null ? undefined : shape.fromBson(value, path)),
  };
}

/**
 * A map of strings as an array of `{k, v}` pairs in the map's order: its keys are the user's, hold dots and dollars, and
 * so cannot be field names that every server takes.
 */
export const textMap: Shape<Map<string, string>> = {
  toBson: (map) => Array.from(map, ([k, v]) => ({ k, v })),
  fromBson: (pairs = [], path) => {
    if (!Array.isArray(pairs)) {
      throw new DocumentShapeError(path, 'an array of {k, v} pairs');
    }
    return new Map(
      pairs.map((pair: unknown, index) => {
        const fields = expectDocument(pair, `${path}[${index}]`);
        return [text.fromBson(fields['k'], `${path}[${index}].k`), text.fromBson(fields['v'], `${path}[${index}].v`)];
      }),
    );
  },
};

/** A message as a sub-document. The fields are named in snake case, as in the contract. */
export function message<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const table = Object.entries<Shape<unknown>>(fields).map(([key, shape]) => ({ key, field: snakeCase(key), shape }));
  return {
    toBson: (value) => {
      const document: Record<string, unknown> = {};
      for (const { key, field, shape } of table) {
        const bson = shape.toBson((value as Record<string, unknown>)[key]);
        if (bson !== undefined) {
          document[field] = bson;
        }
      }
      return document;
    },
    fromBson: (value, path) => {
      const document = expectDocument(value, path);
      const result: Record<string, unknown> = {};
      for (const { key, field, shape } of table) {
        result[key] = shape.fromBson(document[field], path === '' ? field : `${path}.${field}`);
      }
      return result as T;
    },
  };
}

function expectDocument(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DocumentShapeError(path, 'a document');
  }
  return value as Record<string, unknown>;
}

function snakeCase(camelCase: string): string {
  return camelCase.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
