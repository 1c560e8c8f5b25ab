import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesRevision } from './if-match.js';

const revision = fc.integer({ min: 1, max: 1000 });

describe('matchesRevision', () => {
  it('holds without a condition, also where there is no template', () => {
    expect(matchesRevision(undefined, undefined)).toBe(true);
    fc.assert(fc.property(revision, (standing) => matchesRevision(undefined, standing)));
  });

  it('holds for * wherever there is a template', () => {
    expect(matchesRevision('*', undefined)).toBe(false);
    fc.assert(fc.property(revision, (standing) => matchesRevision('*', standing)));
  });

  it('holds for a list exactly where it names the revision that stands', () => {
    fc.assert(
      fc.property(fc.array(revision), revision, (named, standing) => {
        expect(matchesRevision(named, standing)).toBe(named.includes(standing));
        expect(matchesRevision([...named, standing], standing)).toBe(true);
      }),
    );
  });

  it('does not hold for any list where there is no template', () => {
    fc.assert(
      fc.property(fc.array(revision), (named) => {
        expect(matchesRevision(named, undefined)).toBe(false);
      }),
    );
  });

  it('does not hold for an empty list', () => {
    expect(matchesRevision([], 1)).toBe(false);
  });
});
