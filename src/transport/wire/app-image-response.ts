import type { StoredAppImage } from '../../domain/app-image/app-image.js';
import { AnswerBuffer } from './answer-buffer.js';
import { fieldHeader, MOST_FIELD_HEADER_BYTES, SUCCESS_JSON_START, SUCCESS_PROTOBUF } from './envelope.js';
import type { Encoding, ResponseBody } from './method.js';

/** Field number of `data` in the responses that have one. */
const DATA_FIELD = 2;

const SUCCESS_JSON = Buffer.from(`${SUCCESS_JSON_START}}`);
const DATA_JSON_START = Buffer.from(`${SUCCESS_JSON_START},"data":`);
const BATCH_JSON_START = Buffer.from(`${SUCCESS_JSON_START},"data":[`);
const BATCH_JSON_END = Buffer.from(']}');
const LIST_JSON_START = Buffer.from(`${SUCCESS_JSON_START},"data":{"appimage_list":[`);
const JSON_END = Buffer.from('}');
const COMMA = Buffer.from(',');

/** Room for a batch at first, before a template tells how large templates are. */
const FIRST_BATCH_BYTES = 16 * 1024;

/** A success that says nothing else. */
export function encodeDone(encoding: Encoding): Uint8Array {
  return encoding === 'json' ? SUCCESS_JSON : SUCCESS_PROTOBUF;
}

/** `QueryAppImageResponse`: the stored bytes in their envelope. */
export function encodeOne(stored: StoredAppImage, encoding: Encoding): ResponseBody {
  if (encoding === 'json') {
    const { json } = stored.encoded;
    const answer = new AnswerBuffer(DATA_JSON_START.length + json.length + JSON_END.length);
    answer.append(DATA_JSON_START);
    answer.append(json);
    answer.append(JSON_END);
    return answer.finish();
  }
  const { protobuf } = stored.encoded;
  const answer = new AnswerBuffer(SUCCESS_PROTOBUF.length + MOST_FIELD_HEADER_BYTES + protobuf.length);
  answer.append(SUCCESS_PROTOBUF);
  answer.appendFieldHeader(DATA_FIELD, protobuf.length);
  answer.append(protobuf);
  return answer.finish();
}

/** `BatchQueryAppImageResponse`, made template by template. */
export class BatchAnswer {
  readonly #encoding: Encoding;
  readonly #answer = new AnswerBuffer(FIRST_BATCH_BYTES);
  /** Templates that are still to come. */
  #left: number;

  constructor(encoding: Encoding, templates: number) {
    this.#encoding = encoding;
    this.#left = templates;
    this.#answer.append(encoding === 'json' ? BATCH_JSON_START : SUCCESS_PROTOBUF);
  }

  add({ encoded }: StoredAppImage): void {
    const template = this.#encoding === 'json' ? encoded.json : encoded.protobuf;
    // Templates are mostly alike, so what is left takes about as much as this one for each.
    this.#answer.expect(this.#left * (template.length + MOST_FIELD_HEADER_BYTES));
    this.#left -= 1;
    if (this.#encoding === 'protobuf') {
      this.#answer.appendFieldHeader(DATA_FIELD, template.length);
    }
    this.#answer.append(template);
    if (this.#encoding === 'json' && this.#left > 0) {
      this.#answer.append(COMMA);
    }
  }

  finish(): ResponseBody {
    if (this.#encoding === 'json') {
      this.#answer.append(BATCH_JSON_END);
    }
    return this.#answer.finish();
  }
}

/** `ListAppImageResponse`. */
export function encodePage(stored: readonly StoredAppImage[], nextPageToken: string, encoding: Encoding): ResponseBody {
  if (encoding === 'json') {
    const end = Buffer.from(`],"next_page_token":${JSON.stringify(nextPageToken)}}}`);
    return joined([LIST_JSON_START, ...jsonElements(stored), end]);
  }
  const parts = repeatedField(1, stored);
  if (nextPageToken !== '') {
    const token = Buffer.from(nextPageToken);
    parts.push(fieldHeader(2, token.length), token);
  }
  return joined([SUCCESS_PROTOBUF, fieldHeader(DATA_FIELD, lengthOf(parts)), ...parts]);
}

function joined(pieces: readonly Uint8Array[]): ResponseBody {
  const answer = new AnswerBuffer(lengthOf(pieces));
  for (const piece of pieces) {
    answer.append(piece);
  }
  return answer.finish();
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

function jsonElements(stored: readonly StoredAppImage[]): Uint8Array[] {
  return stored.flatMap(({ encoded }, index) => (index === 0 ? [encoded.json] : [COMMA, encoded.json]));
}

function repeatedField(fieldNumber: number, stored: readonly StoredAppImage[]): Uint8Array[] {
  return stored.flatMap(({ encoded }) => [fieldHeader(fieldNumber, encoded.protobuf.length), encoded.protobuf]);
}
