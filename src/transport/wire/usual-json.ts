import { isUtf8 } from 'node:buffer';
import type { DescMessage } from '@bufbuild/protobuf';
import { MOST_CUT_BYTES } from './cut-text.js';
import type { Message } from './empty-message.js';
import { END, isDigit, JsonCursor } from './json-cursor.js';
import { readMask } from './json-scalars.js';
import { type Guess, planUsualMessage, type UsualField, type UsualMessage, type UsualName } from './usual-json-plan.js';

/** A message that was read from JSON of the usual form; see `DecodedJson`. */
export interface UsualJson {
  readonly message: Message;
  readonly present: ReadonlySet<string>;
}

const NO_FIELDS: ReadonlySet<string> = new Set();

/**
 * Reads messages of one type from JSON of **the usual form**, in one pass over its bytes and without objects in between: known fields, each
 * once, with `null` or a value of its type as clients write it. Whatever is not usual is read again by the general path, which alone has
 * words for faults and unknown fields. So this may only ever be stricter than the general path, and where it gives a message, it is the
 * same one, and there is nothing to warn of.
 */
export class UsualJsonReader {
  readonly #descriptor: DescMessage;
  #plan: UsualMessage | undefined;

  constructor(descriptor: DescMessage) {
    this.#descriptor = descriptor;
  }

  /** The message, or `undefined` where something about the body is not usual. */
  read(bytes: Uint8Array): UsualJson | undefined {
    if (bytes.length > MOST_CUT_BYTES || !isUtf8(bytes)) {
      return undefined;
    }
    this.#plan ??= planUsualMessage(this.#descriptor);
    const present = this.#plan.hasMaps ? new Set<string>() : undefined;
    const json = new JsonCursor(bytes);
    const message = readMessage(json, this.#plan, present);
    return json.take() !== END || json.failed ? undefined : { message, present: present ?? NO_FIELDS };
  }
}

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Reads a message, and adds the names of its fields to `present`. */
function readMessage(json: JsonCursor, plan: UsualMessage, present?: Set<string>): Message {
  const message = plan.empty();
  json.expect(OPEN_OBJECT);
  let byte = json.take();
  if (byte === CLOSE_OBJECT) {
    return message;
  }
  let seen = 0;
  let before: Guess = plan;
  while (byte === QUOTE) {
    const name = skipName(json, plan, before);
    if (name === undefined || (seen & name.field.bit) !== 0) {
      break;
    }
    const { field } = name;
    before = name;
    seen |= field.bit;
    json.expect(COLON);
    // `null` is the same as a field that is not there.
    if (!json.skipNull()) {
      readField(json, field, message);
      present?.add(field.name);
    }
    byte = json.take();
    if (byte === CLOSE_OBJECT) {
      return message;
    }
    byte = byte === COMMA ? json.take() : END;
  }
  json.fail();
  return message;
}

/** Finds out which name of a field it is whose opening quote was just taken. */
function skipName(json: JsonCursor, plan: UsualMessage, before: Guess): UsualName | undefined {
  const guess = before.next;
  if (guess !== undefined && json.skip(guess.text)) {
    return guess;
  }
  for (const name of plan.names) {
    if (json.skip(name.text)) {
      before.next = name;
      return name;
    }
  }
  return undefined;
}

function readField(json: JsonCursor, { kind, localName, members }: UsualField, message: Message): void {
  switch (kind) {
    case 'text':
      message[localName] = json.string();
      break;
    case 'texts':
      message[localName] = readList(json, readText, members);
      break;
    case 'message':
      message[localName] = readMessage(json, members);
      break;
    case 'messages':
      message[localName] = readList<Message>(json, readMessage, members);
      break;
    case 'map':
      // An empty message has an empty map there.
      readMap(json, message[localName] as Map<string, string>);
      break;
    case 'int32':
      message[localName] = json.integer();
      break;
    case 'int64':
      message[localName] = BigInt(json.integer());
      break;
    case 'bool':
      message[localName] = json.bool();
      break;
    case 'mask':
      message[localName] = readMask(json.string());
      break;
    case 'none':
      json.fail();
  }
}

/** @param members what messages consist of, where it is a list of them */
function readList<T>(
  json: JsonCursor,
  readElement: (json: JsonCursor, members: UsualMessage) => T,
  members: UsualMessage,
): T[] {
  json.expect(OPEN_ARRAY);
  if (json.peek() === CLOSE_ARRAY) {
    json.take();
    return [];
  }
  // Most lists end here, and the first `push` to an empty one makes room for 17.
  const list = [readElement(json, members)];
  let byte = json.take();
  while (byte === COMMA) {
    list.push(readElement(json, members));
    byte = json.take();
  }
  if (byte !== CLOSE_ARRAY) {
    json.fail();
  }
  return list;
}

function readText(json: JsonCursor): string {
  return json.string();
}

/** Reads a map into one that is empty. */
function readMap(json: JsonCursor, map: Map<string, string>): void {
  json.expect(OPEN_OBJECT);
  let byte = json.take();
  if (byte === CLOSE_OBJECT) {
    return;
  }
  for (let count = 1; byte === QUOTE; count += 1) {
    const key = json.stringBehindQuote();
    json.expect(COLON);
    map.set(key, json.string());
    // JSON.parse puts keys that are integers ahead of the others.
    if (map.size < count || isDigit(key.charCodeAt(0))) {
      break;
    }
    byte = json.take();
    if (byte === CLOSE_OBJECT) {
      return;
    }
    byte = byte === COMMA ? json.take() : END;
  }
  json.fail();
}
