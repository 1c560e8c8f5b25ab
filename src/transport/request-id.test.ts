import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newRequestId, requestIdFrom } from './request-id.js';

describe('requestIdFrom', () => {
  it.each([
    'a',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    'Root=1-5759e988-bd862e3fe1be46a994272793;Self=x',
    'x'.repeat(128),
  ])('takes %s over', (id) => {
    expect(requestIdFrom(id)).toBe(id);
  });

  it('replaces whatever could break out of a header, a log line or a message', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        const taken = requestIdFrom(id);
        expect(taken).toMatch(/^[\x21-\x7e]{1,128}$/);
        expect(taken).not.toMatch(/["'`<>\\\s]/);
      }),
    );
  });

  it('makes one where there is none, or several', () => {
    expect(requestIdFrom(undefined)).not.toBe('');
    expect(requestIdFrom(['a', 'b'])).not.toContain('a,b');
  });
});

describe('newRequestId', () => {
  it('never makes the same one twice', () => {
    expect(new Set(Array.from({ length: 1000 }, newRequestId)).size).toBe(1000);
  });
});
