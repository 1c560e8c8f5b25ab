import {
  type AppImageCodec,
  EncodedRevision,
  type StoredAppImage,
  StructuredRevision,
} from '../../domain/app-image/app-image.js';
import { StoreFaultError } from '../../domain/app-image/app-image-store.js';

/*
 * A record is one revision of a template, in both of its encodings, so that a read copies and slices and nothing else:
 *
 *   byte 0       format of the record
 *   byte 1       version of the JSON encoding
 *   bytes 2-7    revision
 *   bytes 8-11   length of the protobuf encoding
 *   bytes 12-    protobuf, then JSON
 *
 * Numbers are big-endian.
 */
const FORMAT = 1;
const JSON_VERSION_AT = 1;
const REVISION_AT = 2;
const REVISION_BYTES = 6;
const PROTOBUF_LENGTH_AT = 8;
const HEADER_BYTES = 12;

/** Records from 16 MiB on leave the buffer that lmdb-js reads into and are handed out as memory of the map itself. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024 - 1;

/** A codec whose JSON encoding has a version: records of another version are encoded anew when they are read. */
export interface VersionedAppImageCodec extends AppImageCodec {
  /** 0 (where absent) to 255; to be raised with every change of the JSON encoding. */
  readonly jsonVersion?: number;
}

/** Turns revisions into records and back. */
export class RecordCodec {
  readonly #codec: AppImageCodec;
  readonly #jsonVersion: number;

  constructor(codec: VersionedAppImageCodec) {
    this.#codec = { encode: (appImage) => codec.encode(appImage), decode: (protobuf) => decodeStored(codec, protobuf) };
    this.#jsonVersion = codec.jsonVersion ?? 0;
  }

  get appImageCodec(): AppImageCodec {
    return this.#codec;
  }

  /** @throws StoreFaultError where the template is over the 16 MiB that a record may have */
  encode({ name, revision, encoded }: StoredAppImage): Buffer {
    const { protobuf, json } = encoded;
    const length = HEADER_BYTES + protobuf.length + json.length;
    if (length > MAX_RECORD_BYTES) {
      throw new StoreFaultError(
        `template "${name}" takes ${length} bytes; this store takes ${MAX_RECORD_BYTES} at most`,
      );
    }
    const record = Buffer.allocUnsafe(length);
    record[0] = FORMAT;
    record[JSON_VERSION_AT] = this.#jsonVersion;
    record.writeUIntBE(revision, REVISION_AT, REVISION_BYTES);
    record.writeUInt32BE(protobuf.length, PROTOBUF_LENGTH_AT);
    record.set(protobuf, HEADER_BYTES);
    record.set(json, HEADER_BYTES + protobuf.length);
    return record;
  }

  /**
   * The revision in a record. The record becomes a part of it, so it must not be a buffer that is used again.
   * @throws StoreFaultError where the record is damaged, or was written by a later build
   */
  decode(name: string, record: Buffer): StoredAppImage {
    if (record[0] !== FORMAT) {
      throw new StoreFaultError(
        `template "${name}" is stored in format ${record[0]} and this build reads format ${FORMAT}; run the later build that wrote it`,
      );
    }
    const jsonAt = record.length < HEADER_BYTES ? Infinity : HEADER_BYTES + record.readUInt32BE(PROTOBUF_LENGTH_AT);
    if (jsonAt > record.length) {
      throw new StoreFaultError(`template "${name}" is cut short in the store; restore the store from a backup`);
    }
    const revision = record.readUIntBE(REVISION_AT, REVISION_BYTES);
    const protobuf = record.subarray(HEADER_BYTES, jsonAt);
    if (record[JSON_VERSION_AT] !== this.#jsonVersion) {
      return new StructuredRevision(this.#codec, revision, this.#codec.decode(protobuf));
    }
    return new EncodedRevision(this.#codec, name, revision, { protobuf, json: record.subarray(jsonAt) });
  }
}

/** The last revision of a deleted template as it is stored. */
export function encodeRevision(revision: number): Buffer {
  const bytes = Buffer.allocUnsafe(REVISION_BYTES);
  bytes.writeUIntBE(revision, 0, REVISION_BYTES);
  return bytes;
}

export function decodeRevision(bytes: Buffer): number {
  return bytes.readUIntBE(0, REVISION_BYTES);
}

function decodeStored(codec: AppImageCodec, protobuf: Uint8Array): ReturnType<AppImageCodec['decode']> {
  try {
    return codec.decode(protobuf);
  } catch (cause) {
    throw new StoreFaultError('a stored template cannot be decoded; restore the store from a backup', { cause });
  }
}
