import type { DescMessage } from '@bufbuild/protobuf';
import { type BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** The fields of a message that hold messages themselves, by number. */
type Structure = ReadonlyMap<number, () => Structure>;

const structures = new WeakMap<DescMessage, Structure>();
/** An entry of a map, of strings to strings everywhere in the contract, holds no message. */
const MAP_ENTRY: Structure = new Map();

/**
 * Checks that what `reader` has ahead is whole fields all the way down, and leaves it at its end. The generated decoder ends in silence at a
 * tag of 0 or a stray end of a group, and would take the rest of an inner message for fields of the outer one.
 * @throws Error where they are not
 */
export function checkStructure(descriptor: DescMessage, reader: BinaryReader): void {
  checkFields(structureOf(descriptor), reader, reader.len);
}

/** One reader does for all levels, since making one costs more than reading a short message. */
function checkFields(structure: Structure, reader: BinaryReader, end: number): void {
  while (reader.pos < end) {
    // Refuses a field number of 0 by itself.
    const [fieldNumber, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) {
      checkLengthDelimited(structure.get(fieldNumber), reader, end);
    } else if (wireType === WireType.EndGroup) {
      throw new Error('a group ends that has not begun');
    } else {
      reader.skip(wireType, fieldNumber);
    }
  }
  if (reader.pos > end) {
    throw new Error('a field goes on beyond the end of its message');
  }
}

function checkLengthDelimited(inner: (() => Structure) | undefined, reader: BinaryReader, end: number): void {
  const length = reader.uint32();
  const fieldEnd = reader.pos + length;
  if (fieldEnd > end) {
    throw new Error('a field goes on beyond the end of its message');
  }
  if (inner === undefined) {
    reader.pos = fieldEnd;
  } else {
    checkFields(inner(), reader, fieldEnd);
  }
}

function structureOf(descriptor: DescMessage): Structure {
  let structure = structures.get(descriptor);
  if (structure === undefined) {
    structure = new Map(
      descriptor.fields.flatMap((field) => {
        if (field.fieldKind === 'map') {
          return [[field.number, () => MAP_ENTRY] as const];
        }
        const message = field.fieldKind === 'message' || field.fieldKind === 'list' ? field.message : undefined;
        return message === undefined ? [] : [[field.number, () => structureOf(message)] as const];
      }),
    );
    structures.set(descriptor, structure);
  }
  return structure;
}
