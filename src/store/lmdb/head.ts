/*
 * A head in bytes:
 *
 *   bytes 0-5    revision
 *   bytes 6-11   position in the order of all changes
 *   bytes 12-15  how many places follow
 *   bytes 16-    places: the positions of the revisions before it, 6 bytes each, the newest first
 *
 * Numbers are big-endian.
 */
const NUMBER_BYTES = 6;
const POSITION_AT = 6;
const COUNT_AT = 12;
const PLACES_AT = 16;
const NO_PLACES = Buffer.of();

/**
 * Revisions that a change retires at most. One would do to keep pace; the others catch up after the limit was lowered.
 */
const RETIRED_PER_CHANGE = 3;

/** Where the head that begins at a byte ends, which is behind the bytes where it is cut short. */
export function endOfHead(bytes: Buffer, at: number): number {
  const placesAt = at + PLACES_AT;
  return placesAt > bytes.length ? Infinity : placesAt + bytes.readUInt32BE(at + COUNT_AT) * NUMBER_BYTES;
}

/** The newest revision in the head that begins at a byte and is whole: all that a read of a template needs of it. */
export function readNewest(bytes: Buffer, at: number): { readonly revision: number; readonly position: number } {
  return {
    revision: bytes.readUIntBE(at, NUMBER_BYTES),
    position: bytes.readUIntBE(at + POSITION_AT, NUMBER_BYTES),
  };
}

/**
 * Where the history of a name ends, and how to get at the newest part of it. The newest revision, which may be a delete, keeps the places of
 * those before it that count among the newest; older ones are retired: only a tag, or the order of all changes, still keeps them.
 */
export class Head {
  readonly revision: number;
  readonly position: number;
  readonly #places: Buffer;

  private constructor(revision: number, position: number, places: Buffer) {
    this.revision = revision;
    this.position = position;
    this.#places = places;
  }

  /** The head of a name that there never was before. */
  static first(position: number): Head {
    return new Head(1, position, NO_PLACES);
  }

  /** The head that begins at a byte and is whole. The bytes may be a buffer that is used again. */
  static read(bytes: Buffer, at: number): Head {
    const { revision, position } = readNewest(bytes, at);
    return new Head(revision, position, Buffer.from(bytes.subarray(at + PLACES_AT, endOfHead(bytes, at))));
  }

  /** The head after the next change of the name. */
  next(position: number, maxRevisions: number): Head {
    const places = Buffer.allocUnsafe(NUMBER_BYTES + this.#places.length);
    places.writeUIntBE(this.position, 0, NUMBER_BYTES);
    places.set(this.#places, NUMBER_BYTES);
    const count = places.length / NUMBER_BYTES;
    const kept = Math.max(Math.min(count, maxRevisions - 1), count - RETIRED_PER_CHANGE);
    return new Head(this.revision + 1, position, places.subarray(0, kept * NUMBER_BYTES));
  }

  /** The newest of the retired revisions; 0 where none is. */
  get retiredTo(): number {
    return this.revision - 1 - this.#places.length / NUMBER_BYTES;
  }

  /** The position of a revision of the name, unless it is retired or not made yet. */
  placeOf(revision: number): number | undefined {
    if (revision === this.revision) {
      return this.position;
    }
    return revision > this.retiredTo && revision < this.revision
      ? this.#places.readUIntBE((this.revision - 1 - revision) * NUMBER_BYTES, NUMBER_BYTES)
      : undefined;
  }

  /** How many bytes {@link write} writes. */
  get byteLength(): number {
    return PLACES_AT + this.#places.length;
  }

  write(target: Buffer, at: number): void {
    target.writeUIntBE(this.revision, at, NUMBER_BYTES);
    target.writeUIntBE(this.position, at + POSITION_AT, NUMBER_BYTES);
    target.writeUInt32BE(this.#places.length / NUMBER_BYTES, at + COUNT_AT);
    target.set(this.#places, at + PLACES_AT);
  }
}
