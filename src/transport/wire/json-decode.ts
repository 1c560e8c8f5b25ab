import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { invalidRequest } from '../../domain/errors.js';
import { isEmbeddedJson } from './embedded-json.js';
import { emptyMessage, type Message } from './empty-message.js';
import { jsonNames } from './json-names.js';
import { JsonReading } from './json-reading.js';
import {
  describe,
  enumReader,
  isObject,
  readEmbeddedJson,
  readFieldMask,
  readInt32,
  readInt64,
  readString,
  readTimestamp,
  type ValueReader,
} from './json-scalars.js';
import { type JsonObject, type JsonValue, type PathSegment, parseJson } from './json-text.js';
import { type FieldValidation, NO_WARNINGS } from './method.js';
import { UsualJsonReader } from './usual-json.js';

/** A message that was read from JSON, in the shape of the generated code. */
export interface DecodedJson<T> {
  readonly message: T;
  /**
   * Names, as in the proto, of the top-level fields that the text holds with a value other than `null`. Empty where the message has no map:
   * no other field means something else when it is given empty.
   */
  readonly present: ReadonlySet<string>;
  /** One line for each unknown field; empty under `Ignore`. */
  readonly warnings: readonly string[];
}

interface FieldPlan {
  readonly name: string;
  /** Every name that JSON may use: that of the proto, lowerCamelCase, aliases. */
  readonly names: readonly string[];
  readonly localName: string;
  readonly read: ValueReader;
  readonly isList: boolean;
  /** What the field's messages consist of; `undefined` where it has none. */
  readonly members: (() => MessagePlan) | undefined;
  /** Whether reading may ask for the value as it was written. */
  readonly needsSource: boolean;
}

interface MessagePlan {
  readonly byName: ReadonlyMap<string, FieldPlan>;
  /** Makes a message that lacks every field. */
  readonly empty: () => Message;
  readonly hasMaps: boolean;
}

const NO_FIELDS: ReadonlySet<string> = new Set();

/**
 * Reads messages of one type from the JSON form of the contract: proto3 JSON with both spellings of names, and every fault reported
 * with its path. Made once per type; reading follows the descriptor, so a field added to the contract is read without a line here.
 * `T` is the generated type of that same message.
 */
export class JsonDecoder<T> {
  readonly #usual: UsualJsonReader;
  readonly #plan: () => MessagePlan;
  readonly #needsSource = (path: readonly PathSegment[]): boolean => needsSource(this.#plan(), path);

  constructor(descriptor: DescMessage) {
    this.#usual = new UsualJsonReader(descriptor);
    this.#plan = planOf(descriptor);
  }

  /**
   * @throws AppImageError REQUEST_MALFORMED where the text is no JSON, REQUEST_INVALID with every fault otherwise
   */
  decode(bytes: Uint8Array, fieldValidation: FieldValidation): DecodedJson<T> {
    const usual = this.#usual.read(bytes);
    return usual === undefined
      ? this.decodeAnyForm(bytes, fieldValidation)
      : { message: usual.message as T, present: usual.present, warnings: NO_WARNINGS };
  }

