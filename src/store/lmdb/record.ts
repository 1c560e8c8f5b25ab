import {
  type AppImage,
  type AppImageCodec,
  type EncodedAppImage,
  type StoredAppImage,
  StructuredRevision,
} from '../../domain/app-image/app-image.js';
import { StoreFaultError, TemplateTooLargeError } from '../../domain/app-image/app-image-store.js';
import { endOfHead, Head, readNewest } from './head.js';
import { type Allocate, newBuffer } from './reused-buffer.js';

/*
 * A record is the newest revision of a template, in both of its encodings, so that a read copies and slices and nothing else:
 *
 *   byte 0      format of the record
 *   byte 1      version of the JSON encoding
 *   bytes 2-5   length of the protobuf encoding
 *   bytes 6-    head, then protobuf, then JSON
 *
 * Numbers are big-endian. The tombstone of a deleted template ends behind the head.
 */
const FORMAT = 2;
const JSON_VERSION_AT = 1;
const PROTOBUF_LENGTH_AT = 2;
const HEAD_AT = 6;

/** Records from 16 MiB on leave the buffer that lmdb-js reads into and are handed out as memory of the map itself. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024 - 1;

/** Turns revisions into records and back. */
export class RecordCodec {
  readonly #codec: AppImageCodec;
  readonly #jsonVersion: number;

  constructor(codec: AppImageCodec) {
    this.#codec = {
      encode: (appImage) => codec.encode(appImage),
      lend: (appImage) => codec.lend(appImage),
      decode: (protobuf) => decodeStored(codec, protobuf),
    };
    this.#jsonVersion = codec.jsonVersion ?? 0;
  }

  get appImageCodec(): AppImageCodec {
    return this.#codec;
  }

  /** @throws TemplateTooLargeError where the template is over the 16 MiB that a record may have */
  encode(name: string, { protobuf, json }: EncodedAppImage, head: Head, allocate: Allocate = newBuffer): Buffer {
    const protobufAt = HEAD_AT + head.byteLength;
    const length = protobufAt + protobuf.length + json.length;
    if (length > MAX_RECORD_BYTES) {
      throw new TemplateTooLargeError(
        `template "${name}" takes ${length} bytes in protobuf and JSON together; this store takes ${MAX_RECORD_BYTES} at most`,
      );
    }
    const record = allocate(length);
    record[0] = FORMAT;
    record[JSON_VERSION_AT] = this.#jsonVersion;
    record.writeUInt32BE(protobuf.length, PROTOBUF_LENGTH_AT);
    head.write(record, HEAD_AT);
    record.set(protobuf, protobufAt);
    record.set(json, protobufAt + protobuf.length);
    return record;
  }

  /**
   * The revision in a record. The record becomes a part of it: where that is a buffer that is used again, it is good until then. The buffer may
   * be longer than its `length` says.
   * @throws StoreFaultError where the record is damaged, or was written by another build
   */
  decode(name: string, record: Buffer): StoredAppImage {
    const protobufAt = checkHead(name, record);
    const jsonAt = protobufAt + record.readUInt32BE(PROTOBUF_LENGTH_AT);
    if (jsonAt > record.length) {
      throw cutShort(name);
    }
    const stored = new RecordedAppImage(this.#codec, name, record, protobufAt, jsonAt);
    return record[JSON_VERSION_AT] === this.#jsonVersion
      ? stored
      : new StructuredRevision(this.#codec, stored.revision, stored.position, stored.appImage);
  }
}

/** A revision in a record, of which everything is read when it is asked for: a read wants little of it, and a batch wants that of many. */
class RecordedAppImage implements StoredAppImage, EncodedAppImage {
  readonly name: string;
  readonly #codec: AppImageCodec;
  readonly #record: Buffer;
  readonly #protobufAt: number;
  readonly #jsonAt: number;
  readonly #end: number;
  #appImage: AppImage | undefined;

  constructor(codec: AppImageCodec, name: string, record: Buffer, protobufAt: number, jsonAt: number) {
    this.name = name;
    this.#codec = codec;
    this.#record = record;
    this.#protobufAt = protobufAt;
    this.#jsonAt = jsonAt;
    this.#end = record.length;
  }

  get revision(): number {
    return readNewest(this.#record, HEAD_AT).revision;
  }

  get position(): number {
    return readNewest(this.#record, HEAD_AT).position;
  }

  get appImage(): AppImage {
    this.#appImage ??= this.#codec.decode(this.protobuf);
    return this.#appImage;
  }

  get encoded(): EncodedAppImage {
    return this;
  }

  get protobuf(): Uint8Array {
    return this.#record.subarray(this.#protobufAt, this.#jsonAt);
  }

  get json(): Uint8Array {
    return this.#record.subarray(this.#jsonAt, this.#end);
  }
}

/** The head of a deleted template as it is stored. */
export function encodeTombstone(head: Head): Buffer {
  const tombstone = Buffer.alloc(HEAD_AT + head.byteLength);
  tombstone[0] = FORMAT;
  head.write(tombstone, HEAD_AT);
  return tombstone;
}

/**
 * The head in a record or a tombstone, which may be a buffer that is used again.
 * @throws StoreFaultError where it is damaged, or was written by another build
 */
export function readHead(name: string, stored: Buffer): Head {
  checkHead(name, stored);
  return Head.read(stored, HEAD_AT);
}

/** Returns where the head ends. */
function checkHead(name: string, stored: Buffer): number {
  if (stored[0] !== FORMAT) {
    throw new StoreFaultError(
      `template "${name}" is stored in format ${stored[0]} and this build reads format ${FORMAT}; run the build that wrote it`,
    );
  }
  const end = endOfHead(stored, HEAD_AT);
  if (end > stored.length) {
    throw cutShort(name);
  }
  return end;
}

function cutShort(name: string): StoreFaultError {
  return new StoreFaultError(`template "${name}" is cut short in the store; restore the store from a backup`);
}

function decodeStored(codec: AppImageCodec, protobuf: Uint8Array): ReturnType<AppImageCodec['decode']> {
  try {
    return codec.decode(protobuf);
  } catch (cause) {
    throw new StoreFaultError('a stored template cannot be decoded; restore the store from a backup', { cause });
  }
}
