import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appImageName } from '../../test/support/arbitraries.js';
import { decodeResumeToken, encodeResumeToken, type ResumePoint } from './resume-token.js';

const point: fc.Arbitrary<ResumePoint> = fc
  .record({
    position: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    inState: fc.boolean(),
    stateAfter: fc.option(fc.oneof(fc.constant(''), appImageName), { nil: undefined }),
  })
  .map((made) => (made.inState ? made : { ...made, stateAfter: undefined }));

describe('a resume token', () => {
  it('names its place', () => {
    fc.assert(
      fc.property(point, (made) => {
        expect(decodeResumeToken(encodeResumeToken(made))).toEqual(made);
      }),
    );
  });

  it('can stand in a header, a URL and a line of an event stream', () => {
    fc.assert(
      fc.property(point, (made) => {
        expect(encodeResumeToken(made)).toMatch(/^[\w.~-]{10,96}$/);
      }),
    );
  });

  it('is refused where a character of it was changed', () => {
    const change = fc.tuple(point, fc.nat(), fc.constantFrom('0', 'a', 'z', '9', '-', '.', '~', '_', 's', 'c'));
    fc.assert(
      fc.property(change, ([made, at, character]) => {
        const token = encodeResumeToken(made);
        const index = at % token.length;
        const changed = token.slice(0, index) + character + token.slice(index + 1);
        expect(decodeResumeToken(changed)).toEqual(changed === token ? made : undefined);
      }),
    );
  });

  it.each(['', '0', 'abc', '~', '0~', 'null', '0~AAAAAAAA', '-1~AAAAAAAA', `${'z'.repeat(11)}~AAAAAAAA`])(
    'is not %j',
    (text) => {
      expect(decodeResumeToken(text)).toBeUndefined();
    },
  );

  it('is refused where its position is no whole number that is kept exactly', () => {
    const beyond = encodeResumeToken({ position: 2 ** 53, inState: false, stateAfter: undefined });
    expect(decodeResumeToken(beyond)).toBeUndefined();
  });
});
