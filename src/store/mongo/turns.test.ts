import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Turns } from './turns.js';

describe('turns', () => {
  it('lets so many run at once and no more, in the order of the calls', async () => {
    const turns = new Turns(3);
    const begun: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        turns.run(async () => {
          begun.push(index);
          running += 1;
          most = Math.max(most, running);
          await turn();
          running -= 1;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(begun).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('goes on behind a task that fails, and hands its failure to who called for it', async () => {
    const turns = new Turns(1);
    const failed = turns.run(async () => {
      await turn();
      throw new Error('failed');
    });
    const next = turns.run(async () => 'done');
    await expect(failed).rejects.toThrow('failed');
    await expect(next).resolves.toBe('done');
    await expect(turns.run(async () => 'later')).resolves.toBe('later');
  });
});
