import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { emptyMessage, type Message } from './empty-message.js';
import { WantedText } from './json-cursor.js';
import { jsonNames } from './json-names.js';

/** What is usual for a field; with `none` it is that it is not there, or `null`, and the general path reads any other value. */
export type UsualKind =
  | 'text'
  | 'texts'
  | 'message'
  | 'messages'
  | 'map'
  | 'int32'
  | 'int64'
  | 'bool'
  | 'mask'
  | 'none';

export interface UsualField {
  readonly name: string;
  readonly localName: string;
  /** Its bit in the set of the fields that a message has brought. */
  readonly bit: number;
  readonly kind: UsualKind;
  /** What its messages consist of; nothing at all where it has none. */
  readonly members: UsualMessage;
}

/** The key that came behind another one, or first, the last time: clients write each message in one order. */
export interface Guess {
  next: UsualName | undefined;
}

/** A name of a field, of which it may have several. */
export interface UsualName extends Guess {
  /** The name in its quotes. */
  readonly text: WantedText;
  readonly field: UsualField;
}

/** What a message at one place of a request consists of. Each place has its own, and so its own guesses. */
export interface UsualMessage extends Guess {
  readonly names: readonly UsualName[];
  readonly empty: () => Message;
  readonly hasMaps: boolean;
}

/** Fields that fit into a set of bits. */
const MOST_FIELDS = 31;

/** @param around types of the messages that this one stands in: one that holds itself is not usual, so that depth is bounded */
export function planUsualMessage(descriptor: DescMessage, around: readonly string[] = []): UsualMessage {
  const path = [...around, descriptor.typeName];
  const fields = descriptor.fields.slice(0, MOST_FIELDS);
  const names = fields.flatMap((field, index) => {
    const plan = planField(field, index, path);
    return jsonNames(field).map((name) => ({ text: new WantedText(`"${name}"`), field: plan, next: undefined }));
  });
  const hasMaps = descriptor.fields.some(({ fieldKind }) => fieldKind === 'map');
  return { names, empty: emptyMessage(descriptor), hasMaps, next: undefined };
}

function planField(field: DescField, index: number, path: readonly string[]): UsualField {
  const kind = kindOf(field, path);
  return {
    name: field.name,
    localName: field.localName,
    bit: 1 << index,
    kind,
    members:
      field.message !== undefined && (kind === 'message' || kind === 'messages')
        ? planUsualMessage(field.message, path)
        : NO_MEMBERS,
  };
}

const NO_MEMBERS: UsualMessage = { names: [], empty: () => ({}), hasMaps: false, next: undefined };

function kindOf(field: DescField, path: readonly string[]): UsualKind {
  switch (field.fieldKind) {
    case 'map':
      return field.scalar === ScalarType.STRING && field.mapKey === ScalarType.STRING ? 'map' : 'none';
    case 'list':
      return field.scalar === ScalarType.STRING ? 'texts' : isObject(field.message, path) ? 'messages' : 'none';
    case 'message':
      return isObject(field.message, path) ? 'message' : isMask(field.message) ? 'mask' : 'none';
    case 'scalar':
      // Of embedded JSON the text is usual, and the object is not.
      return KINDS_OF_SCALARS.get(field.scalar) ?? 'none';
    default:
      return 'none';
  }
}

/** Whether the JSON form of a message is an object of its fields, which Google's own are not. Its depth must be bounded. */
function isObject(message: DescMessage | undefined, path: readonly string[]): boolean {
  return message !== undefined && !message.typeName.startsWith('google.') && !path.includes(message.typeName);
}

function isMask({ typeName }: DescMessage): boolean {
  return typeName === 'google.protobuf.FieldMask';
}

const KINDS_OF_SCALARS: ReadonlyMap<ScalarType, UsualKind> = new Map<ScalarType, UsualKind>([
  [ScalarType.STRING, 'text'],
  [ScalarType.INT32, 'int32'],
  [ScalarType.INT64, 'int64'],
  [ScalarType.BOOL, 'bool'],
]);
