import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';

/** From this number on a field is an extension of ours, which JSON shows only when it is set. */
export const FIRST_EXTENSION_FIELD = 1000;

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
    default:
      return field.scalar === ScalarType.STRING
        ? '""'
        : field.scalar === ScalarType.INT64
          ? '"0"'
          : field.scalar === ScalarType.BOOL
            ? 'false'
            : '0';
  }
}

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

function messageWriter(descriptor: DescMessage): (message: Record<string, never> | undefined) => string {
  // Looked up at the first message, since messages may refer to each other in any order.
  let plan: readonly FieldPlan[] | undefined;
  return (message) => {
    if (message === undefined) {
      return 'null';
    }
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
  switch (field.fieldKind) {
    case 'list':
      return listWriter(field.listKind === 'message' ? messageWriter(field.message) : scalarWriter(field.scalar));
    case 'map':
      return mapWriter(scalarWriter(field.scalar));
    case 'message':
      return messageWriter(field.message);
    default:
      return scalarWriter(field.scalar);
  }
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
