import { isUtf8 } from 'node:buffer';
import type { DescMessage } from '@bufbuild/protobuf';
import { MOST_CUT_BYTES } from './cut-text.js';
import type { Message } from './empty-message.js';
import { END, isDigit, JsonCursor } from './json-cursor.js';
import { readMask } from './json-scalars.js';
import { planUsualMessage, type UsualField, type UsualMessage, type UsualName } from './usual-json-plan.js';

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
    const message = json.take() === OPEN_OBJECT ? readMessage(json, this.#plan, present) : undefined;
    return message === undefined || json.take() !== END ? undefined : { message, present: present ?? NO_FIELDS };
  }
}

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;

// Each of these gives `undefined` for what is not usual, which no value is.

/** Reads a message behind its opening brace, and adds the names of its fields to `present`. */
function readMessage(json: JsonCursor, plan: UsualMessage, present?: Set<string>): Message | undefined {
  const message = plan.empty();
  let byte = json.take();
  if (byte === CLOSE_OBJECT) {
    return message;
  }
  let seen = 0;
  let name: UsualName | undefined;
  for (;;) {
    name = byte === QUOTE ? readName(json, plan, name) : undefined;
    if (name === undefined || json.take() !== COLON) {
      return undefined;
    }
    const { field } = name;
    if ((seen & field.bit) !== 0) {
      return undefined;
    }
    seen |= field.bit;
    // `null` is the same as a field that is not there.
    if (!json.skipNull()) {
      const value = readField(json, field, message);
      if (value === undefined) {
        return undefined;
      }
      message[field.localName] = value;
      present?.add(field.name);
    }
    byte = json.take();
    if (byte === CLOSE_OBJECT) {
      return message;
    }
    if (byte !== COMMA) {
      return undefined;
    }
    byte = json.take();
  }
}

/** Reads a name of a field behind its opening quote. */
function readName(json: JsonCursor, plan: UsualMessage, before: UsualName | undefined): UsualName | undefined {
  const guess = before === undefined ? plan.next : before.next;
  if (guess !== undefined && json.skip(guess.bytes)) {
    return guess;
  }
  for (const name of plan.names) {
    if (json.skip(name.bytes)) {
      (before ?? plan).next = name;
      return name;
    }
  }
  return undefined;
}

function readField(json: JsonCursor, field: UsualField, message: Message): unknown {
  switch (field.shape) {
    case 'one':
      return readValue(json, field);
    case 'list':
      return json.take() === OPEN_ARRAY ? readList(json, field) : undefined;
    case 'map':
      // An empty message has an empty map there.
      return json.take() === OPEN_OBJECT
        ? readMap(json, field, message[field.localName] as Map<string, unknown>)
        : undefined;
    default:
      return undefined;
  }
}

/** Reads a list behind its opening bracket. */
function readList(json: JsonCursor, field: UsualField): unknown[] | undefined {
  if (json.peek() === CLOSE_ARRAY) {
    json.take();
    return [];
  }
  const first = readValue(json, field);
  if (first === undefined) {
    return undefined;
  }
  // Most lists end here, and the first `push` to an empty one makes room for 17.
  const list = [first];
  for (;;) {
    const byte = json.take();
    if (byte === CLOSE_ARRAY) {
      return list;
    }
    const value = byte === COMMA ? readValue(json, field) : undefined;
    if (value === undefined) {
      return undefined;
    }
    list.push(value);
  }
}

/** Reads a map behind its opening brace, into one that is empty. */
function readMap(json: JsonCursor, field: UsualField, map: Map<string, unknown>): Map<string, unknown> | undefined {
  let byte = json.take();
  if (byte === CLOSE_OBJECT) {
    return map;
  }
  for (let count = 1; ; count += 1) {
    const key = byte === QUOTE ? json.string() : undefined;
    // JSON.parse puts keys that are integers ahead of the others.
    if (key === undefined || isDigit(key.charCodeAt(0)) || json.take() !== COLON) {
      return undefined;
    }
    const value = readValue(json, field);
    if (value === undefined) {
      return undefined;
    }
    map.set(key, value);
    if (map.size < count) {
      return undefined;
    }
    byte = json.take();
    if (byte === CLOSE_OBJECT) {
      return map;
    }
    if (byte !== COMMA) {
      return undefined;
    }
    byte = json.take();
  }
}

function readValue(json: JsonCursor, { kind, members }: UsualField): unknown {
  const byte = json.take();
  switch (kind) {
    case 'string':
      return byte === QUOTE ? json.string() : undefined;
    case 'message':
      return byte === OPEN_OBJECT && members !== undefined ? readMessage(json, members) : undefined;
    case 'int32':
      return json.integer(byte);
    case 'int64': {
      const integer = json.integer(byte);
      return integer === undefined ? undefined : BigInt(integer);
    }
    case 'bool':
      return json.bool();
    case 'mask': {
      const paths = byte === QUOTE ? json.string() : undefined;
      return paths === undefined ? undefined : readMask(paths);
    }
    default:
      return undefined;
  }
}
