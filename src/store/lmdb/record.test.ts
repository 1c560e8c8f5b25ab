import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppImage, AppImageCodec, EncodedAppImage } from '../../domain/app-image/app-image.js';
import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import { Head } from './head.js';
import { encodeTombstone, RecordCodec, readHead } from './record.js';

const appImage: AppImage = {
  name: 'app',
  image: undefined,
  configTemplates: new Map(),
  deployTemplates: [],
  labels: new Map(),
  annotations: new Map(),
};

/** Its protobuf is the name, and its JSON says which version it is. */
function codec(jsonVersion?: number): AppImageCodec {
  const encode = ({ name }: AppImage): EncodedAppImage => ({
    protobuf: Buffer.from(name),
    json: Buffer.from(`json ${jsonVersion ?? 0}`),
  });
  return {
    ...(jsonVersion === undefined ? {} : { jsonVersion }),
    encode,
    lend: encode,
    decode: (protobuf) => {
      const name = Buffer.from(protobuf).toString();
      if (name === 'broken') {
        throw new Error('no template');
      }
      return { ...appImage, name };
    },
  };
}

const head = Head.first(5).next(8, 100).next(13, 100);

describe('a record', () => {
  it('gives back revision, position and encodings, byte by byte, and its head', () => {
    const records = new RecordCodec(codec());
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 2 ** 48 - 1 }), { minLength: 1, maxLength: 8 }),
        fc.uint8Array(),
        fc.uint8Array(),
        ([first = 1, ...others], protobuf, json) => {
          const newest = others.reduce((last, position) => last.next(position, 100), Head.first(first));
          const record = records.encode('app', { protobuf, json }, newest);
          const found = records.decode('app', record);
          expect([found.name, found.revision, found.position]).toEqual(['app', newest.revision, newest.position]);
          expect(Buffer.compare(found.encoded.protobuf, protobuf)).toBe(0);
          expect(Buffer.compare(found.encoded.json, json)).toBe(0);
          for (const kept of [record, encodeTombstone(newest)]) {
            const again = readHead('app', kept);
            expect([first, ...others].map((_, index) => again.placeOf(index + 1))).toEqual([first, ...others]);
          }
        },
      ),
    );
  });

  it('is decoded only if someone looks inside', () => {
    const records = new RecordCodec({
      ...codec(),
      decode: () => {
        throw new Error('looked');
      },
    });
    const found = records.decode('app', records.encode('app', bytes('x'), head));
    expect([found.revision, found.position]).toEqual([3, 13]);
    expect(() => found.appImage).toThrow(StoreFaultError);
  });

  it('has its JSON encoded anew where another version wrote it', () => {
    const record = new RecordCodec(codec(1)).encode('app', codec(1).encode(appImage), head);
    const newer = new RecordCodec(codec(2)).decode('app', record);
    expect(Buffer.from(newer.encoded.json).toString()).toBe('json 2');
    expect([newer.name, newer.revision, newer.position]).toEqual(['app', 3, 13]);
    const same = new RecordCodec(codec(1)).decode('app', record);
    expect(Buffer.from(same.encoded.json).toString()).toBe('json 1');
  });

  it('of another format is refused, and so is one that is cut short', () => {
    const records = new RecordCodec(codec());
    const record = records.encode('app', bytes('protobuf'), head);
    for (const format of [1, 3]) {
      const other = Buffer.from(record);
      other[0] = format;
      expect(() => records.decode('app', other)).toThrow(`format ${format} and this build reads format 2`);
      expect(() => readHead('app', other)).toThrow(StoreFaultError);
    }
    for (let length = 1; length < record.length - 'json'.length; length += 1) {
      expect(() => records.decode('app', record.subarray(0, length))).toThrow(/cut short/);
    }
    const tombstone = encodeTombstone(head);
    for (let length = 1; length < tombstone.length; length += 1) {
      expect(() => readHead('app', tombstone.subarray(0, length))).toThrow(/cut short/);
    }
    expect(() => records.decode('app', Buffer.of())).toThrow(StoreFaultError);
  });
});

function bytes(protobuf: string): EncodedAppImage {
  return { protobuf: Buffer.from(protobuf), json: Buffer.from('json') };
}
