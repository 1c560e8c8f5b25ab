import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import type { Any } from '../../../gen/google/protobuf/any.js';
import { BadRequest } from '../../../gen/google/rpc/error_details.js';
import { canonicalJson } from '../../domain/app-image/canonical-json.js';
import { isEmbeddedJson } from './embedded-json.js';
import { ARRAY, JsonWriter, OBJECT } from './json-writer.js';
import { hasPresence, messageDescriptor } from './schema.js';

/** From this number on a field is an extension of ours, which JSON shows only when it is set. */
export const FIRST_EXTENSION_FIELD = 1000;

/** Type of the one detail that a failure carries; see proto/google/rpc. */
export const BAD_REQUEST_TYPE = 'type.googleapis.com/google.rpc.BadRequest';

/** Writes the JSON of a value. */
type ValueWriter = (value: never) => void;

interface FieldPlan {
  readonly localName: string;
  /** A comma, and the key with its quotes and colon. */
  readonly key: Uint8Array;
  readonly write: ValueWriter;
  /** The value of a field that holds nothing; lists and maps are asked for their size instead. */
  readonly emptyValue: unknown;
  readonly isCollection: boolean;
  /** Comma, key and JSON of a field that holds nothing; no byte for one that is then left out. */
  readonly emptyJson: Uint8Array;
}

const plans = new Map<string, readonly FieldPlan[]>();

/** One for all messages: each is written without a pause. */
const out = new JsonWriter();

/**
 * Writes messages of one type in the JSON form of the contract: snake_case, keys in the order of the field numbers, every field present with
 * its default, an absent message as `null`, 64-bit integers as strings. The entries of a map keep their order, which is sorted in every
 * template that is stored, so the same template gives the same bytes. `T` is the generated type of that message.
 */
export class JsonEncoder<T> {
  readonly #write: (message: T) => void;

  constructor(descriptor: DescMessage) {
    this.#write = messageWriter(descriptor) as (message: T) => void;
  }

  encode(message: T): string {
    return this.encodeBytes(message).toString();
  }

