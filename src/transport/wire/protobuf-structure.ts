import type { DescMessage } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** The fields of a message that hold messages themselves, by number. */
type Structure = ReadonlyMap<number, () => Structure>;

const structures = new WeakMap<DescMessage, Structure>();
/** An entry of a map, of strings to strings everywhere in the contract, holds no message. */
const MAP_ENTRY: Structure = new Map();

/**
 * Checks that bytes are whole fields all the way down. The generated decoder ends in silence at a tag of 0 or a stray end of a group, and
 * would take the rest of an inner message for fields of the outer one.
 * @throws Error where they are not
 */
export function checkStructure(descriptor: DescMessage, bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  checkFields(structureOf(descriptor), reader, reader.len);
}

/** Goes over the fields up to `end`. One reader serves all messages, since a reader and a view of the bytes for each cost more than the rest. */
function checkFields(structure: Structure, reader: BinaryReader, end: number): void {
  while (reader.pos < end) {
    // Refuses a field number of 0 by itself.
    const [fieldNumber, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) {
      const length = reader.uint32();
      const contentEnd = reader.pos + length;
      if (contentEnd > end) {
        throw new Error('a field reaches beyond its message');
      }
      const inner = structure.get(fieldNumber);
      if (inner === undefined) {
        reader.pos = contentEnd;
      } else {
        checkFields(inner(), reader, contentEnd);
      }
    } else if (wireType === WireType.EndGroup) {
      throw new Error('a group ends that has not begun');
    } else {
      reader.skip(wireType, fieldNumber);
    }
  }
  if (reader.pos > end) {
    throw new Error('a field reaches beyond its message');
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
