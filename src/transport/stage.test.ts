import { beforeEach, describe, expect, it } from 'vitest';
import { Stage } from './stage.js';

describe('a stage', () => {
  let scheduled: (() => void)[];
  let taken: number[];
  let onTaken: (item: number) => void;
  let stage: Stage<number>;

  beforeEach(() => {
    scheduled = [];
    taken = [];
    onTaken = () => undefined;
    stage = new Stage(
      (run) => scheduled.push(run),
      (item) => {
        taken.push(item);
        onTaken(item);
      },
    );
  });

  function addRange(from: number, to: number): void {
    for (let item = from; item < to; item += 1) {
      stage.add(item);
    }
  }

  function runNext(): void {
    expect(scheduled).toHaveLength(1);
    scheduled.shift()?.();
  }

  it('is run once for all that came, in their order, and again for what comes meanwhile', () => {
    onTaken = (item) => {
      if (item === 1) {
        stage.add(3);
      }
    };
    addRange(0, 3);
    expect(taken).toEqual([]);
    runNext();
    expect(taken).toEqual([0, 1, 2]);
    runNext();
    expect(taken).toEqual([0, 1, 2, 3]);
    expect(scheduled).toEqual([]);
  });

  it('is run again for what is too much for one run, before what comes later', () => {
    addRange(0, 600);
    runNext();
    expect(taken).toHaveLength(256);
    addRange(600, 700);
    runNext();
    expect(taken).toHaveLength(512);
    runNext();
    expect(taken).toEqual(Array.from({ length: 700 }, (_, index) => index));
    expect(scheduled).toEqual([]);
  });
});
