import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageReader } from './message-reader.js';

const MAX_BYTES = 300;

function framed(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.of(flag, 0, 0, 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const TOO_LARGE = { code: status.RESOURCE_EXHAUSTED, details: 'Received message larger than max (301 vs 300)' };

describe('MessageReader', () => {
  it('gives the same message wherever its pieces are cut', () => {
    const message = fc.uint8Array({ maxLength: MAX_BYTES });
    fc.assert(
      fc.property(message, fc.constantFrom(0, 1, 2), fc.array(fc.nat(MAX_BYTES + 5)), (bytes, flag, cuts) => {
        const reader = new MessageReader(MAX_BYTES);
        const all = framed(bytes, flag);
        let from = 0;
        for (const cut of [...cuts.sort((a, b) => a - b), all.length]) {
          expect(reader.push(all.subarray(from, cut))).toBeUndefined();
          from = Math.max(from, Math.min(cut, all.length));
          expect(reader.message === undefined).toBe(from < all.length);
        }
        expect(reader.message).toEqual(Buffer.from(bytes));
        expect(reader.compressed).toBe(flag === 1);
      }),
    );
  });

  it('does not copy a message that comes in one piece', () => {
    const reader = new MessageReader(MAX_BYTES);
    const all = framed(Buffer.from('message'));
    reader.push(all);
    expect(reader.message?.buffer).toBe(all.buffer);
    expect(reader.message?.byteOffset).toBe(all.byteOffset + 5);
  });

  it('keeps no piece of a message, so that what was read with it can be freed', () => {
    const reader = new MessageReader(MAX_BYTES);
    const all = framed(Buffer.from('message'));
    reader.push(all.subarray(0, 7));
    reader.push(all.subarray(7));
    all.fill(0);
    expect(reader.message?.toString()).toBe('message');
  });

  it('refuses a message by its length, before any of it has come', () => {
    const reader = new MessageReader(MAX_BYTES);
    const head = framed(Buffer.alloc(MAX_BYTES + 1)).subarray(0, 5);
    expect(reader.push(head.subarray(0, 4))).toBeUndefined();
    expect(reader.push(head.subarray(4))).toEqual(TOO_LARGE);
    expect(new MessageReader(MAX_BYTES).push(Buffer.of(0, 0xff, 0xff, 0xff, 0xff))?.details).toContain('4294967295');
  });

  it('refuses a second message once it is complete, and lets the beginning of one pass', () => {
    const reader = new MessageReader(MAX_BYTES);
    const all = framed(Buffer.from('message'));
    expect(reader.push(Buffer.concat([all, all.subarray(0, 7)]))).toBeUndefined();
    expect(reader.message?.toString()).toBe('message');
    expect(reader.push(all.subarray(7))).toMatchObject({ code: status.UNIMPLEMENTED });
    const empty = new MessageReader(MAX_BYTES);
    expect(empty.push(Buffer.alloc(10))).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it('refuses a second message that is too large as the first', () => {
    const reader = new MessageReader(MAX_BYTES);
    reader.push(framed(Buffer.of()));
    expect(reader.push(framed(Buffer.alloc(MAX_BYTES + 1)))).toEqual(TOO_LARGE);
  });
});
