import { describe, expect, it } from 'vitest';
import { AnswerMemory } from './answer-memory.js';

const MIB = 1024 * 1024;

describe('AnswerMemory', () => {
  it('lends what it took back, where that is large enough', () => {
    const memory = new AnswerMemory();
    const first = memory.lend(200_000);
    memory.takeBack(first);
    expect(memory.lend(300_000)).not.toBe(first);
    expect(memory.lend(210_000)).toBe(first);
  });

  it('lends nothing twice at a time', () => {
    const memory = new AnswerMemory();
    memory.takeBack(memory.lend(100_000));
    const lent = Array.from({ length: 20 }, () => memory.lend(100_000));
    expect(new Set(lent).size).toBe(20);
  });

  it('lends what was asked for or more, however large', () => {
    const memory = new AnswerMemory();
    for (const bytes of [1, 65_536, 65_537, 300_000, 20 * MIB]) {
      expect(memory.lend(bytes).length).toBeGreaterThanOrEqual(bytes);
    }
  });

  it('keeps 8 MiB at most', () => {
    const memory = new AnswerMemory();
    const lent = Array.from({ length: 40 }, () => memory.lend(MIB));
    for (const each of [...lent, memory.lend(16 * MIB)]) {
      memory.takeBack(each);
    }
    const again = Array.from({ length: 40 }, () => memory.lend(MIB));
    expect(again.filter((each) => lent.includes(each))).toHaveLength(8);
  });
});
