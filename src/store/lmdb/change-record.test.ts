import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AppImage, AppImageCodec } from '../../domain/app-image/app-image.js';
import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import { changeIdentity, decodeChange, encodeChange, type NewChange } from './change-record.js';

const appImage: AppImage = {
  name: 'app',
  image: undefined,
  configTemplates: new Map(),
  deployTemplates: [],
  labels: new Map(),
  annotations: new Map(),
};
const encode = () => ({ protobuf: Buffer.from('other bytes'), json: Buffer.from('made now') });
const codec: AppImageCodec = {
  encode,
  lend: encode,
  decode: () => appImage,
};
const change: NewChange = {
  name: 'app',
  revision: 7,
  timeMs: 1_700_000_000_000,
  origin: { method: 'Apply', tokenName: 'ci', certificateSubject: 'CN=ci', message: 'why' },
  protobuf: Buffer.from('protobuf'),
};

const text = fc.string({ unit: 'grapheme' });

describe('a change in the log', () => {
  it('comes back as it was made', () => {
    fc.assert(
      fc.property(
        fc.record({
          name: text,
          revision: fc.nat({ max: 2 ** 48 - 1 }),
          timeMs: fc.nat({ max: 2 ** 48 - 1 }),
          origin: fc.record({ method: text, tokenName: text, certificateSubject: text, message: text }),
          protobuf: fc.option(fc.uint8Array(), { nil: undefined }),
        }),
        (given) => {
          const record = encodeChange(given);
          const found = decodeChange(codec, 42, record, () => ['tag']);
          const { name, revision, timeMs, origin, protobuf } = given;
          expect(found).toMatchObject({ name, revision, timeMs, origin, position: 42, tags: ['tag'] });
          expect(found.content?.encoded.protobuf).toEqual(protobuf && Buffer.from(protobuf));
          expect(found.contentHash === '').toBe(protobuf === undefined);
          expect(changeIdentity(42, record)).toEqual({ name, revision });
        },
      ),
    );
  });

  it('has the hash of its content', () => {
    const { contentHash } = decodeChange(codec, 1, encodeChange({ ...change, protobuf: Buffer.from('abc') }), () => []);
    expect(contentHash).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('keeps no JSON, and makes it only for someone who looks', () => {
    let encoded = 0;
    const counting: AppImageCodec = {
      ...codec,
      encode: (given) => {
        encoded += 1;
        return codec.encode(given);
      },
    };
    const { content } = decodeChange(counting, 1, encodeChange(change), () => []);
    expect(Buffer.from(content?.encoded.protobuf ?? []).toString()).toBe('protobuf');
    expect(content?.appImage).toBe(appImage);
    expect(encoded).toBe(0);
    expect(Buffer.from(content?.encoded.json ?? []).toString()).toBe('made now');
    expect(Buffer.from(content?.encoded.json ?? []).toString()).toBe('made now');
    expect(encoded).toBe(1);
  });

  it('of another format is refused, and so is one that is cut short or too large', () => {
    const record = encodeChange({ ...change, protobuf: Buffer.of() });
    const other = Buffer.from(record);
    other[0] = 9;
    expect(() => decodeChange(codec, 42, other, () => [])).toThrow(/change 42 is stored in format 9/);
    for (let length = 1; length < record.length; length += 1) {
      expect(() => decodeChange(codec, 42, record.subarray(0, length), () => [])).toThrow(/change 42 is cut short/);
    }
    expect(() => encodeChange({ ...change, protobuf: new Uint8Array(16 * 1024 * 1024) })).toThrow(StoreFaultError);
  });
});
