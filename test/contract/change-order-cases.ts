import { describe, expect, vi } from 'vitest';
import type { AppImageStore, Decide } from '../../src/domain/app-image/app-image-store.js';
import type { Revision } from '../../src/domain/app-image/revision.js';
import { ORIGIN } from '../support/stub-store.js';
import type { Promises } from './contract-case.js';
import { brief, changesBehind, expectContent, keep, named, numbersUpTo, put, remove } from './contract-templates.js';

/** The one order of all changes: `readChanges`, `lastPosition`, `listedThrough`, `onChange`. */
export function changeOrderCases(promises: Promises): void {
  describe('lastPosition', () => {
    promises('is 0 in an empty store, and else that of the newest change', async ({ store, second }) => {
      expect(await store.lastPosition()).toBe(0);
      const other = await second();
      expect(await other.lastPosition()).toBe(0);
      for (const decide of [put('app'), put('app'), remove]) {
        await store.change('app', decide, ORIGIN);
        const [newest] = await store.listRevisions('app', { before: undefined, limit: 1 });
        expect(await store.lastPosition()).toBe(newest?.position);
        expect(await other.lastPosition()).toBe(newest?.position);
      }
    });

    promises('is at or behind every change that any store has acknowledged', async ({ store, second }) => {
      const other = await second();
      for (const number of numbersUpTo(10)) {
        const [writer, reader] = number % 2 === 0 ? [store, other] : [other, store];
        const position = await reader.lastPosition();
        const stored = await writer.change(`app-${number}`, put(`app-${number}`), ORIGIN);
        expect(stored?.position).toBeGreaterThan(position);
        expect(await reader.lastPosition()).toBeGreaterThanOrEqual(stored?.position ?? Infinity);
      }
    });
  });

  describe('listedThrough', () => {
    promises('has been reached by lists that begin later, while two stores write', async ({ store, second }) => {
      const [other, reader] = await Promise.all([second(), second()]);
      expect(await reader.listedThrough()).toBe(0);
      let isDone = false;
      const writing = Promise.all(
        [store, other].map(async (writer, index) => {
          for (const number of numbersUpTo(40)) {
            const name = `app-${index}-${number}`;
            await writer.change(name, put(name), ORIGIN);
          }
        }),
      ).finally(() => {
        isDone = true;
      });
      for (let wasDone = false; !wasDone; ) {
        wasDone = isDone;
        const through = await reader.listedThrough();
        const listed = await reader.list({ after: '', limit: 100 });
        const reached = (await changesBehind(reader, 0)).filter(({ position }) => position <= through);
        expect(reached.length).toBe(through);
        expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(reached.map(({ name }) => name)));
        await new Promise(setImmediate);
      }
      await writing;
      // Also where a store leaves it to others to find out what is listed.
      await vi.waitFor(async () => expect(await reader.listedThrough()).toBe(await reader.lastPosition()), {
        timeout: 20_000,
        interval: 100,
      });
    });
  });

  describe('readChanges', () => {
    promises(
      'answers all changes of all templates, deletes included, in the order they were made',
      async ({ store }) => {
        for (const [name, decide] of [
          ['b', put('b', 'first')],
          ['a', put('a', 'first')],
          ['b', put('b', 'second')],
          ['a', keep],
          ['a', remove],
          ['a', put('a', 'third')],
        ] as const) {
          await store.change(name, decide, ORIGIN);
        }
        const changes = await store.readChanges({ after: 0, limit: 100 });
        expect(changes.map(brief)).toEqual(['b@1 first', 'a@1 first', 'b@2 second', 'a@2 deleted', 'a@3 third']);
        expectAscending(changes);
        expectContent(changes[2]?.content, named('b', 'second'));
        expect(changes.at(-1)?.position).toBe(await store.lastPosition());
        for (const change of changes) {
          const same = await store.getRevision(change.name, change.revision);
          expect([same?.position, same?.timeMs, same?.contentHash]).toEqual([
            change.position,
            change.timeMs,
            change.contentHash,
          ]);
        }
      },
    );

    promises('begins behind a position, and holds no more than the limit', async ({ store }) => {
      for (const number of numbersUpTo(6)) {
        await store.change('app', put('app', String(number)), ORIGIN);
      }
      const positions = (await store.readChanges({ after: 0, limit: 6 })).map(({ position }) => position);
      for (const [index, after] of positions.entries()) {
        const behind = await store.readChanges({ after, limit: 2 });
        expect(behind.map(({ position }) => position)).toEqual(positions.slice(index + 1, index + 3));
      }
      expect(await store.readChanges({ after: (positions.at(-1) ?? 0) + 1000, limit: 1 })).toEqual([]);
    });

    promises('keeps who made a change, how and why', async ({ store }) => {
      const origin = { method: 'Apply', tokenName: 'ci', certificateSubject: 'CN=ci', message: '为什么' };
      await store.change('app', put('app'), origin);
      await store.change('app', remove, { ...origin, message: 'no longer used' });
      expect((await store.readChanges({ after: 0, limit: 2 })).map((change) => change.origin)).toEqual([
        origin,
        { ...origin, message: 'no longer used' },
      ]);
    });

    promises(
      'has every change when it is acknowledged, in the order of acknowledgements',
      async ({ store, second }) => {
        const other = await second();
        const made: string[] = [];
        for (const number of numbersUpTo(12)) {
          const [writer, reader] = number % 2 === 0 ? [store, other] : [other, store];
          const name = `app-${number % 3}`;
          const stored = await writer.change(name, put(name, String(number)), ORIGIN);
          made.push(`${name}@${stored?.revision} ${number}`);
          expect((await changesBehind(reader, 0)).map(brief)).toEqual(made);
        }
      },
    );

    promises(
      'shows readers every change once and in one order while four writers on two stores write',
      async ({ store, second }) => {
        const [other, ...watched] = await Promise.all([second(), second(), second(), second()]);
        const limits = [1, 7, 1000];
        const changesPerWriter = 30;
        const writing = Promise.all(
          [store, store, other, other].map((each, writer) => writeChanges(each, writer, changesPerWriter)),
        );
        let isDone = false;
        const watching = watched.map((each, index) => follow(each, limits[index] ?? 1, () => isDone));
        const acknowledged = (await writing).flat();
        isDone = true;
        const readers = await Promise.all(watching);
        for (const seen of readers) {
          expectAscending(seen);
          expectRevisionsInSequence(seen);
          expect(seen.map(brief)).toEqual(readers[0]?.map(brief));
        }
        expect(readers[0]?.map(({ name, revision }) => `${name}@${revision}`).sort()).toEqual(acknowledged.sort());
      },
    );
  });

  describe('onChange', () => {
    promises('calls back when a change can be read, until it is ended', async ({ store }) => {
      const first = vi.fn<() => void>();
      const read: Promise<readonly Revision[]>[] = [];
      const endFirst = store.onChange(first);
      const endSecond = store.onChange(() => read.push(store.readChanges({ after: 0, limit: 10 })));
      await store.change('app', put('app', 'first'), ORIGIN);
      await vi.waitUntil(() => first.mock.calls.length > 0 && read.length > 0);
      expect((await read[0])?.map(brief)).toEqual(['app@1 first']);

      endFirst();
      const calls = first.mock.calls.length;
      const reads = read.length;
      await store.change('app', remove, ORIGIN);
      await vi.waitUntil(() => read.length > reads);
      expect((await read.at(-1))?.map(brief)).toEqual(['app@1 first', 'app@2 deleted']);
      expect(first).toHaveBeenCalledTimes(calls);
      endSecond();
    });

    promises('counts a listener that is given twice twice', async ({ store }) => {
      const listener = vi.fn<() => void>();
      const end = store.onChange(listener);
      store.onChange(listener);
      end();
      end();
      await store.change('app', put('app'), ORIGIN);
      await vi.waitUntil(() => listener.mock.calls.length > 0);
      expect(listener).toHaveBeenCalled();
    });
  });
}

