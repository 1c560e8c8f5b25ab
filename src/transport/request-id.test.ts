import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestIdFrom } from './request-id.js';

describe('requestIdFrom', () => {
  it("keeps the caller's id where it is 1 to 128 visible ASCII characters", () => {
    expect(requestIdFrom('7')).toBe('7');
    expect(requestIdFrom('~'.repeat(128))).toBe('~'.repeat(128));
  });

  it.each([undefined, '', ' ', 'two words', 'line\nbreak', 'x'.repeat(129), '身份', 'nul\0'])(
    'makes an id in place of %j',
    (value) => {
      expect(requestIdFrom(value)).toMatch(/^[0-9a-f]{16}-[0-9a-z]+$/);
    },
  );

  it('answers something that a header may hold, whatever the caller sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (value) => {
        expect(requestIdFrom(value)).toMatch(/^[\x21-\x7e]{1,128}$/);
      }),
    );
  });

  it('never makes the same id twice', () => {
    const ids = Array.from({ length: 1000 }, () => requestIdFrom(undefined));
    expect(new Set(ids).size).toBe(1000);
  });
});
