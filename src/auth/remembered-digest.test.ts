import { describe, expect, it } from 'vitest';
import { RememberedDigest } from './remembered-digest.js';

describe('RememberedDigest', () => {
  it('knows the digest of the last token only', () => {
    const remembered = new RememberedDigest();
    remembered.remember('first-token', 'aa');
    expect(remembered.of('first-token')).toBe('aa');
    remembered.remember('other-token', 'bb');
    expect(remembered.of('other-token')).toBe('bb');
    expect(remembered.of('first-token')).toBeUndefined();
  });

  it.each(['Xirst-token', 'first-tokeX', 'first-toke', 'first-token2', 'first-tok\u0165n', ''])(
    'does not take %j for it',
    (token) => {
      const remembered = new RememberedDigest();
      remembered.remember('first-token', 'aa');
      expect(remembered.of(token)).toBeUndefined();
    },
  );

  it('knows none at first, and none once it has forgotten', () => {
    const remembered = new RememberedDigest();
    expect(remembered.of('')).toBeUndefined();
    remembered.remember('first-token', 'aa');
    remembered.forget();
    expect(remembered.of('first-token')).toBeUndefined();
  });
});
