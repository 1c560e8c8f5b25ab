import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { ABORT, type Database, open as openLmdb, type RootDatabase } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AppImageStore, StoreFaultError } from '../../src/domain/app-image/app-image-store.js';
import { HistoryExpiredError, type HistoryLimits } from '../../src/domain/app-image/revision.js';
import { ChangeLog } from '../../src/store/lmdb/change-log.js';
import { openLmdbAppImageStore } from '../../src/store/lmdb/lmdb-app-image-store.js';
import { openEnvironment } from '../../src/store/lmdb/open-environment.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { ORIGIN } from '../support/stub-store.js';
import { brief, changesBehind, historyOf, numbersUpTo, put, remove } from './contract-templates.js';

describe('the history in an LMDB store', () => {
  let path: string;
  let stores: AppImageStore[];

  beforeEach(async () => {
    stores = [];
    path = await mkdtemp(join(tmpdir(), 'appimage-lmdb-'));
  });
  afterEach(async () => {
    for (const store of stores) {
      await store[Symbol.asyncDispose]();
    }
    await rm(path, { recursive: true });
  });

  async function open(history: HistoryLimits): Promise<AppImageStore> {
    const store = await openLmdbAppImageStore({ path, codec: appImageCodec, history });
    stores.push(store);
    return store;
  }

  /** What is in the data file, read or changed as no store of ours would. */
  async function behind<T>(action: (root: RootDatabase<Buffer, string>) => T): Promise<T> {
    const root = openLmdb<Buffer, string>({ path, noSubdir: false, overlappingSync: false, encoding: 'binary' });
    try {
      return action(root);
    } finally {
      await root.close();
    }
  }

  async function storedPositions(): Promise<number[]> {
    return await behind((root) => [...root.openDB<Buffer, number>({ name: 'changes', encoding: 'binary' }).getKeys()]);
  }

  function marksIn(root: RootDatabase<Buffer, string>): Database<Buffer, number> {
    return root.openDB<Buffer, number>({ name: 'retired-changes', encoding: 'binary' });
  }

  /** The positions of changes that are marked as retired. */
  async function marks(): Promise<number[]> {
    return await behind((root) => [...marksIn(root).getKeys()]);
  }

  /** Makes the store one that was written by a build without marks. */
  async function forgetMarks(): Promise<void> {
    await behind((root) => {
      marksIn(root).clearSync();
      root.removeSync('unmarked');
    });
  }

  async function tombstones(): Promise<string[]> {
    return await behind((root) => [
      ...root.openDB<Buffer, string>({ name: 'deleted-app-images', encoding: 'binary' }).getKeys(),
    ]);
  }

  it('numbers all changes 1, 2, 3 without a gap, also where some are refused and several stores write', async () => {
    const limits = { maxRevisions: 100, maxChanges: 1000 };
    const [one, other] = [await open(limits), await open(limits)];
    await Promise.allSettled(
      numbersUpTo(60).map((number) =>
        (number % 2 === 0 ? one : other).change(
          `app-${number % 4}`,
          (current) => {
            if (number % 5 === 0) {
              throw new Error('refused');
            }
            return number % 7 === 0 ? remove(current) : put(`app-${number % 4}`)(current);
          },
          ORIGIN,
        ),
      ),
    );
    const positions = (await changesBehind(one, 0)).map(({ position }) => position);
    expect(positions.length).toBeGreaterThan(40);
    expect(positions).toEqual(numbersUpTo(positions.length));
  });

  it('shows the newest revisions and the tagged ones, and no other that the order of changes still keeps', async () => {
    const store = await open({ maxRevisions: 3, maxChanges: 1000 });
    for (const number of numbersUpTo(10)) {
      await store.change('app', put('app', String(number)), ORIGIN);
      await store.changeTag('app', 'two', (current) => (number === 2 ? 2 : current));
    }
    expect((await historyOf(store, 'app')).map(brief)).toEqual(['app@10 10', 'app@9 9', 'app@8 8', 'app@2 2']);
    expect(await store.getRevision('app', 7)).toBeUndefined();
    expect(await changesBehind(store, 0)).toHaveLength(10);
    await store.changeTag('app', 'two', () => undefined);
    expect(await store.getRevision('app', 2)).toBeUndefined();
  });

  const action = fc.oneof(
    fc.record({ kind: fc.constant('put'), name: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constant('delete'), name: fc.constantFrom('a', 'b', 'c') }),
    fc.record({
      kind: fc.constant('tag'),
      name: fc.constantFrom('a', 'b', 'c'),
      tag: fc.constantFrom('x', 'y'),
      back: fc.nat({ max: 3 }),
    }),
  );

  it('keeps what the limits and the tags say, and not one change more', async () => {
    const limits = { maxRevisions: 3, maxChanges: 6 };
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 60 }), async (actions) => {
        const store = await open(limits);
        const begin = await store.lastPosition();
        for (const each of actions) {
          if ('tag' in each) {
            const [newest] = await store.listRevisions(each.name, { before: undefined, limit: 1 });
            const revision = (newest?.revision ?? 0) - each.back;
            const found = await store.getRevision(each.name, revision);
            await store.changeTag(each.name, each.tag, () => found && revision);
          } else {
            await store.change(each.name, each.kind === 'put' ? put(each.name) : remove, ORIGIN);
          }
        }
        const last = await store.lastPosition();
        const expected = new Set(
          Array.from({ length: last }, (_, index) => index + 1).filter(
            (position) => position > last - limits.maxChanges,
          ),
        );
        for (const name of ['a', 'b', 'c']) {
          for (const { position } of await historyOf(store, name)) {
            expected.add(position);
          }
        }
        expect(last).toBeGreaterThanOrEqual(begin);
        expect(await storedPositions()).toEqual([...expected].sort((a, b) => a - b));
        expect((await marks()).filter((position) => position <= last - limits.maxChanges)).toEqual([]);
        const standing = (await store.list({ after: '', limit: 10 })).map(({ name }) => name);
        expect((await tombstones()).filter((name) => standing.includes(name))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('lets go of what a build that marked no changes has retired', async () => {
    const limits = { maxRevisions: 2, maxChanges: 10 };
    const changeAll = async (store: AppImageStore): Promise<void> => {
      for (const number of numbersUpTo(12)) {
        const name = number % 3 === 0 ? 'rare' : 'frequent';
        await store.change(name, put(name), ORIGIN);
      }
    };
    await changeAll(await open(limits));
    expect(await marks()).toEqual([3, 4, 5, 6, 7, 8]);
    await forgetMarks();
    expect(await marks()).toEqual([]);
    await changeAll(await open(limits));
    expect(await storedPositions()).toEqual(numbersUpTo(24).slice(14));
    await changeAll(await open(limits));
    expect(await storedPositions()).toEqual(numbersUpTo(36).slice(26));
  });

  it('catches up with limits that were lowered', async () => {
    const generous = await open({ maxRevisions: 50, maxChanges: 100 });
    for (const number of numbersUpTo(90)) {
      await generous.change(number % 2 === 0 ? 'even' : 'odd', put(number % 2 === 0 ? 'even' : 'odd'), ORIGIN);
    }
    const mean = await open({ maxRevisions: 2, maxChanges: 5 });
    expect((await historyOf(mean, 'odd')).map(({ revision }) => revision)).toEqual([45, 44]);
    for (const number of numbersUpTo(60)) {
      await mean.change(number % 2 === 0 ? 'even' : 'odd', put(number % 2 === 0 ? 'even' : 'odd'), ORIGIN);
    }
    expect(await storedPositions()).toEqual([146, 147, 148, 149, 150]);
  });

  it('does not make up what is gone when limits were raised', async () => {
    const mean = await open({ maxRevisions: 2, maxChanges: 5 });
    for (const number of numbersUpTo(20)) {
      await mean.change('app', put('app', String(number)), ORIGIN);
    }
    const generous = await open({ maxRevisions: 100, maxChanges: 100 });
    await expect(generous.readChanges({ after: 14, limit: 1 })).rejects.toMatchObject({ earliest: 15 });
    await expect(generous.readChanges({ after: 0, limit: 1 })).rejects.toBeInstanceOf(HistoryExpiredError);
    expect((await changesBehind(generous, 15)).map(({ position }) => position)).toEqual([16, 17, 18, 19, 20]);
    for (const number of numbersUpTo(5)) {
      await generous.change('app', put('app', String(20 + number)), ORIGIN);
    }
    expect((await historyOf(generous, 'app')).map(({ revision }) => revision)).toEqual([25, 24, 23, 22, 21, 20, 19]);
    expect(await changesBehind(generous, 15)).toHaveLength(10);
  });

  it('reports a damaged change as a fault that names it, and goes on with everything else', async () => {
    const store = await open({ maxRevisions: 2, maxChanges: 3 });
    await store.change('app', put('app', 'first'), ORIGIN);
    await store.change('app', put('app', 'second'), ORIGIN);
    await behind((root) => {
      root.openDB<Buffer, number>({ name: 'changes', encoding: 'binary' }).putSync(1, Buffer.from([1, 1, 0]));
    });
    await expect(store.readChanges({ after: 0, limit: 10 })).rejects.toThrow(/change 1 is cut short/);
    await expect(store.getRevision('app', 1)).rejects.toBeInstanceOf(StoreFaultError);
    expect((await store.readChanges({ after: 1, limit: 10 })).map(brief)).toEqual(['app@2 second']);
    for (const number of numbersUpTo(10)) {
      await store.change('other', put('other', String(number)), ORIGIN);
    }
    expect((await changesBehind(store, 9)).map(brief)).toEqual(['other@8 8', 'other@9 9', 'other@10 10']);
    expect((await store.get('app'))?.revision).toBe(2);
  });

  it('writes nothing of a change that must know tags which are damaged', async () => {
    const store = await open({ maxRevisions: 1, maxChanges: 1 });
    await store.change('app', put('app', '1'), ORIGIN);
    await store.change('other', put('other', '2'), ORIGIN);
    await store.change('other', put('other', '3'), ORIGIN);
    await behind((root) => {
      root.openDB<Buffer, string>({ name: 'tags', encoding: 'binary' }).putSync('app', Buffer.from('[['));
    });
    await expect(store.change('app', put('app', '4'), ORIGIN)).rejects.toThrow(/tags of template "app" are damaged/);
    expect(await store.lastPosition()).toBe(3);
    expect((await store.get('app'))?.revision).toBe(1);
    await store.change('other', put('other', '4'), ORIGIN);
    expect((await changesBehind(store, 3)).map(brief)).toEqual(['other@3 4']);
  });

  it('refuses to write over a change, or before the last one', async () => {
    const environment = await openEnvironment(path);
    const log = new ChangeLog(environment);
    environment.root.transactionSync(() => log.append(5, Buffer.from('last')));
    for (const position of [5, 4]) {
      expect(() => environment.root.transactionSync(() => log.append(position, Buffer.from('again')))).toThrow(
        StoreFaultError,
      );
    }
    expect(log.record(5)?.toString()).toBe('last');
    expect([log.record(4), log.last()]).toEqual([undefined, 5]);
    await environment.root.close();
  });

  it('knows the newest change, whoever wrote it and whatever was removed or given up since', async () => {
    const environment = await openEnvironment(path);
    const { root } = environment;
    const [mine, others] = [new ChangeLog(environment), new ChangeLog(environment)];
    const lasts = (): number[] => [mine.last(), others.last()];
    const append = (log: ChangeLog, ...positions: readonly number[]): void => {
      root.transactionSync(() => {
        for (const position of positions) {
          log.append(position, Buffer.from(String(position)));
        }
      });
    };
    expect(lasts()).toEqual([0, 0]);
    append(mine, 1, 2);
    expect(lasts()).toEqual([2, 2]);
    append(others, 3, 4, 5);
    expect(lasts()).toEqual([5, 5]);
    root.transactionSync(() => {
      mine.append(6, Buffer.from('given up'));
      return ABORT;
    });
    expect(lasts()).toEqual([5, 5]);
    append(others, 6, 7, 8, 9);
    root.transactionSync(() => {
      others.setFloor(8);
      for (const position of [6, 7, 8]) {
        others.remove(position);
      }
    });
    // Where 5 was the last one, 6 is missing again, and yet 5 is not the last one any more.
    expect(lasts()).toEqual([9, 9]);
    await root.close();
  });

  it('takes limits from 1 on, and says which one is wrong', async () => {
    for (const [limit, value] of [
      ['maxRevisions', 0],
      ['maxRevisions', 10_001],
      ['maxRevisions', 1.5],
      ['maxChanges', 0],
      ['maxChanges', Number.NaN],
    ] as const) {
      await expect(open({ maxRevisions: 100, maxChanges: 1000, [limit]: value })).rejects.toThrow(
        `${limit} is ${value}; an LMDB store takes a whole number from 1 to`,
      );
    }
  });

  it('is not looked for in a store of the format before it', async () => {
    await behind((root) => root.putSync('format', Buffer.from('appimage store 1')));
    await expect(open({ maxRevisions: 100, maxChanges: 1000 })).rejects.toThrow(
      `cannot open the store in ${path}: it is of format 1 and this build reads format 2; run the build that wrote it, or choose another folder`,
    );
  });
});
