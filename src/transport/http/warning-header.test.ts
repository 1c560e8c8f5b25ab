import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { warningHeader } from './warning-header.js';

describe('warningHeader', () => {
  it('gives one value for each warning', () => {
    expect(warningHeader(['a', 'b'])).toEqual(['299 - "a"', '299 - "b"']);
  });

  it('counts those that are too many', () => {
    const values = warningHeader(Array.from({ length: 40 }, (_, index) => `warning ${index}`));
    expect(values).toHaveLength(33);
    expect(values.at(-1)).toBe('299 - "and 8 more warnings"');
  });

  it('cuts long ones', () => {
    expect(warningHeader(['x'.repeat(1000)])).toEqual([`299 - "${'x'.repeat(197)}..."`]);
  });

  it('gives a quoted string of ASCII whatever the warning says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (warning) => {
        expect(warningHeader([warning])[0]).toMatch(/^299 - "(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"$/);
      }),
    );
  });
});
