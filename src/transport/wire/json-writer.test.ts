import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARRAY, JsonWriter, OBJECT } from './json-writer.js';

const writer = new JsonWriter();

const written = (write: () => void): string => writer.collect(write).toString();

describe('JsonWriter', () => {
  it('writes texts as JSON.stringify does, short and long, plain and not', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    );
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        const json = written(() => {
          const start = writer.length;
          for (const each of texts) {
            writer.comma();
            writer.string(each);
          }
          writer.enclose(ARRAY, start);
        });
        expect(json).toBe(JSON.stringify(texts));
      }),
    );
  });

  it.each([7, 8, 1000, 1024 * 1024])('makes room for %i characters, of one byte or more', (length) => {
    for (const character of ['a', '"', '\u0001', 'é', '\uffff', '\ud800', '😀']) {
      const text = character.repeat(length);
      expect(written(() => writer.string(text))).toBe(JSON.stringify(text));
      expect(written(() => writer.text(`"${text}"`))).toBe(`"${text.toWellFormed()}"`);
      expect(written(() => writer.bytes(Buffer.from(text)))).toBe(text.toWellFormed());
    }
  });

  it('puts brackets around nothing, and around what begins with commas', () => {
    expect(written(() => writer.enclose(OBJECT, writer.length))).toBe('{}');
    const nested = written(() => {
      const outer = writer.length;
      writer.comma();
      writer.string('key');
      writer.colon();
      writer.enclose(ARRAY, writer.length);
      writer.enclose(OBJECT, outer);
    });
    expect(nested).toBe('{"key":[]}');
  });

  it('keeps what was collected apart, within each other and after a failure', () => {
    const kept = writer.collect(() => writer.text('1'));
    let inner = '';
    const outer = written(() => {
      writer.text('2');
      inner = written(() => writer.text('3'));
      writer.text('4');
    });
    const failing = () =>
      written(() => {
        writer.text('5');
        throw new Error('halfway');
      });
    expect(failing).toThrow('halfway');
    expect(written(() => writer.text('6'))).toBe('6');
    expect([kept.toString(), inner, outer]).toEqual(['1', '3', '24']);
  });
});
