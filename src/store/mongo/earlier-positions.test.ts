import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EARLIER_POSITIONS, formatEarlierPositions, parseEarlierPositions } from './earlier-positions.js';

describe('the places of earlier revisions', () => {
  it('come back as they were, the newest hundred of them', () => {
    const ascending = fc.uniqueArray(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), {
      minLength: 1,
      maxLength: 150,
    });
    fc.assert(
      fc.property(ascending, (positions) => {
        const [position = 0, ...earlier] = positions.toSorted((a, b) => b - a);
        expect(parseEarlierPositions(position, formatEarlierPositions(position, earlier))).toEqual(
          earlier.slice(0, EARLIER_POSITIONS),
        );
      }),
    );
  });

  it.each(['0', '-1', '6', '1  1', 'x!', '1 5', ' '])('are not read from %j', (text) => {
    expect(parseEarlierPositions(6, text)).toBeUndefined();
  });
});