  /** What {@link decode} does with a body that does not have the usual form, which would do with any. */
  decodeAnyForm(bytes: Uint8Array, fieldValidation: FieldValidation): DecodedJson<T> {
    const body = parseJson(bytes);
    const plan = this.#plan();
    const reading = new JsonReading(body, fieldValidation, this.#needsSource);
    if (!isObject(body.value)) {
      throw invalidRequest([
        { field: '', description: `the body must be a JSON object, found ${describe(body.value)}` },
      ]);
    }
    const message = readMessage(plan, body.value, reading);
    if (fieldValidation === 'Strict') {
      reading.faultDuplicates();
    }
    const violations = reading.violations();
    if (violations.length > 0) {
      throw invalidRequest(violations);
    }
    const warnings = reading.warnings();
    return {
      message: message as T,
      present: plan.hasMaps ? presentFields(plan, body.value) : NO_FIELDS,
      warnings:
        warnings.length > 0 ? warnings.map(({ field, description }) => `${field}: ${description}`) : NO_WARNINGS,
    };
  }
}

const plans = new Map<string, MessagePlan>();

/** The plan of a message, made on first use: messages may refer to each other in any order. */
function planOf(descriptor: DescMessage): () => MessagePlan {
  return () => {
    let plan = plans.get(descriptor.typeName);
    if (plan === undefined) {
      const fields = descriptor.fields.map(planField);
      const byName = new Map(fields.flatMap((field) => field.names.map((name) => [name, field] as const)));
      const hasMaps = descriptor.fields.some(({ fieldKind }) => fieldKind === 'map');
      plan = { byName, empty: emptyMessage(descriptor), hasMaps };
      plans.set(descriptor.typeName, plan);
    }
    return plan;
  };
}

function planField(field: DescField): FieldPlan {
  const read = valueReader(field);
  return {
    name: field.name,
    localName: field.localName,
    names: jsonNames(field),
    read: field.fieldKind === 'list' ? listReader(read) : field.fieldKind === 'map' ? mapReader(read) : read,
    isList: field.fieldKind === 'list',
    members: field.message === undefined || field.fieldKind === 'map' ? undefined : planOf(field.message),
    needsSource: field.fieldKind !== 'map' && (field.scalar === ScalarType.INT64 || isEmbeddedJson(field)),
  };
}

/** Reads the field's value, each element of a list, or each value of a map. */
function valueReader(field: DescField): ValueReader {
  if (field.message !== undefined) {
    return MESSAGE_READERS[field.message.typeName] ?? messageReader(field.message);
  }
  if (field.enum !== undefined) {
    return enumReader(field.enum);
  }
  return isEmbeddedJson(field) ? readEmbeddedJson : scalarReader(field.scalar, field);
}

/** Messages whose JSON form is not an object of their fields. */
const MESSAGE_READERS: Readonly<Record<string, ValueReader>> = {
  'google.protobuf.FieldMask': readFieldMask,
  'google.protobuf.Timestamp': readTimestamp,
};

/** Whether `source` of a reading may be asked for at this path. Paths that leave the contract end the walk at once. */
function needsSource(root: MessagePlan, path: readonly PathSegment[]): boolean {
  let plan: MessagePlan | undefined = root;
  let field: FieldPlan | undefined;
  let inList = false;
  for (const segment of path) {
    if (inList !== (typeof segment === 'number')) {
      return false;
    }
    if (typeof segment === 'string') {
      field = plan?.byName.get(segment);
      if (field === undefined) {
        return false;
      }
      plan = field.members?.();
    }
    inList = typeof segment === 'string' && field?.isList === true;
  }
  return field?.needsSource === true && !inList;
}

function readMessage(plan: MessagePlan, value: JsonObject, reading: JsonReading): Message {
  const message = plan.empty();
  for (const name in value) {
    const field = plan.byName.get(name);
    if (field === undefined) {
      reading.unknownField(name, plan.byName.keys());
      continue;
    }
    const fieldValue = value[name];
    if (fieldValue === null || fieldValue === undefined) {
      continue;
    }
    reading.path.push(name);
    reading.sawField(value, field.names, name);
    message[field.localName] = field.read(fieldValue, reading);
    reading.path.pop();
  }
  return message;
}

function presentFields(plan: MessagePlan, value: JsonObject): Set<string> {
  const present = new Set<string>();
  for (const name in value) {
    const field = plan.byName.get(name);
    if (field !== undefined && value[name] !== null) {
      present.add(field.name);
    }
  }
  return present;
}

function messageReader(descriptor: DescMessage): ValueReader {
  const plan = planOf(descriptor);
  return (value, reading) =>
    isObject(value)
      ? readMessage(plan(), value, reading)
      : reading.fault(`expected an object, found ${describe(value)}`);
}

function listReader(readElement: ValueReader): ValueReader {
  return (value, reading) => {
    if (!Array.isArray(value)) {
      return reading.fault(`expected an array, found ${describe(value)}`);
    }
    const elements: readonly JsonValue[] = value;
    const read: unknown[] = [];
    for (let index = 0; index < elements.length; index += 1) {
      reading.path.push(index);
      read.push(readElement(elements[index] ?? null, reading));
      reading.path.pop();
    }
    return read;
  };
}

function mapReader(readValue: ValueReader): ValueReader {
  return (value, reading) => {
    if (!isObject(value)) {
      return reading.fault(`expected an object, found ${describe(value)}`);
    }
    const map = new Map<string, unknown>();
    for (const key in value) {
      reading.path.push(key);
      if (reading.isWellFormed(key)) {
        map.set(key, readValue(value[key] ?? null, reading));
      } else {
        reading.fault('the key holds half of a surrogate pair, which no UTF-8 text can');
      }
      reading.path.pop();
    }
    return map;
  };
}

function scalarReader(scalar: ScalarType | undefined, field: DescField): ValueReader {
  switch (scalar) {
    case ScalarType.STRING:
      return readString;
    case ScalarType.INT32:
      return readInt32;
    case ScalarType.INT64:
      return readInt64;
    case ScalarType.BOOL:
      return (value, reading) =>
        typeof value === 'boolean' ? value : reading.fault(`expected true or false, found ${describe(value)}`);
    default:
      throw new Error(`${field.toString()} has a type that the JSON form does not know yet`);
  }
}
