import { describe, expect } from 'vitest';
import type { AppImageStore } from '../../src/domain/app-image/app-image-store.js';
import { RevisionMissingError } from '../../src/domain/app-image/revision.js';
import { ORIGIN } from '../support/stub-store.js';
import type { Promises } from './contract-case.js';
import { byNumber, changesBehind, historyOf, numbersUpTo, put, remove } from './contract-templates.js';

/** Names for revisions: `getTag`, `changeTag`, and the tags of a revision. */
export function tagCases(promises: Promises): void {
  describe('a tag', () => {
    promises('that nobody set points nowhere', async ({ store }) => {
      await store.change('app', put('app'), ORIGIN);
      await store.change('other', put('other'), ORIGIN);
      await store.changeTag('app', 'stable', () => 1);
      expect(await store.getTag('app', 'stabl')).toBeUndefined();
      expect(await store.getTag('app', 'stable1')).toBeUndefined();
      expect(await store.getTag('ap', 'stable')).toBeUndefined();
      expect(await store.getTag('other', 'stable')).toBeUndefined();
      expect(await store.getTag('missing', 'stable')).toBeUndefined();
    });

    promises(
      'is set, moved, kept and removed by decisions that are shown where it points',
      async ({ store, second }) => {
        const other = await second();
        await putRevisions(store, 'app', 3);
        const shown: (number | undefined)[] = [];
        for (const next of [1, 3, 3, 2, undefined, undefined, 2]) {
          const returned = await store.changeTag('app', 'stable', (current) => {
            shown.push(current);
            return next;
          });
          expect(returned).toBe(next);
          expect(await store.getTag('app', 'stable')).toBe(next);
          expect(await other.getTag('app', 'stable')).toBe(next);
        }
        expect(shown).toEqual([undefined, 1, 3, 3, 2, undefined, undefined]);
      },
    );

    promises('stays as it was when the decision throws, and that error comes through unchanged', async ({ store }) => {
      await putRevisions(store, 'app', 2);
      await store.changeTag('app', 'stable', () => 1);
      const error = new Error('decided otherwise');
      for (const tag of ['stable', 'new']) {
        await expect(
          store.changeTag('app', tag, () => {
            throw error;
          }),
        ).rejects.toBe(error);
      }
      expect(await store.getTag('app', 'stable')).toBe(1);
      expect(await store.getTag('app', 'new')).toBeUndefined();
    });

    promises('cannot point at a revision that does not exist, and stays as it was', async ({ store }) => {
      await putRevisions(store, 'app', 2);
      await store.changeTag('app', 'stable', () => 1);
      for (const [name, tag, revision] of [
        ['app', 'stable', 3],
        ['app', 'new', 3],
        ['app', 'stable', 0],
        ['missing', 'stable', 1],
      ] as const) {
        await expect(store.changeTag(name, tag, () => revision)).rejects.toBeInstanceOf(RevisionMissingError);
      }
      expect(await store.getTag('app', 'stable')).toBe(1);
      expect(await store.getTag('app', 'new')).toBeUndefined();
      expect(await store.getTag('missing', 'stable')).toBeUndefined();
      expect((await historyOf(store, 'app')).map(({ tags }) => tags)).toEqual([[], ['stable']]);
    });

    promises('may point at a delete, and lives on when the template is deleted and made again', async ({ store }) => {
      await store.change('app', put('app', 'first'), ORIGIN);
      await store.changeTag('app', 'stable', () => 1);
      await store.change('app', remove, ORIGIN);
      await store.changeTag('app', 'gone', () => 2);
      expect(await store.getTag('app', 'stable')).toBe(1);
      await store.change('app', put('app', 'third'), ORIGIN);
      expect(await store.getTag('app', 'stable')).toBe(1);
      expect(await store.getTag('app', 'gone')).toBe(2);
      expect((await store.getRevision('app', 1))?.content?.appImage.image?.tag).toBe('first');
      expect((await store.getRevision('app', 2))?.tags).toEqual(['gone']);
    });

    promises(
      'is told with the revision that it points at, sorted, wherever that is read',
      async ({ store, second }) => {
        const other = await second();
        await putRevisions(store, 'app', 3);
        await putRevisions(store, 'other', 3);
        for (const [tag, revision] of [
          ['stable', 2],
          ['a', 2],
          ['v10', 2],
          ['v1', 2],
          ['moved', 2],
          ['removed', 2],
          ['latest', 3],
        ] as const) {
          await store.changeTag('app', tag, () => revision);
        }
        await other.changeTag('app', 'moved', () => 3);
        await other.changeTag('app', 'removed', () => undefined);
        const expected = [[], ['a', 'stable', 'v1', 'v10'], ['latest', 'moved']];
        for (const reader of [store, other]) {
          const single = await Promise.all([1, 2, 3].map((revision) => reader.getRevision('app', revision)));
          expect(single.map((revision) => revision?.tags)).toEqual(expected);
          expect((await historyOf(reader, 'app', 2)).map(({ tags }) => tags)).toEqual(expected.toReversed());
          const changes = await changesBehind(reader, 0);
          expect(changes.map(({ tags }) => tags)).toEqual([...expected, [], [], []]);
        }
      },
    );

    promises('is moved by one decision upon the other, also by two stores at once', async ({ store, second }) => {
      const other = await second();
      const count = 24;
      await putRevisions(store, 'app', count);
      const returned = await Promise.all(
        numbersUpTo(count).map((number) =>
          (number % 2 === 0 ? store : other).changeTag('app', 'stable', (current) => (current ?? 0) + 1),
        ),
      );
      expect(returned.map((revision) => revision ?? 0).sort(byNumber)).toEqual(numbersUpTo(count));
      expect(await store.getTag('app', 'stable')).toBe(count);
      expect((await historyOf(other, 'app')).filter(({ tags }) => tags.length > 0)).toHaveLength(1);
    });

    promises('is won by exactly one of several that expect it where it was', async ({ store, second }) => {
      const other = await second();
      await putRevisions(store, 'app', 9);
      await store.changeTag('app', 'stable', () => 9);
      const outcomes = await Promise.allSettled(
        numbersUpTo(8).map((revision) =>
          (revision % 2 === 0 ? store : other).changeTag('app', 'stable', (current) => {
            if (current !== 9) {
              throw new Error('moved meanwhile');
            }
            return revision;
          }),
        ),
      );
      const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(winners).toHaveLength(1);
      expect(await store.getTag('app', 'stable')).toBe(winners[0]);
    });

    promises('loses none of several that are set at once', async ({ store, second }) => {
      const other = await second();
      await putRevisions(store, 'app', 2);
      const tags = numbersUpTo(20).map((number) => `v${number}`);
      await Promise.all(
        tags.map((tag, index) => (index % 2 === 0 ? store : other).changeTag('app', tag, () => (index % 2) + 1)),
      );
      expect((await historyOf(store, 'app')).map((revision) => revision.tags)).toEqual([
        tags.filter((_, index) => index % 2 === 1).sort(),
        tags.filter((_, index) => index % 2 === 0).sort(),
      ]);
    });

    promises('is no change: it has no position, and makes no revision', async ({ store }) => {
      await putRevisions(store, 'app', 2);
      const last = await store.lastPosition();
      await store.changeTag('app', 'stable', () => 1);
      await store.changeTag('app', 'stable', () => 2);
      await store.changeTag('app', 'stable', () => undefined);
      expect(await store.lastPosition()).toBe(last);
      expect(await store.readChanges({ after: last, limit: 10 })).toEqual([]);
      expect((await store.get('app'))?.revision).toBe(2);
      expect(await historyOf(store, 'app')).toHaveLength(2);
    });

    promises('is still there after the store was closed', async ({ store, second }) => {
      await putRevisions(store, 'app', 2);
      await store.changeTag('app', 'stable', () => 1);
      await store[Symbol.asyncDispose]();
      const reopened = await second();
      expect(await reopened.getTag('app', 'stable')).toBe(1);
      expect((await reopened.getRevision('app', 1))?.tags).toEqual(['stable']);
    });
  });
}

async function putRevisions(store: AppImageStore, name: string, count: number): Promise<void> {
  for (const number of numbersUpTo(count)) {
    await store.change(name, put(name, String(number)), ORIGIN);
  }
}
