import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import type { Any } from '../../../gen/google/protobuf/any.js';
import { BadRequest } from '../../../gen/google/rpc/error_details.js';
import { canonicalJson } from '../../domain/app-image/canonical-json.js';
import { isEmbeddedJson } from './embedded-json.js';
import { hasPresence, messageDescriptor } from './schema.js';

/** From this number on a field is an extension of ours, which JSON shows only when it is set. */
export const FIRST_EXTENSION_FIELD = 1000;

/** Type of the one detail that a failure carries; see proto/google/rpc. */
export const BAD_REQUEST_TYPE = 'type.googleapis.com/google.rpc.BadRequest';

/** Writes the JSON of a value. */
type ValueWriter = (value: never) => string;

interface FieldPlan {
  readonly localName: string;
  /** The key with its quotes and colon. */
  readonly key: string;
  readonly write: ValueWriter;
  /** Whether the field is left out while it holds its default. */
  readonly optional: boolean;
}

const plans = new Map<string, readonly FieldPlan[]>();

/**
 * Writes messages of one type in the JSON form of the contract: snake_case, keys in the order of the field numbers, every field present with
 * its default, an absent message as `null`, 64-bit integers as strings. The entries of a map keep their order, which is sorted in every
 * template that is stored, so the same template gives the same bytes. `T` is the generated type of that message.
 */
export class JsonEncoder<T> {
  readonly #write: (message: T) => string;

  constructor(descriptor: DescMessage) {
    this.#write = messageWriter(descriptor) as (message: T) => string;
  }

  encode(message: T): string {
    return this.#write(message);
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
      return hasPresence(field) ? 'null' : enumWriter(field.enum)(0);
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
    plan = descriptor.fields
      .toSorted((a, b) => a.number - b.number)
      .map((field) => ({
        localName: field.localName,
        key: `${JSON.stringify(field.name)}:`,
        write: fieldWriter(field),
        optional: field.number >= FIRST_EXTENSION_FIELD,
      }));
    plans.set(descriptor.typeName, plan);
  }
  return plan;
}

function messageWriter(descriptor: DescMessage): (message: Record<string, never>) => string {
  // Looked up at the first message, since messages may refer to each other in any order.
  let plan: readonly FieldPlan[] | undefined;
  return (message) => {
    plan ??= planOf(descriptor);
    let json = '{';
    for (const field of plan) {
      const value = message[field.localName];
      if (!field.optional || !isEmpty(value)) {
        json += (json.length === 1 ? '' : ',') + field.key + field.write(value as never);
      }
    }
    return `${json}}`;
  };
}

function fieldWriter(field: DescField): ValueWriter {
  const write = valueWriter(field);
  switch (field.fieldKind) {
    case 'list':
      return listWriter(write);
    case 'map':
      return mapWriter(write);
    case 'message':
      return nullable(write);
    default:
      return hasPresence(field) ? nullable(write) : write;
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
  'google.protobuf.Timestamp': (date: Date) => `"${date.toISOString()}"`,
};

/** A detail of a failure: the fields of the message in it, and its type. The service puts one type there. */
function writeAny({ typeUrl, value }: Any): string {
  if (typeUrl !== BAD_REQUEST_TYPE) {
    throw new Error(`an Any holds ${typeUrl}, which the JSON form does not know yet`);
  }
  badRequest ??= new JsonEncoder<BadRequest>(messageDescriptor('google.rpc.BadRequest'));
  return `{"@type":${JSON.stringify(typeUrl)},${badRequest.encode(BadRequest.decode(value)).slice(1)}`;
}

let badRequest: JsonEncoder<BadRequest> | undefined;

/** What is stored is canonical, so this costs a look; what is no JSON object comes out as the text that it is. */
function writeEmbeddedJson(text: string): string {
  return canonicalJson(text) ?? JSON.stringify(text);
}

/** The name; the number where the contract has no name for it. */
function enumWriter(descriptor: DescEnum): (number: number) => string {
  return (number) => {
    const name = descriptor.value[number]?.name;
    return name === undefined ? String(number) : `"${name}"`;
  };
}

function nullable(write: ValueWriter): (value: never) => string {
  return (value) => (value === undefined ? 'null' : write(value));
}

function listWriter(writeElement: ValueWriter): (values: readonly never[]) => string {
  return (values) => {
    let json = '[';
    for (const value of values) {
      json += (json.length === 1 ? '' : ',') + writeElement(value);
    }
    return `${json}]`;
  };
}

function mapWriter(writeValue: ValueWriter): (map: ReadonlyMap<string, never>) => string {
  return (map) => {
    let json = '{';
    for (const [key, value] of map) {
      json += `${json.length === 1 ? '' : ','}${JSON.stringify(key)}:${writeValue(value)}`;
    }
    return `${json}}`;
  };
}

function scalarWriter(scalar: ScalarType | undefined): ValueWriter {
  return scalar === ScalarType.INT64
    ? (value: bigint) => `"${value}"`
    : (value: string | number | boolean) => JSON.stringify(value);
}

function isEmpty(value: unknown): boolean {
  if (value instanceof Map) {
    return value.size === 0;
  }
  return Array.isArray(value) ? value.length === 0 : !value;
}
