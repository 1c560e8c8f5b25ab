import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Head } from './head.js';

/** The head after changes at these positions. */
function headAfter(positions: readonly number[], maxRevisions: number): Head {
  const [first = 1, ...others] = positions;
  return others.reduce((head, position) => head.next(position, maxRevisions), Head.first(first));
}

function places(head: Head): (number | undefined)[] {
  return Array.from({ length: head.revision + 2 }, (_, revision) => head.placeOf(revision));
}

describe('a head', () => {
  it('has the place of every revision that counts among the newest, and of no other', () => {
    const head = headAfter([3, 5, 8, 13, 21], 3);
    expect([head.revision, head.position, head.retiredTo]).toEqual([5, 21, 2]);
    expect(places(head)).toEqual([undefined, undefined, undefined, 8, 13, 21, undefined]);
  });

  it('keeps itself alone where no more is wanted', () => {
    const head = headAfter([3, 5, 8], 1);
    expect(head.retiredTo).toBe(2);
    expect(places(head)).toEqual([undefined, undefined, undefined, 8, undefined]);
  });

  it('retires one revision with each change, and a few more until it has caught up with a lower limit', () => {
    let head = headAfter(
      Array.from({ length: 20 }, (_, index) => index + 1),
      20,
    );
    const retired: number[] = [];
    for (let position = 21; position <= 30; position += 1) {
      head = head.next(position, 5);
      retired.push(head.retiredTo);
    }
    expect(retired).toEqual([3, 6, 9, 12, 15, 18, 21, 23, 24, 25].map((each, index) => Math.min(each, 16 + index)));
  });

  it('never forgets what counts among the newest, whatever the limit was', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 40 }), (limits) => {
        let head = Head.first(1);
        for (const [index, limit] of limits.entries()) {
          const next = head.next(index + 2, limit);
          expect(next.retiredTo).toBeGreaterThanOrEqual(head.retiredTo);
          for (let revision = next.retiredTo + 1; revision <= next.revision; revision += 1) {
            expect(next.placeOf(revision)).toBe(revision);
          }
          expect(next.revision - next.retiredTo).toBeGreaterThanOrEqual(
            Math.min(limit, next.revision - head.retiredTo),
          );
          head = next;
        }
      }),
    );
  });

  it('comes back from bytes that are used again', () => {
    const head = headAfter([3, 5, 8], 10);
    const bytes = Buffer.alloc(10 + head.byteLength);
    head.write(bytes, 10);
    const found = Head.read(bytes, 10);
    bytes.fill(0xff);
    expect(places(found)).toEqual(places(head));
  });
});
