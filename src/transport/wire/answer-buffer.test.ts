import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerBuffer } from './answer-buffer.js';
import { lengthDelimited } from './envelope.js';

describe('AnswerBuffer', () => {
  it('holds every piece in its order, however little room there was', () => {
    fc.assert(
      fc.property(fc.nat({ max: 64 }), fc.array(fc.uint8Array({ maxLength: 300 })), (expectedBytes, pieces) => {
        const answer = new AnswerBuffer(expectedBytes);
        for (const piece of pieces) {
          answer.append(piece);
        }
        expect(Buffer.from(answer.finish().body)).toEqual(Buffer.concat(pieces));
      }),
    );
  });

  it('writes fields as protobuf has them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.nat({ max: 70_000 }), (fieldNumber, length) => {
        const content = new Uint8Array(length);
        const answer = new AnswerBuffer(0);
        answer.appendFieldHeader(fieldNumber, length);
        answer.append(content);
        expect(Buffer.from(answer.finish().body).equals(lengthDelimited(fieldNumber, [content]))).toBe(true);
      }),
    );
  });

  it('holds every piece of a large answer, and gives its memory to another one once it is released', () => {
    const piece = Buffer.alloc(70_000, 'a');
    const large = (count: number): ReturnType<AnswerBuffer['finish']> => {
      const answer = new AnswerBuffer(100);
      for (let each = 0; each < count; each += 1) {
        answer.append(piece);
      }
      return answer.finish();
    };
    const [first, second] = [large(3), large(3)];
    expect(first.body.buffer).not.toBe(second.body.buffer);
    expect(Buffer.from(first.body).equals(Buffer.concat([piece, piece, piece]))).toBe(true);
    first.release?.();
    const third = large(3);
    expect(third.body.buffer).toBe(first.body.buffer);
    expect(Buffer.from(second.body).equals(Buffer.from(third.body))).toBe(true);
  });

  it('keeps what it holds when more room is asked for', () => {
    const answer = new AnswerBuffer(1);
    answer.append(Buffer.from('ab'));
    answer.expect(1000);
    answer.append(Buffer.from('c'));
    expect(Buffer.from(answer.finish().body).toString()).toBe('abc');
  });

  it('puts pieces in front of what it holds, and leaves the rest of the room in front of them', () => {
    const answer = new AnswerBuffer(1);
    answer.append(Buffer.from('content'));
    const { room = 0 } = new AnswerBuffer(1).finish();
    answer.prepend(Buffer.from('length '));
    expect(answer.length).toBe(14);
    answer.prepend(Buffer.from('status '));
    const { body, room: left } = answer.finish();
    expect(Buffer.from(body).toString()).toBe('status length content');
    expect(left).toBe(room - 14);
    expect(() => new AnswerBuffer(1000).prepend(Buffer.alloc(room + 1))).toThrow(RangeError);
  });

  it('takes no memory for an expectation that no memory would hold', () => {
    const answer = new AnswerBuffer(1);
    answer.append(Buffer.from('ab'));
    answer.expect(2 ** 50);
    const { body } = answer.finish();
    expect(body.buffer.byteLength).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(Buffer.from(body).toString()).toBe('ab');
  });
});
