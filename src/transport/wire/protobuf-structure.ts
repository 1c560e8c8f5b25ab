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
  checkFields(structureOf(descriptor), bytes);
}

function checkFields(structure: Structure, bytes: Uint8Array): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    // Refuses a field number of 0 by itself.
    const [fieldNumber, wireType] = reader.tag();
    const inner = wireType === WireType.LengthDelimited ? structure.get(fieldNumber) : undefined;
    if (inner !== undefined) {
      checkFields(inner(), reader.bytes());
    } else if (wireType === WireType.EndGroup) {
      throw new Error('a group ends that has not begun');
    } else {
      reader.skip(wireType, fieldNumber);
    }
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
