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

  it('keeps what it holds when more room is asked for', () => {
    const answer = new AnswerBuffer(1);
    answer.append(Buffer.from('ab'));
    answer.expect(1000);
    answer.append(Buffer.from('c'));
    expect(Buffer.from(answer.finish().body).toString()).toBe('abc');
  });
});
