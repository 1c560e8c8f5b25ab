import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { emptyMessage, type Message } from './empty-message.js';
import { jsonNames } from './json-names.js';

/** What the usual form of a value is; `none` has the general path read whatever is there. */
export type UsualKind = 'string' | 'mask' | 'int32' | 'int64' | 'bool' | 'message' | 'none';

export interface UsualField {
  readonly name: string;
  readonly localName: string;
  /** Its bit in the set of the fields that a message has brought. */
  readonly bit: number;
  readonly shape: 'one' | 'list' | 'map';
  /** Of the value, of each element of a list, or of each value of a map. */
  readonly kind: UsualKind;
  /** What its messages consist of; `undefined` where it has none. */
  readonly members: UsualMessage | undefined;
}

/** The key that came behind another one, or first, the last time: clients write each message in one order. */
interface Guess {
  next: UsualName | undefined;
}

/** A name of a field, of which it may have several. */
export interface UsualName extends Guess {
  /** The name in UTF-8, and the quote that ends it. */
  readonly bytes: Buffer;
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
    return jsonNames(field).map((name) => ({ bytes: Buffer.from(`${name}"`), field: plan, next: undefined }));
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
    shape: field.fieldKind === 'list' || field.fieldKind === 'map' ? field.fieldKind : 'one',
    kind,
    members: kind === 'message' && field.message !== undefined ? planUsualMessage(field.message, path) : undefined,
  };
}

function kindOf(field: DescField, path: readonly string[]): UsualKind {
  if (field.fieldKind === 'map' && field.mapKey !== ScalarType.STRING) {
    return 'none';
  }
  if (field.message !== undefined) {
    return (
      KINDS_OF_MESSAGES.get(field.message.typeName) ?? (path.includes(field.message.typeName) ? 'none' : 'message')
    );
  }
  // An enum has no scalar. Of embedded JSON the text is usual, and the object is not.
  return (field.scalar !== undefined && KINDS_OF_SCALARS.get(field.scalar)) || 'none';
}

/** Messages whose JSON form is not an object of their fields. */
const KINDS_OF_MESSAGES: ReadonlyMap<string, UsualKind> = new Map<string, UsualKind>([
  ['google.protobuf.Any', 'none'],
  ['google.protobuf.FieldMask', 'mask'],
  ['google.protobuf.Timestamp', 'none'],
]);

const KINDS_OF_SCALARS: ReadonlyMap<ScalarType, UsualKind> = new Map<ScalarType, UsualKind>([
  [ScalarType.STRING, 'string'],
  [ScalarType.INT32, 'int32'],
  [ScalarType.INT64, 'int64'],
  [ScalarType.BOOL, 'bool'],
]);
