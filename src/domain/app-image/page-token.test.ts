import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePageToken, encodePageToken } from './page-token.js';

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

describe('page tokens', () => {
  it('give back the name that they were made of', () => {
    fc.assert(
      fc.property(name, (last) => {
        expect(decodePageToken(encodePageToken(last))).toBe(last);
      }),
    );
  });

  it('need no escaping in a URL', () => {
    fc.assert(
      fc.property(name, (last) => {
        expect(encodePageToken(last)).toMatch(/^[A-Za-z0-9_-]+$/);
      }),
    );
  });

  it('are refused when one character is changed', () => {
    fc.assert(
      fc.property(name, fc.nat(), fc.stringMatching(/^[A-Za-z0-9_-]$/), (last, position, character) => {
        const token = encodePageToken(last);
        const index = position % token.length;
        const altered = token.slice(0, index) + character + token.slice(index + 1);
        fc.pre(altered !== token);
        expect(decodePageToken(altered)).toBeUndefined();
      }),
    );
  });

  it('are refused when they are cut or extended', () => {
    fc.assert(
      fc.property(name, fc.nat(), (last, length) => {
        const token = encodePageToken(last);
        expect(decodePageToken(token.slice(0, length % token.length))).toBeUndefined();
        expect(decodePageToken(`${token}A`)).toBeUndefined();
        expect(decodePageToken(`${token}=`)).toBeUndefined();
      }),
    );
  });

  it('are refused when they are made up', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (token) => {
        expect(decodePageToken(token)).toBeUndefined();
      }),
    );
  });

  it('name no template when they are made of the empty name', () => {
    expect(decodePageToken(encodePageToken(''))).toBeUndefined();
  });
});
