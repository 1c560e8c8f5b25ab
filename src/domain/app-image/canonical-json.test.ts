import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, JSON_OBJECT_OR_EMPTY, MAX_JSON_BYTES, MAX_JSON_DEPTH } from './canonical-json.js';

const nested = (depth: number): string => `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;

describe('canonicalJson', () => {
  it('takes white space away and sorts keys by code points, at every level', () => {
    expect(canonicalJson(' {\n"b" : [ 1 ,\t{"d":true,"c":null} ] , "\u{1f600}":1, "\uff5e":{}, "a":""}\r\n')).toBe(
      '{"a":"","b":[1,{"c":null,"d":true}],"\uff5e":{},"\u{1f600}":1}',
    );
  });

  it('takes keys for the same however they are written, and the last of them counts', () => {
    expect(canonicalJson(String.raw`{"b":0,"a":1,"\u0061":2,"\"":3,"\u0022":4}`)).toBe(
      String.raw`{"\"":4,"a":2,"b":0}`,
    );
  });

  it('keeps keys that look like numbers in the same order, and __proto__ as a key like others', () => {
    expect(canonicalJson('{"__proto__":1,"10":1,"9":1}')).toBe('{"10":1,"9":1,"__proto__":1}');
  });

  it('writes strings with the fewest escapes', () => {
    expect(canonicalJson(String.raw`{"\u0061\/":"\u00e9\"\\\n\u0001\u007f\ud83d\ude00"}`)).toBe(
      `{"a/":"\u00e9\\"\\\\\\n\\u0001\u007f\u{1f600}"}`,
    );
  });

  it.each([
    ['0', '0'],
    ['-0', '0'],
    ['0.000', '0'],
    ['0e99', '0'],
    ['1.0', '1'],
    ['10e-1', '1'],
    ['-1.50', '-1.5'],
    ['1e3', '1000'],
    ['0.5E+1', '5'],
    ['9007199254740993', '9007199254740993'],
    ['12345678901234567890.10', '12345678901234567890.1'],
    ['123456789012345678901234', '1.23456789012345678901234e+23'],
    ['-100', '-100'],
    ['123456789012345678901', '123456789012345678901'],
    ['-1234567890123456789012', '-1.234567890123456789012e+21'],
    ['1e21', '1e+21'],
    ['100e18', '100000000000000000000'],
    ['0.000001', '0.000001'],
    ['0.0000001', '1e-7'],
    ['1e400', '1e+400'],
  ])('writes the number %s as %s', (given, expected) => {
    expect(canonicalJson(`{"n":${given}}`)).toBe(`{"n":${expected}}`);
    expect(canonicalJson(`{"n":${expected}}`)).toBe(`{"n":${expected}}`);
  });

  it('writes numbers as JavaScript does where a double holds them', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (number) => {
        const expected = `{"n":${JSON.stringify(number)}}`;
        expect(canonicalJson(expected)).toBe(expected);
        expect(canonicalJson(`{"n":${number.toExponential()}}`)).toBe(expected);
      }),
    );
  });

  it('gives the same text for the same content, which says the same and is its own canonical text', () => {
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
    fc.assert(
      fc.property(object, fc.constantFrom('', '\t', '  '), (value, indent) => {
        const text = canonicalJson(JSON.stringify(value));
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(JSON.stringify(reversed, undefined, indent))).toBe(text);
        expect(text === undefined ? undefined : canonicalJson(text)).toBe(text);
        expect(JSON.parse(text ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('takes the last of duplicate keys', () => {
    expect(canonicalJson(String.raw`{"a":1,"\u0061":2}`)).toBe('{"a":2}');
  });

  it('has nothing to say of the empty text, which stands for no object', () => {
    expect(canonicalJson('')).toBeUndefined();
    expect(JSON_OBJECT_OR_EMPTY.allows('')).toBe(true);
  });
});

describe('JSON_OBJECT_OR_EMPTY', () => {
  it.each([
    [' ', 'expected "{" at line 1, column 2'],
    ['null', 'expected "{" at line 1, column 1'],
    ['[]', 'expected "{" at line 1, column 1'],
    ['"{}"', 'expected "{" at line 1, column 1'],
    ['{', 'expected a string'],
    ['{}x', 'expected the end of the text at line 1, column 3'],
    ['{"a"}', 'expected ":" at line 1, column 5'],
    ['{"a":1,}', 'expected a string'],
    ['{"a":[1,]}', 'expected a value at line 1, column 9'],
    ['{"a":[1}', 'expected "]"'],
    ['{"a":01}', 'expected "}" at line 1, column 7'],
    ['{"a":.5}', 'expected a value'],
    ['{"a":+1}', 'expected a value'],
    ['{"a":NaN}', 'expected a value'],
    ['{"a":nullx}', 'expected "}"'],
    ['{\n"a":tru}', 'expected a value at line 2, column 5'],
    ['{"a":"\n"}', 'expected a string'],
    [String.raw`{"a":"\x"}`, 'expected a string'],
    [String.raw`{"a":"\u12"}`, 'expected a string'],
    [String.raw`{"a":"\ud800"}`, 'half of a surrogate pair'],
    ["{'a':1}", 'expected a string'],
    ['{a:1}', 'expected a string'],
    [`{"a":1e${'9'.repeat(400)}}`, 'out of any range'],
  ])('refuses %s and says why', (text, why) => {
    expect(JSON_OBJECT_OR_EMPTY.allows(text)).toBe(false);
    expect(canonicalJson(text)).toBeUndefined();
    expect(JSON_OBJECT_OR_EMPTY.explain(text)).toContain(why);
  });

  it('bounds depth and size', () => {
    expect(JSON_OBJECT_OR_EMPTY.allows(nested(MAX_JSON_DEPTH))).toBe(true);
    expect(JSON_OBJECT_OR_EMPTY.explain(nested(MAX_JSON_DEPTH + 1))).toContain('64 levels');
    expect(JSON_OBJECT_OR_EMPTY.allows(`{"a":${'['.repeat(30_000)}`)).toBe(false);
    // 21 digits each where it is canonical, which must be allowed itself.
    const long = `{"a":[${Array.from({ length: 12_000 }, () => '1e20').join(',')}]}`;
    expect(canonicalJson(long)).toBeUndefined();
    expect(JSON_OBJECT_OR_EMPTY.explain(long)).toContain('in its canonical form it has 264007 bytes, and 65536 are');
    const largest = `{"a":"${'\u00e9'.repeat((MAX_JSON_BYTES - 8) / 2)}"}`;
    expect(JSON_OBJECT_OR_EMPTY.allows(largest)).toBe(true);
    expect(JSON_OBJECT_OR_EMPTY.explain(`${largest} `)).toContain('65537 bytes');
    expect(JSON_OBJECT_OR_EMPTY.allows(`{"a":"${String.raw`\n`.repeat(30_000)}"}`)).toBe(true);
  });

  it('allows exactly the objects that JSON.parse reads', () => {
    const scrap = fc.string({ unit: fc.constantFrom(...Array.from('{}[]",:\\u0123.eE+-ant ')) });
    fc.assert(
      fc.property(
        fc.oneof(
          scrap,
          fc.json(),
          scrap.map((inner) => `{"a":${inner}}`),
        ),
        (text) => {
          expect(JSON_OBJECT_OR_EMPTY.allows(text)).toBe(text === '' || isObject(text));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) && text.isWellFormed();
  } catch {
    return false;
  }
}
