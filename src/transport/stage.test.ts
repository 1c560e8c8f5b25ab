import { describe, expect, it } from 'vitest';
import { Stage } from './stage.js';

describe('a stage', () => {
  it('is run once for all that came, in their order, and again for what comes meanwhile', () => {
    const scheduled: (() => void)[] = [];
    const taken: number[] = [];
    const stage: Stage<number> = new Stage(
      (run) => scheduled.push(run),
      (item) => {
        taken.push(item);
        if (item === 2) {
          stage.add(4);
        }
      },
    );
    for (const item of [1, 2, 3]) {
      stage.add(item);
    }
    expect(taken).toEqual([]);
    expect(scheduled).toHaveLength(1);
    scheduled.shift()?.();
    expect(taken).toEqual([1, 2, 3]);
    expect(scheduled).toHaveLength(1);
    scheduled.shift()?.();
    expect(taken).toEqual([1, 2, 3, 4]);
    expect(scheduled).toEqual([]);
  });
});
