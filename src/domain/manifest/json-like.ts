/** What a YAML or JSON document holds once it is read. Integers may be `bigint`, so that none is rounded. */
export type JsonLike = null | boolean | number | bigint | string | readonly JsonLike[] | JsonLikeObject;
export interface JsonLikeObject {
  readonly [key: string]: JsonLike;
}

export function isJsonLikeObject(value: JsonLike | undefined): value is JsonLikeObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isJsonLikeArray(value: JsonLike | undefined): value is readonly JsonLike[] {
  return Array.isArray(value);
}
