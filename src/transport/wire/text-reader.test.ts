import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextReader } from './text-reader.js';

/** The texts in a row of length-delimited values, or the error that reading them ends with. */
function textsIn(reader: BinaryReader): unknown[] {
  const texts: unknown[] = [];
  try {
    while (reader.pos < reader.len) {
      texts.push(reader.string());
    }
  } catch (error) {
    texts.push(error);
  }
  return texts;
}

describe('the reader of texts', () => {
  it('reads what the library reads, and fails where that fails', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary-ascii', maxLength: 300 }));
    fc.assert(
      fc.property(fc.array(text), fc.nat({ max: 20 }), (texts, cut) => {
        const writer = new BinaryWriter();
        for (const each of texts) {
          writer.string(each);
        }
        const bytes = writer.finish();
        const some = bytes.subarray(0, Math.max(0, bytes.length - cut));
        expect(textsIn(new TextReader(bytes))).toEqual(texts);
        expect(textsIn(new TextReader(some))).toEqual(textsIn(new BinaryReader(some)));
      }),
    );
  });

  it('reads bytes of any kind as the library does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(textsIn(new TextReader(bytes))).toEqual(textsIn(new BinaryReader(bytes)));
      }),
    );
  });

  it('reads large messages', () => {
    const large = 'x'.repeat(100_000);
    const bytes = new BinaryWriter().string(large).string('y').finish();
    expect(textsIn(new TextReader(bytes))).toEqual([large, 'y']);
  });
});
