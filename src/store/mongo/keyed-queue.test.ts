import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { KeyedQueue } from './keyed-queue.js';

describe('KeyedQueue', () => {
  it('runs tasks of one key one after the other, in the order of the calls', async () => {
    const queue = new KeyedQueue();
    const events: string[] = [];
    await Promise.all(
      [1, 2, 3].map((task) =>
        queue.run('a', async () => {
          events.push(`start ${task}`);
          await setImmediate();
          events.push(`end ${task}`);
        }),
      ),
    );
    expect(events).toEqual(['start 1', 'end 1', 'start 2', 'end 2', 'start 3', 'end 3']);
  });

  it('lets tasks of different keys run at once', async () => {
    const queue = new KeyedQueue();
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const blocked = queue.run('a', () => gate);
    await expect(queue.run('b', async () => 'done')).resolves.toBe('done');
    open();
    await blocked;
  });

  it('goes on after a task that failed, whose failure reaches its caller alone', async () => {
    const queue = new KeyedQueue();
    const failed = queue.run('a', () => Promise.reject(new Error('mine')));
    const next = queue.run('a', async () => 'next');
    await expect(failed).rejects.toThrow('mine');
    await expect(next).resolves.toBe('next');
  });

  it('keeps nothing of a key that has no task', async () => {
    const queue = new KeyedQueue();
    const runs = ['a', 'a', 'b'].map((key) => queue.run(key, async () => {}));
    expect(queue.size).toBe(2);
    await Promise.all(runs);
    expect(queue.size).toBe(0);
  });
});
