import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { isEmbeddedJson } from './embedded-json.js';
import { embeddedJson, emptyJson, FIRST_EXTENSION_FIELD } from './json-encode.js';
import { ARRAY, OBJECT } from './json-writer.js';
import { hasPresence } from './schema.js';
import { JsonConstants, type TwoForms, TwoFormWriter } from './two-form-writer.js';

type Message = Readonly<Record<string, never>>;

/** What a field holds; more kinds are added when a template gets them. */
type Kind = 'text' | 'embeddedJson' | 'int32' | 'int64' | 'message' | 'texts' | 'messages' | 'map';

interface FieldPlan {
  readonly localName: string;
  readonly kind: Kind;
  /** Whether it holds nothing where it is `undefined` alone, and not where it is zero or empty. */
  readonly canBeAbsent: boolean;
  /** Number and wire type. */
  readonly tag: number;
  /** What its messages consist of. */
  readonly members: MessagePlan;
  /** Where, in the JSON of an empty message, its comma and key start, where its value starts, and where that ends. */
  readonly keyStart: number;
  readonly valueStart: number;
  readonly end: number;
  /** Whether JSON leaves it out where it holds nothing. */
  readonly isExtension: boolean;
}

interface MessagePlan {
  fields: readonly FieldPlan[];
  /** The JSON of a message that holds nothing, with a comma before each field; extensions are in it with their key alone. */
  emptyJson: JsonConstants;
}

/** One for all messages: each is written without a pause. */
const out = new TwoFormWriter();

/**
 * Writes messages of one type in both forms at once, byte for byte as the generated code and `JsonEncoder` do, in little more
 * than half of their time: a good part of it goes into finding what a message holds. `T` is the generated type of that message.
 */
export class TwoFormEncoder<T> {
  readonly #plan: MessagePlan;

  /** @throws Error where the message has a field of a kind that this encoder does not know yet */
  constructor(descriptor: DescMessage) {
    this.#plan = planMessage(descriptor, new Map());
  }

  /** @throws Error where a number is out of the range of its field */
  encode(message: T): TwoForms {
    const { protobuf, json } = this.lend(message);
    return { protobuf: Buffer.from(protobuf), json: Buffer.from(json) };
  }

  /** As {@link encode}, in memory that the next call of either, of any encoder, uses again. */
  lend(message: T): TwoForms {
    return out.lend(() => writeMessage(this.#plan, message as Message));
  }
}

function planMessage(descriptor: DescMessage, plans: Map<string, MessagePlan>): MessagePlan {
  const known = plans.get(descriptor.typeName);
  if (known !== undefined) {
    return known;
  }
  const plan: MessagePlan = { fields: [], emptyJson: new JsonConstants('') };
  plans.set(descriptor.typeName, plan);
  let json = '';
  plan.fields = descriptor.fields
    .toSorted((a, b) => a.number - b.number)
    .map((field): FieldPlan => {
      const kind = kindOf(field);
      const isExtension = field.number >= FIRST_EXTENSION_FIELD;
      const keyStart = json.length;
      const key = `,${JSON.stringify(field.name)}:`;
      json += key + (isExtension ? '' : emptyJson(field));
      return {
        localName: field.localName,
        kind,
        canBeAbsent: hasPresence(field),
        tag: (field.number << 3) | (kind === 'int32' || kind === 'int64' ? 0 : 2),
        members: field.message === undefined ? plan : planMessage(field.message, plans),
        keyStart,
        valueStart: keyStart + key.length,
        end: json.length,
        isExtension,
      };
    });
  plan.emptyJson = new JsonConstants(json);
  return plan;
}

function kindOf(field: DescField): Kind {
  const { fieldKind, scalar, message } = field;
  // Messages of Google's have a form of their own, in JSON and in the generated code.
  if (message !== undefined && fieldKind !== 'map' && !message.typeName.startsWith('google.')) {
    return fieldKind === 'list' ? 'messages' : 'message';
  }
  if (scalar === ScalarType.STRING && fieldKind === 'list') {
    return 'texts';
  }
  if (scalar === ScalarType.STRING && fieldKind === 'scalar') {
    return isEmbeddedJson(field) ? 'embeddedJson' : 'text';
  }
  if (scalar === ScalarType.STRING && fieldKind === 'map' && field.mapKey === ScalarType.STRING) {
    return 'map';
  }
  if (fieldKind === 'scalar' && (scalar === ScalarType.INT32 || scalar === ScalarType.INT64)) {
    return scalar === ScalarType.INT32 ? 'int32' : 'int64';
  }
  throw new Error(`${field.toString()} has a type that templates do not have so far`);
}

function writeMessage({ fields, emptyJson: json }: MessagePlan, message: Message): void {
  const start = out.jsonLength;
  let from = 0;
  for (const field of fields) {
    const value = message[field.localName] as never;
    if (!isEmpty(field, value)) {
      // With the fields before it that hold nothing.
      out.constants(json, from, field.valueStart);
      from = field.end;
      writeField(field, value);
    } else if (field.isExtension) {
      out.constants(json, from, field.keyStart);
      from = field.end;
    }
  }
  out.constants(json, from, json.length);
  out.enclose(OBJECT, start);
}

function isEmpty({ kind, canBeAbsent }: FieldPlan, value: never): boolean {
  if (canBeAbsent) {
    return value === undefined;
  }
  // Each kind has a constant of its own type: to compare with one that may be of any type is a call.
  switch (kind) {
    case 'int32':
      return (value as number) === 0;
    case 'int64':
      return (value as bigint) === 0n;
    case 'map':
      return (value as ReadonlyMap<string, string>).size === 0;
    case 'texts':
    case 'messages':
      return (value as readonly unknown[]).length === 0;
    default:
      return (value as string) === '';
  }
}

function writeField(field: FieldPlan, value: never): void {
  const { tag } = field;
  switch (field.kind) {
    case 'text':
      out.text(tag, value);
      break;
    case 'embeddedJson':
      out.embeddedJson(tag, value, embeddedJson(value));
      break;
    case 'int32':
      out.int32(tag, value);
      break;
    case 'int64':
      out.int64(tag, value);
      break;
    case 'message':
      writeInnerMessage(field, value);
      break;
    case 'texts':
      writeTexts(field, value);
      break;
    case 'messages':
      writeMessages(field, value);
      break;
    case 'map':
      writeMap(field, value);
  }
}

function writeInnerMessage({ tag, members }: FieldPlan, message: Message): void {
  const start = out.openMessage(tag);
  writeMessage(members, message);
  out.closeMessage(start);
}

function writeTexts({ tag }: FieldPlan, texts: readonly string[]): void {
  const start = out.jsonLength;
  for (const text of texts) {
    out.comma();
    out.text(tag, text);
  }
  out.enclose(ARRAY, start);
}

function writeMessages(field: FieldPlan, messages: readonly Message[]): void {
  const start = out.jsonLength;
  for (const message of messages) {
    out.comma();
    writeInnerMessage(field, message);
  }
  out.enclose(ARRAY, start);
}

function writeMap({ tag }: FieldPlan, map: ReadonlyMap<string, string>): void {
  const start = out.jsonLength;
  for (const [key, value] of map) {
    out.comma();
    out.entry(tag, key, value);
  }
  out.enclose(OBJECT, start);
}
