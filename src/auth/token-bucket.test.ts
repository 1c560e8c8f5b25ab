import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.js';

describe('TokenBucket', () => {
  it("lets a second's worth through at once and no more", () => {
    const bucket = new TokenBucket(3, 0);
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 0]);
    expect(bucket.take(0)).toBe(334);
  });

  it('lets the next one through after the time it named', () => {
    const bucket = new TokenBucket(2, 0);
    bucket.take(0);
    bucket.take(0);
    const waitMs = bucket.take(100);
    expect(waitMs).toBe(400);
    expect(bucket.take(100 + waitMs)).toBe(0);
  });

  it('allows one request in two seconds where half a request a second is set', () => {
    const bucket = new TokenBucket(0.5, 0);
    expect(bucket.take(0)).toBe(0);
    expect(bucket.take(1000)).toBe(1000);
    expect(bucket.take(2000)).toBe(0);
  });

  it('never lets more through than the rate and one burst allow', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 200 }),
        (rate, gapsMs) => {
          const bucket = new TokenBucket(rate, 0);
          let nowMs = 0;
          let passed = 0;
          for (const gapMs of gapsMs) {
            nowMs += gapMs;
            passed += bucket.take(nowMs) === 0 ? 1 : 0;
          }
          expect(passed).toBeLessThanOrEqual(rate + (rate * nowMs) / 1000 + 1e-6);
        },
      ),
    );
  });
});
