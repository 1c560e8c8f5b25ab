import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppImage } from '../../domain/app-image/app-image.js';
import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import { RecordCodec, type VersionedAppImageCodec } from './record.js';

const appImage: AppImage = {
  name: 'app',
  image: undefined,
  configTemplates: new Map(),
  deployTemplates: [],
  labels: new Map(),
  annotations: new Map(),
};

/** Its protobuf is the name, and its JSON says which version it is. */
function codec(jsonVersion?: number): VersionedAppImageCodec {
  return {
    ...(jsonVersion === undefined ? {} : { jsonVersion }),
    encode: ({ name }) => ({ protobuf: Buffer.from(name), json: Buffer.from(`json ${jsonVersion ?? 0}`) }),
    decode: (protobuf) => {
      const name = Buffer.from(protobuf).toString();
      if (name === 'broken') {
        throw new Error('no template');
      }
      return { ...appImage, name };
    },
  };
}

describe('a record', () => {
  it('gives back revision and encodings, byte by byte', () => {
    const records = new RecordCodec(codec());
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 48 - 1 }), fc.uint8Array(), fc.uint8Array(), (revision, protobuf, json) => {
        const record = records.encode({ name: 'app', revision, appImage, encoded: { protobuf, json } });
        const stored = records.decode('app', record);
        expect([stored.name, stored.revision]).toEqual(['app', revision]);
        expect(Buffer.compare(stored.encoded.protobuf, protobuf)).toBe(0);
        expect(Buffer.compare(stored.encoded.json, json)).toBe(0);
      }),
    );
  });

  it('is decoded only if someone looks inside', () => {
    const records = new RecordCodec({
      ...codec(),
      decode: () => {
        throw new Error('looked');
      },
    });
    const stored = records.decode('app', records.encode({ name: 'app', revision: 1, appImage, encoded: bytes('x') }));
    expect(stored.revision).toBe(1);
    expect(() => stored.appImage).toThrow(StoreFaultError);
  });

  it('has its JSON encoded anew where another version wrote it', () => {
    const record = new RecordCodec(codec(1)).encode({
      name: 'app',
      revision: 7,
      appImage,
      encoded: codec(1).encode(appImage),
    });
    const stored = new RecordCodec(codec(2)).decode('app', record);
    expect(Buffer.from(stored.encoded.json).toString()).toBe('json 2');
    expect([stored.name, stored.revision]).toEqual(['app', 7]);
    const same = new RecordCodec(codec(1)).decode('app', record);
    expect(Buffer.from(same.encoded.json).toString()).toBe('json 1');
  });

  it('of another format is refused, and so is one that is cut short', () => {
    const records = new RecordCodec(codec());
    const record = records.encode({ name: 'app', revision: 1, appImage, encoded: bytes('protobuf') });
    const later = Buffer.from(record);
    later[0] = 2;
    expect(() => records.decode('app', later)).toThrow(/format 2/);
    for (let length = 1; length < record.length - 'json'.length; length += 1) {
      expect(() => records.decode('app', record.subarray(0, length))).toThrow(/cut short/);
    }
    expect(() => records.decode('app', Buffer.of())).toThrow(StoreFaultError);
  });
});

function bytes(protobuf: string): { protobuf: Uint8Array; json: Uint8Array } {
  return { protobuf: Buffer.from(protobuf), json: Buffer.from('json') };
}
