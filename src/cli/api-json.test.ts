import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactValue, prettyJson } from './api-json.js';

describe('JSON for people', () => {
  it('looks as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(prettyJson(JSON.stringify(value))).toBe(`${JSON.stringify(value, undefined, 2)}\n`);
      }),
    );
  });

  it('keeps every digit of a number', () => {
    expect(prettyJson('{"a":12345678901234567890,"b":[1.10]}')).toBe(
      '{\n  "a": 12345678901234567890,\n  "b": [\n    1.10\n  ]\n}\n',
    );
    expect(exactValue('{"a":12345678901234567890}')).toEqual({ a: 12345678901234567890n });
  });
});