  /** The same as UTF-8. */
  encodeBytes(message: T): Buffer {
    return out.collect(() => this.#write(message));
  }
}

/** The JSON of a field that holds nothing. */
export function emptyJson(field: DescField): string {
  switch (field.fieldKind) {
    case 'list':
      return '[]';
    case 'map':
      return '{}';
    case 'message':
      return 'null';
    case 'enum':
      return hasPresence(field) ? 'null' : enumJson(field.enum, 0);
    default:
      return hasPresence(field) ? 'null' : (EMPTY_SCALARS.get(field.scalar) ?? '0');
  }
}

const EMPTY_SCALARS: ReadonlyMap<ScalarType, string> = new Map([
  [ScalarType.STRING, '""'],
  [ScalarType.INT64, '"0"'],
  [ScalarType.BOOL, 'false'],
]);

function planOf(descriptor: DescMessage): readonly FieldPlan[] {
  let plan = plans.get(descriptor.typeName);
  if (plan === undefined) {
    plan = descriptor.fields.toSorted((a, b) => a.number - b.number).map(planField);
    plans.set(descriptor.typeName, plan);
  }
  return plan;
}

function planField(field: DescField): FieldPlan {
  const key = `,${JSON.stringify(field.name)}:`;
  return {
    localName: field.localName,
    key: Buffer.from(key),
    write: fieldWriter(field),
    emptyValue: hasPresence(field) ? undefined : EMPTY_VALUES.get(field.scalar),
    isCollection: field.fieldKind === 'list' || field.fieldKind === 'map',
    emptyJson: Buffer.from(field.number < FIRST_EXTENSION_FIELD ? key + emptyJson(field) : ''),
  };
}

const EMPTY_VALUES: ReadonlyMap<ScalarType | undefined, unknown> = new Map<ScalarType | undefined, unknown>([
  [ScalarType.STRING, ''],
  [ScalarType.INT32, 0],
  [ScalarType.INT64, 0n],
  [ScalarType.BOOL, false],
  // Of an enum.
  [undefined, 0],
]);

function messageWriter(descriptor: DescMessage): (message: Readonly<Record<string, never>>) => void {
  // Looked up at the first message, since messages may refer to each other in any order.
  let plan: readonly FieldPlan[] | undefined;
  return (message) => {
    plan ??= planOf(descriptor);
    const start = out.length;
    for (const field of plan) {
      const value = message[field.localName] as never;
      if (value === field.emptyValue || (field.isCollection && sizeOf(value) === 0)) {
        out.bytes(field.emptyJson);
      } else {
        out.bytes(field.key);
        field.write(value);
      }
    }
    out.enclose(OBJECT, start);
  };
}

function sizeOf(collection: readonly unknown[] | ReadonlyMap<string, unknown>): number {
  return Array.isArray(collection) ? collection.length : (collection as ReadonlyMap<string, unknown>).size;
}

function fieldWriter(field: DescField): ValueWriter {
  const write = valueWriter(field);
  switch (field.fieldKind) {
    case 'list':
      return listWriter(write);
    case 'map':
      return mapWriter(write);
    default:
      return write;
  }
}

/** Writes the field's value, each element of a list, or each value of a map. */
function valueWriter(field: DescField): ValueWriter {
  if (field.message !== undefined) {
    return MESSAGE_WRITERS[field.message.typeName] ?? messageWriter(field.message);
  }
  if (field.enum !== undefined) {
    return enumWriter(field.enum);
  }
  return isEmbeddedJson(field) ? writeEmbeddedJson : scalarWriter(field.scalar);
}

/** Messages whose JSON form is not an object of their fields. */
const MESSAGE_WRITERS: Readonly<Record<string, ValueWriter>> = {
  'google.protobuf.Any': writeAny,
  'google.protobuf.Timestamp': (date: Date) => out.string(date.toISOString()),
};

/** A detail of a failure: the fields of the message in it, and its type. The service puts one type there. */
function writeAny({ typeUrl, value }: Any): void {
  if (typeUrl !== BAD_REQUEST_TYPE) {
    throw new Error(`an Any holds ${typeUrl}, which the JSON form does not know yet`);
  }
  badRequest ??= new JsonEncoder<BadRequest>(messageDescriptor('google.rpc.BadRequest'));
  out.text(`{"@type":${JSON.stringify(typeUrl)},${badRequest.encode(BadRequest.decode(value)).slice(1)}`);
}

let badRequest: JsonEncoder<BadRequest> | undefined;

function writeEmbeddedJson(text: string): void {
  out.text(embeddedJson(text));
}

/**
 * The JSON of a text that holds a JSON object. What is stored is canonical, so this costs a look; what is no JSON object comes out as the text
 * that it is.
 */
export function embeddedJson(text: string): string {
  return canonicalJson(text) ?? JSON.stringify(text);
}

function enumWriter(descriptor: DescEnum): (number: number) => void {
  return (number) => {
    out.text(enumJson(descriptor, number));
  };
}

/** The name; the number where the contract has no name for it. */
function enumJson(descriptor: DescEnum, number: number): string {
  const name = descriptor.value[number]?.name;
  return name === undefined ? String(number) : `"${name}"`;
}

function listWriter(writeElement: ValueWriter): (values: readonly never[]) => void {
  return (values) => {
    const start = out.length;
    for (const value of values) {
      out.comma();
      writeElement(value);
    }
    out.enclose(ARRAY, start);
  };
}

function mapWriter(writeValue: ValueWriter): (map: ReadonlyMap<string, never>) => void {
  return (map) => {
    const start = out.length;
    for (const [key, value] of map) {
      out.comma();
      out.string(key);
      out.colon();
      writeValue(value);
    }
    out.enclose(OBJECT, start);
  };
}

function scalarWriter(scalar: ScalarType | undefined): ValueWriter {
  switch (scalar) {
    case ScalarType.STRING:
      return (value: string) => out.string(value);
    case ScalarType.INT64:
      return (value: bigint) => out.text(`"${value}"`);
    default:
      return (value: number | boolean) => out.text(String(value));
  }
}
