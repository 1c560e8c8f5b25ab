import { describe, expect, it } from 'vitest';
import { tokenFromHeaders } from './token-from-headers.js';

describe('tokenFromHeaders', () => {
  it('takes the header Token as it is', () => {
    expect(tokenFromHeaders('abc', undefined)).toBe('abc');
  });

  it.each(['Bearer abc', 'bearer abc', 'BEARER   abc', 'Bearer abc '])('takes the token out of %j', (authorization) => {
    expect(tokenFromHeaders(undefined, authorization)).toBe('abc');
  });

  it('prefers Token, unless it is empty', () => {
    expect(tokenFromHeaders('one', 'Bearer two')).toBe('one');
    expect(tokenFromHeaders('', 'Bearer two')).toBe('two');
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic abc', 'abc', 'Bearer a b', 'xBearer abc'])(
    'finds none in %j',
    (authorization) => {
      expect(tokenFromHeaders(undefined, authorization)).toBeUndefined();
    },
  );

  it('finds none where both are empty', () => {
    expect(tokenFromHeaders('', '')).toBeUndefined();
  });

  it('does not slow down on a header made to slow it down', () => {
    expect(tokenFromHeaders(undefined, `Bearer ${' '.repeat(16_000)}x y`)).toBeUndefined();
  });
});
