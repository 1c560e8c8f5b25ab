import type { StoredAppImage } from '../../domain/app-image/app-image.js';
import { AnswerBuffer } from './answer-buffer.js';
import { fieldHeader, MOST_FIELD_HEADER_BYTES, SUCCESS_JSON_START, SUCCESS_PROTOBUF } from './envelope.js';
import type { Encoding, ResponseBody } from './method.js';

/** Field number of `data` in the responses that have one. */
const DATA_FIELD = 2;

/** Field numbers of the `data` of a list. */
const LISTED_FIELD = 1;
const NEXT_PAGE_TOKEN_FIELD = 2;

const SUCCESS_JSON = Buffer.from(`${SUCCESS_JSON_START}}`);
const DATA_JSON_START = Buffer.from(`${SUCCESS_JSON_START},"data":`);
const BATCH_JSON_START = Buffer.from(`${SUCCESS_JSON_START},"data":[`);
const BATCH_JSON_END = Buffer.from(']}');
const LIST_JSON_START = Buffer.from(`${SUCCESS_JSON_START},"data":{"appimage_list":[`);
const JSON_END = Buffer.from('}');
const COMMA = 0x2c;

/** Room for several templates at first, before one of them tells how large they are. */
const FIRST_SEQUENCE_BYTES = 16 * 1024;

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
  readonly #templates: TemplateSequence;
  /** Templates that are still to come. */
  #left: number;

  constructor(encoding: Encoding, templates: number) {
    this.#encoding = encoding;
    this.#left = templates;
    this.#templates = new TemplateSequence(encoding, DATA_FIELD);
  }

  add(stored: StoredAppImage): void {
    this.#left -= 1;
    this.#templates.add(stored, this.#left);
  }

  finish(): ResponseBody {
    const { answer } = this.#templates;
    if (this.#encoding === 'json') {
      answer.append(BATCH_JSON_END);
    }
    answer.prepend(this.#encoding === 'json' ? BATCH_JSON_START : SUCCESS_PROTOBUF);
    return answer.finish();
  }
}

/** `ListAppImageResponse`, made template by template. */
export class PageAnswer {
  readonly #encoding: Encoding;
  readonly #templates: TemplateSequence;

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
    this.#templates = new TemplateSequence(encoding, LISTED_FIELD);
  }

  /** @param left templates that are still to come */
  add(stored: StoredAppImage, left: number): void {
    this.#templates.add(stored, left);
  }

  finish(nextPageToken: string): ResponseBody {
    const { answer } = this.#templates;
    if (this.#encoding === 'json') {
      answer.append(Buffer.from(`],"next_page_token":${JSON.stringify(nextPageToken)}}}`));
      answer.prepend(LIST_JSON_START);
      return answer.finish();
    }
    if (nextPageToken !== '') {
      const token = Buffer.from(nextPageToken);
      answer.appendFieldHeader(NEXT_PAGE_TOKEN_FIELD, token.length);
      answer.append(token);
    }
    answer.prepend(fieldHeader(DATA_FIELD, answer.length));
    answer.prepend(SUCCESS_PROTOBUF);
    return answer.finish();
  }
}

/** Templates one behind the other: the elements of a JSON array, or a repeated field of protobuf. */
class TemplateSequence {
  readonly answer = new AnswerBuffer(FIRST_SEQUENCE_BYTES);
  readonly #encoding: Encoding;
  readonly #fieldNumber: number;
  #count = 0;

  constructor(encoding: Encoding, fieldNumber: number) {
    this.#encoding = encoding;
    this.#fieldNumber = fieldNumber;
  }

  /** @param left templates that are still to come */
  add({ encoded }: StoredAppImage, left: number): void {
    const { answer } = this;
    const template = this.#encoding === 'json' ? encoded.json : encoded.protobuf;
    // Templates are mostly alike, so what is left takes about as much as this one for each.
    answer.expect((left + 1) * (template.length + MOST_FIELD_HEADER_BYTES));
    if (this.#encoding === 'protobuf') {
      answer.appendFieldHeader(this.#fieldNumber, template.length);
    } else if (this.#count > 0) {
      answer.appendByte(COMMA);
    }
    answer.append(template);
    this.#count += 1;
  }
}
