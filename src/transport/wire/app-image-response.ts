import type { StoredAppImage } from '../../domain/app-image/app-image.js';
import { fieldHeader, SUCCESS_JSON_START, SUCCESS_PROTOBUF } from './envelope.js';
import type { Encoding } from './method.js';

/** Field number of `data` in the responses that have one. */
const DATA_FIELD = 2;

const SUCCESS_JSON = Buffer.from(`${SUCCESS_JSON_START}}`);
const DATA_JSON_START = Buffer.from(`${SUCCESS_JSON_START},"data":`);
const BATCH_JSON_START = Buffer.from(`${SUCCESS_JSON_START},"data":[`);
const BATCH_JSON_END = Buffer.from(']}');
const LIST_JSON_START = Buffer.from(`${SUCCESS_JSON_START},"data":{"appimage_list":[`);
const JSON_END = Buffer.from('}');
const COMMA = Buffer.from(',');

/** A success that says nothing else. */
export function encodeDone(encoding: Encoding): Uint8Array {
  return encoding === 'json' ? SUCCESS_JSON : SUCCESS_PROTOBUF;
}

/** `QueryAppImageResponse`: the stored bytes in their envelope. */
export function encodeOne(stored: StoredAppImage, encoding: Encoding): Uint8Array {
  const { json, protobuf } = stored.encoded;
  return encoding === 'json'
    ? Buffer.concat([DATA_JSON_START, json, JSON_END])
    : Buffer.concat([SUCCESS_PROTOBUF, fieldHeader(DATA_FIELD, protobuf.length), protobuf]);
}

/** `BatchQueryAppImageResponse`. */
export function encodeBatch(stored: readonly StoredAppImage[], encoding: Encoding): Uint8Array {
  return encoding === 'json'
    ? Buffer.concat([BATCH_JSON_START, ...jsonElements(stored), BATCH_JSON_END])
    : Buffer.concat([SUCCESS_PROTOBUF, ...repeatedField(DATA_FIELD, stored)]);
}

/** `ListAppImageResponse`. */
export function encodePage(stored: readonly StoredAppImage[], nextPageToken: string, encoding: Encoding): Uint8Array {
  if (encoding === 'json') {
    const end = Buffer.from(`],"next_page_token":${JSON.stringify(nextPageToken)}}}`);
    return Buffer.concat([LIST_JSON_START, ...jsonElements(stored), end]);
  }
  const parts = repeatedField(1, stored);
  if (nextPageToken !== '') {
    const token = Buffer.from(nextPageToken);
    parts.push(fieldHeader(2, token.length), token);
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([SUCCESS_PROTOBUF, fieldHeader(DATA_FIELD, length), ...parts]);
}

function jsonElements(stored: readonly StoredAppImage[]): Uint8Array[] {
  return stored.flatMap(({ encoded }, index) => (index === 0 ? [encoded.json] : [COMMA, encoded.json]));
}

function repeatedField(fieldNumber: number, stored: readonly StoredAppImage[]): Uint8Array[] {
  return stored.flatMap(({ encoded }) => [fieldHeader(fieldNumber, encoded.protobuf.length), encoded.protobuf]);
}
