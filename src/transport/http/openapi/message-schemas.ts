import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { isEmbeddedJson } from '../../wire/embedded-json.js';
import { FIRST_EXTENSION_FIELD } from '../../wire/json-encode.js';
import { hasPresence, messageDescriptor } from '../../wire/schema.js';
import { commentOf } from './proto-comments.js';

/** A JSON schema of draft 2020-12, which is what OpenAPI 3.1 takes. */
export type Schema = Readonly<Record<string, unknown>>;

/** Whether a message is read or written: input may leave fields out and spell numbers as strings, output has every field. */
type Direction = 'input' | 'output';

const ANY = 'google.protobuf.Any';
const FIELD_MASK = 'google.protobuf.FieldMask';
const TIMESTAMP = 'google.protobuf.Timestamp';
const INTEGER_TEXT = '^-?[0-9]+$';
const DETAIL = 'ErrorDetail';

/** Collects the schemas of messages in the contract's JSON form while references to them are made. */
export class MessageSchemas {
  readonly #schemas = new Map<string, Schema>();
  /** Messages that responses hold: in requests they have a schema of their own. */
  readonly #written = new Set<string>();

  constructor(responses: readonly DescMessage[]) {
    for (const response of responses) {
      this.#collectWritten(response);
    }
  }

  /** A reference to the schema of a request message. */
  input(message: DescMessage): Schema {
    return this.#reference(message, 'input');
  }

  /** A reference to the schema of a response message. */
  output(message: DescMessage): Schema {
    return this.#reference(message, 'output');
  }

  /** Every schema that was referred to, by name. */
  get all(): Record<string, Schema> {
    return Object.fromEntries([...this.#schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #collectWritten(message: DescMessage): void {
    if (!this.#written.has(message.typeName)) {
      this.#written.add(message.typeName);
      for (const field of message.fields) {
        if (field.message !== undefined) {
          this.#collectWritten(field.message);
        }
      }
    }
  }

  #reference(message: DescMessage, direction: Direction): Schema {
    if (message.typeName === ANY) {
      return this.#errorDetail();
    }
    if (message.typeName === FIELD_MASK) {
      return { type: 'string', examples: ['image.tag,deploy_templates'] };
    }
    if (message.typeName === TIMESTAMP) {
      return { type: 'string', format: 'date-time' };
    }
    const both = direction === 'input' && this.#written.has(message.typeName);
    const name = shortName(message) + (both ? 'Input' : '');
    if (!this.#schemas.has(name)) {
      // Holds the place, since a message may refer to itself.
      this.#schemas.set(name, {});
      this.#schemas.set(name, this.#message(message, direction));
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #message(message: DescMessage, direction: Direction): Schema {
    const fields = message.fields.toSorted((a, b) => a.number - b.number);
    return {
      type: 'object',
      description: commentOf(message),
      properties: Object.fromEntries(fields.map((field) => [field.name, this.#field(field, direction)])),
      ...(direction === 'output'
        ? { required: fields.filter(({ number }) => number < FIRST_EXTENSION_FIELD).map(({ name }) => name) }
        : {}),
    };
  }

  #field(field: DescField, direction: Direction): Schema {
    const described = { description: commentOf(field) };
    const nullable = (type: string | readonly string[]): readonly string[] | string =>
      direction === 'input' ? [type, 'null'].flat() : type;
    switch (field.fieldKind) {
      case 'message': {
        const schema = this.#reference(field.message, direction);
        return 'type' in schema
          ? { ...described, ...schema, type: [schema['type'], 'null'] }
          : { ...described, anyOf: [schema, { type: 'null' }] };
      }
      case 'list':
        return { ...described, type: nullable('array'), items: this.#value(field, direction) };
      case 'map':
        return { ...described, type: nullable('object'), additionalProperties: this.#value(field, direction) };
      default: {
        const schema = this.#value(field, direction);
        const type = schema['type'] as string | readonly string[];
        // An enum lists null like any other value.
        const values = schema['enum'] as readonly unknown[] | undefined;
        return {
          ...schema,
          description: [described.description, schema['description']].filter(Boolean).join('\n\n'),
          type: hasPresence(field) ? [...new Set([type, 'null'].flat())] : nullable(type),
          ...(values !== undefined && direction === 'input' ? { enum: [...values, null] } : {}),
        };
      }
    }
  }

  /** The schema of a field's value, of each element of a list, or of each value of a map. */
  #value(field: DescField, direction: Direction): Schema {
    if (field.message !== undefined) {
      return this.#reference(field.message, direction);
    }
    if (field.enum !== undefined) {
      return enumSchema(field.enum);
    }
    if (isEmbeddedJson(field)) {
      return direction === 'output'
        ? { type: 'object', additionalProperties: true }
        : { type: ['object', 'string'], additionalProperties: true };
    }
    return scalar(field.scalar, direction);
  }

  /** `Any` in JSON. The service puts one type of message in it, and clients should be ready for others. */
  #errorDetail(): Schema {
    if (!this.#schemas.has(DETAIL)) {
      const badRequest = messageDescriptor('google.rpc.BadRequest');
      const { properties, description } = this.#message(badRequest, 'output') as {
        readonly properties: object;
        readonly description: string;
      };
      const type = {
        type: 'string',
        description: 'The type of the detail.',
        examples: [`type.googleapis.com/${badRequest.typeName}`],
      };
      this.#schemas.set(DETAIL, {
        type: 'object',
        description: `What a failure is about. The type that is in use is \`${badRequest.typeName}\`:\n\n${description}`,
        properties: { '@type': type, ...properties },
        required: ['@type'],
        additionalProperties: true,
      });
    }
    return { $ref: `#/components/schemas/${DETAIL}` };
  }
}

/** The name of a message without its package, of a nested one with that of its parent. */
function shortName(message: DescMessage): string {
  return message.parent === undefined ? message.name : shortName(message.parent) + message.name;
}

/** Names of the values. Numbers are taken as well, but nobody should be told to write them. */
function enumSchema(descriptor: DescEnum): Schema {
  const meanings = descriptor.values.map((value) => `* \`${value.name}\`: ${commentOf(value)}`);
  return { type: 'string', enum: descriptor.values.map(({ name }) => name), description: meanings.join('\n') };
}

function scalar(type: ScalarType | undefined, direction: Direction): Schema {
  switch (type) {
    case ScalarType.STRING:
      return { type: 'string' };
    case ScalarType.BOOL:
      return { type: 'boolean' };
    case ScalarType.INT32:
      return direction === 'output'
        ? { type: 'integer', format: 'int32' }
        : { type: ['integer', 'string'], format: 'int32', pattern: INTEGER_TEXT };
    case ScalarType.INT64:
      return direction === 'output'
        ? { type: 'string', format: 'int64', pattern: INTEGER_TEXT }
        : { type: ['integer', 'string'], format: 'int64', pattern: INTEGER_TEXT };
    default:
      throw new Error(
        `the contract has a field of type ${type === undefined ? 'unknown' : ScalarType[type]}, which OpenAPI has no form for yet`,
      );
  }
}
