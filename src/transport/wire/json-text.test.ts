import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPath, parseJson, scanJson } from './json-text.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('parseJson', () => {
  it.each([
    ['', 'line 1, column 1: expected a value, found the end of the text'],
    ['{\n  "a": 1,\n  "b" 2\n}', `line 3, column 7: expected ':' behind the key, found "2"`],
    ['{"a":1,}', 'line 1, column 8: expected a key in double quotes, found "}"'],
    ['[1,\n2', `line 2, column 2: expected ',' or ']', found the end of the text`],
    ["{'a':1}", `line 1, column 2: expected a key in double quotes, found "'"`],
    ['{"a":"b\n"}', 'line 1, column 6: this string is not closed, or holds a bad escape or a bare control character'],
    ['{"a":01}', 'line 1, column 6: expected a value, found "0"'],
    ['{"a":nul}', 'line 1, column 6: expected a value, found "n"'],
    ['{} {}', 'line 1, column 4: expected the end of the text, found "{"'],
    ['"\\x"', 'line 1, column 1: this string'],
  ])('says where %j is broken', (text, message) => {
    expect(() => parseJson(bytes(text))).toThrow(message);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow('not valid UTF-8');
  });

  it('finds the fault behind four megabytes of open brackets without exhausting the stack', () => {
    expect(() => parseJson(Buffer.alloc(4_000_000, '['))).toThrow('column 4000001');
  });

  it('finds the fault behind a string of four megabytes', () => {
    expect(() => parseJson(bytes(`["${'x'.repeat(4_000_000)}"`))).toThrow('column 4000004');
  });
});

describe('scanJson', () => {
  it('accepts exactly what JSON.parse accepts', () => {
    const nearJson = fc.oneof(
      fc.json({ maxDepth: 4 }),
      fc
        .tuple(fc.json(), fc.nat(40), fc.constantFrom('', ',', '}', ']', '"', ':', '\\', '0', 'e', '-', '\n', ' '))
        .map(([text, at, inserted]) => text.slice(0, at) + inserted + text.slice(at + 1)),
    );
    fc.assert(
      fc.property(nearJson, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect(scanJson(text, {}) === undefined).toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });

  it('reports numbers digit by digit with their paths', () => {
    const seen: [string, string][] = [];
    scanJson('{"a":[1,{"b":9007199254740993}],"c":-1.5e3}', {
      number: (path, text) => seen.push([formatPath(path), text]),
    });
    expect(seen).toEqual([
      ['a[0]', '1'],
      ['a[1].b', '9007199254740993'],
      ['c', '-1.5e3'],
    ]);
  });

  it('reports where objects begin and end', () => {
    const text = ' {"a":[ {} ,{"b":"}"}]} ';
    const seen: [string, string][] = [];
    scanJson(text, { object: (path, start, end) => seen.push([formatPath(path), text.slice(start, end)]) });
    expect(seen).toEqual([
      ['a[0]', '{}'],
      ['a[1]', '{"b":"}"}'],
      ['', '{"a":[ {} ,{"b":"}"}]}'],
    ]);
  });

  it('reports keys that repeat, also where an escape hides it', () => {
    const seen: string[] = [];
    scanJson('{"a":{"b":1,"\\u0062":2},"x":[{"y":1},{"y":1}],"a":1}', {
      duplicateKey: (path) => seen.push(formatPath(path)),
    });
    expect(seen).toEqual(['a.b', 'a']);
  });
});

describe('formatPath', () => {
  it('writes keys that are no plain words in brackets and quotes', () => {
    expect(formatPath(['config_templates', 'app.conf', 0, 'x'])).toBe('config_templates["app.conf"][0].x');
  });
});
