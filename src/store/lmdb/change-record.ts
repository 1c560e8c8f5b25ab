import { hash } from 'node:crypto';
import { type AppImageCodec, type EncodedAppImage, EncodedRevision } from '../../domain/app-image/app-image.js';
import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import type { ChangeOrigin, Revision } from '../../domain/app-image/revision.js';
import { MAX_RECORD_BYTES } from './record.js';
import { type Allocate, newBuffer } from './reused-buffer.js';

/*
 * A change in the order of all changes:
 *
 *   byte 0       format of the record
 *   byte 1       1 for a put, 0 for a delete
 *   bytes 2-7    revision
 *   bytes 8-13   time, in milliseconds since 1970-01-01 UTC
 *   bytes 14-    name, method, token name, certificate subject and message, each as length (4 bytes) and UTF-8;
 *                then the protobuf encoding, up to the end
 *
 * Numbers are big-endian. Its position is its key. There is no JSON in it, since few ever look into the history: it is made from the
 * protobuf for those who do, and so is the hash.
 */
const FORMAT = 1;
const KIND_AT = 1;
const DELETE = 0;
const PUT = 1;
const REVISION_AT = 2;
const TIME_AT = 8;
const NUMBER_BYTES = 6;
const TEXTS_AT = 14;
const LENGTH_BYTES = 4;

/** A change that is about to be stored. */
export interface NewChange {
  readonly name: string;
  readonly revision: number;
  readonly timeMs: number;
  readonly origin: ChangeOrigin;
  /** The new content; `undefined` for a delete. */
  readonly protobuf: Uint8Array | undefined;
}

/** @throws StoreFaultError where the change is over the 16 MiB that a record may have */
export function encodeChange(
  { name, revision, timeMs, origin, protobuf }: NewChange,
  allocate: Allocate = newBuffer,
): Buffer {
  const { method, tokenName, certificateSubject, message } = origin;
  const texts = [name, method, tokenName, certificateSubject, message];
  let size = TEXTS_AT + (protobuf?.length ?? 0);
  for (const text of texts) {
    size += LENGTH_BYTES + Buffer.byteLength(text);
  }
  if (size > MAX_RECORD_BYTES) {
    throw new StoreFaultError(
      `a change of template "${name}" takes ${size} bytes; this store takes ${MAX_RECORD_BYTES} at most`,
    );
  }
  const record = allocate(size);
  record[0] = FORMAT;
  record[KIND_AT] = protobuf === undefined ? DELETE : PUT;
  record.writeUIntBE(revision, REVISION_AT, NUMBER_BYTES);
  record.writeUIntBE(timeMs, TIME_AT, NUMBER_BYTES);
  let at = TEXTS_AT;
  for (const text of texts) {
    const start = at + LENGTH_BYTES;
    const length = writeText(record, text, start);
    record.writeUInt32BE(length, at);
    at = start + length;
  }
  if (protobuf !== undefined) {
    record.set(protobuf, at);
  }
  return record;
}

/** Writes a text in UTF-8 and returns its length in bytes. These are short, and nearly always ASCII, which takes no call out of JavaScript. */
function writeText(record: Buffer, text: string, at: number): number {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) {
      return record.write(text, at);
    }
    record[at + index] = unit;
  }
  return text.length;
}

/**
 * The change in a record. The record becomes a part of it, so it must not be a buffer that is used again.
 * @throws StoreFaultError where the record is damaged, or was written by another build
 */
export function decodeChange(
  codec: AppImageCodec,
  position: number,
  record: Buffer,
  tagsOf: (name: string, revision: number) => readonly string[],
): Revision {
  const reader = new ChangeReader(position, record);
  const name = reader.text();
  const { revision } = reader;
  const origin = {
    method: reader.text(),
    tokenName: reader.text(),
    certificateSubject: reader.text(),
    message: reader.text(),
  };
  const protobuf = record[KIND_AT] === DELETE ? undefined : reader.rest();
  return {
    name,
    revision,
    position,
    content: protobuf && new EncodedRevision(codec, name, revision, position, new StoredEncodings(codec, protobuf)),
    contentHash: protobuf === undefined ? '' : `sha256:${hash('sha256', protobuf)}`,
    timeMs: record.readUIntBE(TIME_AT, NUMBER_BYTES),
    origin,
    tags: tagsOf(name, revision),
  };
}

/** Whose revision a change is. */
export interface ChangeIdentity {
  readonly name: string;
  readonly revision: number;
}

/**
 * Reads of a record whose revision it is. The record may be a buffer that is used again.
 * @throws StoreFaultError where the record is damaged, or was written by another build
 */
export function changeIdentity(position: number, record: Buffer): ChangeIdentity {
  const reader = new ChangeReader(position, record);
  return { name: reader.text(), revision: reader.revision };
}

class ChangeReader {
  readonly #position: number;
  readonly #record: Buffer;
  #at = TEXTS_AT;

  constructor(position: number, record: Buffer) {
    if (record[0] !== FORMAT) {
      throw new StoreFaultError(
        `change ${position} is stored in format ${record[0]} and this build reads format ${FORMAT}; run the build that wrote it`,
      );
    }
    this.#position = position;
    this.#record = record;
  }

  get revision(): number {
    return this.#record.readUIntBE(REVISION_AT, NUMBER_BYTES);
  }

  text(): string {
    const start = this.#at + LENGTH_BYTES;
    const end = start <= this.#record.length ? start + this.#record.readUInt32BE(this.#at) : Infinity;
    if (end > this.#record.length) {
      throw new StoreFaultError(`change ${this.#position} is cut short in the store; restore the store from a backup`);
    }
    this.#at = end;
    return this.#record.toString('utf8', start, end);
  }

  rest(): Buffer {
    return this.#record.subarray(this.#at);
  }
}

class StoredEncodings implements EncodedAppImage {
  readonly protobuf: Uint8Array;
  readonly #codec: AppImageCodec;
  #json: Uint8Array | undefined;

  constructor(codec: AppImageCodec, protobuf: Uint8Array) {
    this.#codec = codec;
    this.protobuf = protobuf;
  }

  get json(): Uint8Array {
    this.#json ??= this.#codec.encode(this.#codec.decode(this.protobuf)).json;
    return this.#json;
  }
}
