import type { Encoding } from '../wire/method.js';

export const JSON_TYPE = 'application/json';

/** Media types of a protobuf body. The first is the one of Kuscia; the second is what others send. */
export const PROTOBUF_TYPES = ['application/x-protobuf', 'application/protobuf'] as const;

/** How a body is encoded, and the media type that the response has to mirror. */
export interface BodyFormat {
  readonly encoding: Encoding;
  readonly contentType: string;
}

export const JSON_FORMAT: BodyFormat = { encoding: 'json', contentType: JSON_TYPE };

const PROTOBUF_FORMATS: readonly BodyFormat[] = PROTOBUF_TYPES.map((contentType) => ({
  encoding: 'protobuf',
  contentType,
}));

/** Reads a `Content-Type` header: whatever is not protobuf is JSON, an absent type included. */
export function bodyFormat(contentType: string | undefined): BodyFormat {
  if (contentType === undefined || contentType === JSON_TYPE) {
    return JSON_FORMAT;
  }
  const end = contentType.indexOf(';');
  const mediaType = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  return PROTOBUF_FORMATS.find((format) => format.contentType === mediaType) ?? JSON_FORMAT;
}
