import { describe, expect, it } from 'vitest';
import { ReusedBuffer } from './reused-buffer.js';

describe('memory that is used again', () => {
  it('gives the same bytes each time, as many as are asked for', () => {
    const reused = new ReusedBuffer();
    const first = reused.take(10).fill(1);
    const second = reused.take(4).fill(2);
    expect(first).toEqual(Buffer.from([2, 2, 2, 2, 1, 1, 1, 1, 1, 1]));
    expect(second).toHaveLength(4);
  });

  it('gives a long record bytes of its own', () => {
    const reused = new ReusedBuffer();
    const first = reused.take(1024 * 1024).fill(1);
    const second = reused.take(1024 * 1024).fill(2);
    expect(first[0]).toBe(1);
    expect(second).toHaveLength(1024 * 1024);
  });
});
