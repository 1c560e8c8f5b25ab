import { describe, expect } from 'vitest';
import { type Decide, StoreFaultError } from '../../src/domain/app-image/app-image-store.js';
import { ORIGIN } from '../support/stub-store.js';
import type { Promises } from './contract-case.js';
import {
  byNumber,
  countUp,
  expectContent,
  keep,
  named,
  numbersUpTo,
  put,
  remove,
  type Summary,
  summary,
  UNANSWERABLE_NAMES,
} from './contract-templates.js';

/** How templates are changed: `change`. */
export function changeCases(promises: Promises): void {
  describe('change', () => {
    promises('shows the decision what stands: nothing, a revision, nothing again', async ({ store }) => {
      const shown: (Summary | undefined)[] = [];
      const observe =
        (decide: Decide): Decide =>
        (current) => {
          shown.push(summary(current));
          return decide(current);
        };
      await store.change('app', observe(put('app', 'first')), ORIGIN);
      await store.change('app', observe(remove), ORIGIN);
      await store.change('app', observe(keep), ORIGIN);
      expect(shown).toEqual([undefined, { name: 'app', revision: 1, tag: 'first' }, undefined]);
    });

    promises('returns the stored revision after a put', async ({ store }) => {
      const returned = await store.change('app', put('app', 'first'), ORIGIN);
      expect(summary(returned)).toEqual({ name: 'app', revision: 1, tag: 'first' });
      expectContent(returned, named('app', 'first'));
    });

    promises('returns what stands after a keep, and writes nothing', async ({ store }) => {
      expect(await store.change('app', keep, ORIGIN)).toBeUndefined();
      expect(await store.get('app')).toBeUndefined();
      await store.change('app', put('app', 'first'), ORIGIN);
      expect(summary(await store.change('app', keep, ORIGIN))).toEqual({ name: 'app', revision: 1, tag: 'first' });
      expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
    });

    promises('returns undefined after a delete, and the template is gone from every read', async ({ store, names }) => {
      await store.change('app', put('app'), ORIGIN);
      expect(await store.change('app', remove, ORIGIN)).toBeUndefined();
      expect(await store.get('app')).toBeUndefined();
      expect(await store.getMany(['app'])).toEqual([undefined]);
      expect(await names()).toEqual([]);
    });

    promises(
      'numbers the revisions of a name 1, 2, 3 and goes on behind a delete, which takes a number as well',
      async ({ store }) => {
        const revisions: (number | undefined)[] = [];
        for (const decide of [put('app'), put('app'), remove, put('app'), remove, put('app'), put('app')]) {
          revisions.push((await store.change('app', decide, ORIGIN))?.revision);
        }
        expect(revisions).toEqual([1, 2, undefined, 4, undefined, 6, 7]);
        expect((await store.change('other', put('other'), ORIGIN))?.revision).toBe(1);
      },
    );

    promises('takes no number for a delete of nothing', async ({ store }) => {
      await store.change('app', remove, ORIGIN);
      expect((await store.change('app', put('app'), ORIGIN))?.revision).toBe(1);
      await store.change('app', remove, ORIGIN);
      await store.change('app', remove, ORIGIN);
      expect((await store.change('app', put('app'), ORIGIN))?.revision).toBe(3);
    });

    promises('rejects with the very error that the decision throws, and writes nothing', async ({ store, names }) => {
      await store.change('app', put('app', 'first'), ORIGIN);
      const error = new Error('decided otherwise');
      for (const each of ['app', 'missing', '']) {
        await expect(
          store.change(
            each,
            () => {
              throw error;
            },
            ORIGIN,
          ),
        ).rejects.toBe(error);
      }
      expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
      expect(await names()).toEqual(['app']);
    });

    promises('refuses a put that changes the name, and writes nothing', async ({ store, names }) => {
      await store.change('app', put('app', 'first'), ORIGIN);
      await expect(store.change('app', put('other'), ORIGIN)).rejects.toBeInstanceOf(StoreFaultError);
      await expect(store.change('missing', put('app'), ORIGIN)).rejects.toBeInstanceOf(StoreFaultError);
      expect(await names()).toEqual(['app']);
      expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
    });

    promises('finds nothing under a name that no template can have', async ({ store, names }) => {
      for (const question of UNANSWERABLE_NAMES) {
        const shown: unknown[] = [];
        const decide: Decide = (current) => {
          shown.push(current);
          return { kind: 'delete' };
        };
        expect(await store.change(question, decide, ORIGIN)).toBeUndefined();
        expect(shown.at(-1)).toBeUndefined();
        expect(shown).not.toHaveLength(0);
      }
      expect(await names()).toEqual([]);
    });

    promises('makes changes of one name one upon the other', async ({ store }) => {
      const count = 50;
      await Promise.all(Array.from({ length: count }, () => store.change('app', countUp('app'), ORIGIN)));
      expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: count, tag: String(count) });
    });

    promises('loses no change that two stores make at once', async ({ store, second }) => {
      const other = await second();
      const each = 25;
      const returned = await Promise.all(
        [store, other].flatMap((one) => Array.from({ length: each }, () => one.change('app', countUp('app'), ORIGIN))),
      );
      expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 2 * each, tag: String(2 * each) });
      expect(returned.map((stored) => stored?.revision ?? 0).sort(byNumber)).toEqual(numbersUpTo(2 * each));
      expect(returned.every((stored) => stored?.appImage.image?.tag === String(stored?.revision))).toBe(true);
    });

    promises('lets exactly one of several creates at once win', async ({ store, second }) => {
      const other = await second();
      const create =
        (tag: string): Decide =>
        (current) => {
          if (current !== undefined) {
            throw new Error('exists');
          }
          return { kind: 'put', appImage: named('app', tag) };
        };
      const outcomes = await Promise.allSettled(
        numbersUpTo(10).map((number) =>
          (number % 2 === 0 ? store : other).change('app', create(String(number)), ORIGIN),
        ),
      );
      const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      expect(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []))).toEqual(
        Array.from({ length: 9 }, () => 'Error: exists'),
      );
      expect(summary(await store.get('app'))).toEqual(summary(winners[0]?.value));
    });

    promises('uses no revision twice while two stores create and delete at once', async ({ store, second }) => {
      const other = await second();
      const toggle: Decide = (current) => (current === undefined ? put('app')(current) : { kind: 'delete' });
      const count = 30;
      const returned = await Promise.all(
        numbersUpTo(count).map((number) => (number % 2 === 0 ? store : other).change('app', toggle, ORIGIN)),
      );
      const revisions = returned.flatMap((stored) => (stored === undefined ? [] : [stored.revision])).sort(byNumber);
      expect(revisions).toEqual(numbersUpTo(count).filter((number) => number % 2 === 1));
    });

    promises('keeps the changes of others when one that runs with them is refused', async ({ store, names }) => {
      const outcomes = await Promise.allSettled(
        numbersUpTo(20).map((number) =>
          number % 2 === 0
            ? store.change(`app-${number}`, put(`app-${number}`), ORIGIN)
            : store.change(
                `app-${number}`,
                () => {
                  throw new Error('refused');
                },
                ORIGIN,
              ),
        ),
      );
      expect(outcomes.map((outcome) => outcome.status === 'fulfilled')).toEqual(
        numbersUpTo(20).map((number) => number % 2 === 0),
      );
      expect(await names()).toHaveLength(10);
    });

    promises('is seen by every store as soon as it resolves', async ({ store, second }) => {
      const other = await second();
      for (const revision of numbersUpTo(20)) {
        const [writer, reader] = revision % 2 === 0 ? [store, other] : [other, store];
        await reader.get('app');
        await writer.change('app', countUp('app'), ORIGIN);
        const [single, [batched], [listed]] = await Promise.all([
          reader.get('app'),
          reader.getMany(['app']),
          reader.list({ after: '', limit: 1 }),
        ]);
        expect([single, batched, listed].map((stored) => stored?.revision)).toEqual([revision, revision, revision]);
      }
    });

    promises(
      'is still there, with the numbers of deleted templates, after the store was closed',
      async ({ store, second }) => {
        await store.change('app', put('app', 'first'), ORIGIN);
        await store.change('deleted', put('deleted'), ORIGIN);
        await store.change('deleted', remove, ORIGIN);
        await store[Symbol.asyncDispose]();
        const reopened = await second();
        expect(summary(await reopened.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
        expect((await reopened.change('deleted', put('deleted'), ORIGIN))?.revision).toBe(3);
      },
    );
  });
}