/** Changes names that others change as well, every fourth change a delete. Returns what was acknowledged, as `name@revision`. */
async function writeChanges(store: AppImageStore, writer: number, count: number): Promise<string[]> {
  const acknowledged: string[] = [];
  for (const number of numbersUpTo(count)) {
    const name = `app-${(writer + number) % 3}`;
    let made = '';
    const decide: Decide = (current) => {
      const isDelete = number % 4 === 0 && current !== undefined;
      made = isDelete ? `${name}@${current.revision + 1}` : '';
      return isDelete ? { kind: 'delete' } : put(name, `${writer}.${number}`)(current);
    };
    const stored = await store.change(name, decide, ORIGIN);
    acknowledged.push(stored === undefined ? made : `${name}@${stored.revision}`);
  }
  return acknowledged;
}

/** Reads changes as a watcher does, always behind the last one, until the writers are done and nothing is left. */
async function follow(store: AppImageStore, limit: number, isDone: () => boolean): Promise<Revision[]> {
  const seen: Revision[] = [];
  for (;;) {
    const wasDone = isDone();
    const page = await store.readChanges({ after: seen.at(-1)?.position ?? 0, limit });
    seen.push(...page);
    if (page.length === 0) {
      if (wasDone) {
        return seen;
      }
      await new Promise(setImmediate);
    }
  }
}

function expectAscending(changes: readonly Revision[]): void {
  const positions = changes.map(({ position }) => position);
  expect(
    positions.every((position, index) => Number.isSafeInteger(position) && position > (positions[index - 1] ?? 0)),
  ).toBe(true);
}

function expectRevisionsInSequence(changes: readonly Revision[]): void {
  for (const name of new Set(changes.map((change) => change.name))) {
    const revisions = changes.filter((change) => change.name === name).map(({ revision }) => revision);
    expect(revisions).toEqual(numbersUpTo(revisions.length));
  }
}
