import { describe, expect } from 'vitest';
import type { AppImageStore } from '../../src/domain/app-image/app-image-store.js';
import { HistoryExpiredError, type Revision, RevisionMissingError } from '../../src/domain/app-image/revision.js';
import { ORIGIN } from '../support/stub-store.js';
import type { Promises } from './contract-case.js';
import { brief, changesBehind, countUp, historyOf, numbersUpTo, put, remove } from './contract-templates.js';

/** What is kept of a history that grows without end. */
export function historyLimitCases(promises: Promises): void {
  describe('the newest revisions of a name', () => {
    promises(
      'are kept, however many changes others make',
      async ({ store }) => {
        for (const tag of ['first', 'second', 'third']) {
          await store.change('quiet', put('quiet', tag), ORIGIN);
        }
        await store.change('deleted', put('deleted', 'first'), ORIGIN);
        await store.change('deleted', remove, ORIGIN);
        await makeChanges(store, 40);
        expect((await historyOf(store, 'quiet')).slice(0, 3).map(brief)).toEqual([
          'quiet@3 third',
          'quiet@2 second',
          'quiet@1 first',
        ]);
        expect((await historyOf(store, 'deleted')).map(brief)).toEqual(['deleted@2 deleted', 'deleted@1 first']);
        const stored = await store.get('quiet');
        expect((await store.getRevision('quiet', 3))?.position).toBe(stored?.position);
        expect((await store.change('deleted', put('deleted'), ORIGIN))?.revision).toBe(3);
        expect((await store.change('quiet', put('quiet'), ORIGIN))?.revision).toBe(4);
      },
      { maxRevisions: 3, maxChanges: 5 },
    );

    promises(
      'are kept while it is changed, and older ones go one day',
      async ({ store }) => {
        for (const number of numbersUpTo(60)) {
          await store.change('app', number % 7 === 0 ? remove : put('app', String(number)), ORIGIN);
          const newest = (await historyOf(store, 'app')).map(({ revision }) => revision).slice(0, 4);
          expect(newest).toEqual(numbersUpTo(number).toReversed().slice(0, 4));
        }
        expect(await store.getRevision('app', 1)).toBeUndefined();
        expect((await historyOf(store, 'app')).length).toBeLessThan(60);
        await expect(store.changeTag('app', 'first', () => 1)).rejects.toBeInstanceOf(RevisionMissingError);
      },
      { maxRevisions: 4, maxChanges: 5 },
    );

    promises(
      'are kept when two stores write at once',
      async ({ store, second }) => {
        const other = await second();
        const each = 25;
        await Promise.all(
          [store, other].flatMap((one) =>
            Array.from({ length: each }, () => one.change('app', countUp('app'), ORIGIN)),
          ),
        );
        expect((await historyOf(store, 'app')).slice(0, 3).map(brief)).toEqual(
          [50, 49, 48].map((number) => `app@${number} ${number}`),
        );
      },
      { maxRevisions: 3, maxChanges: 5 },
    );

    promises(
      'are numbered on, however much is forgotten',
      async ({ store }) => {
        await store.change('app', put('app'), ORIGIN);
        await store.change('app', remove, ORIGIN);
        await makeChanges(store, 30);
        expect((await store.change('app', put('app'), ORIGIN))?.revision).toBe(3);
        expect((await store.getRevision('app', 3))?.revision).toBe(3);
      },
      { maxRevisions: 1, maxChanges: 1 },
    );
  });

  describe('a tagged revision', () => {
    promises(
      'is kept for good, with its content and all that is known of it',
      async ({ store, second }) => {
        const origin = { method: 'Apply', tokenName: 'ci', certificateSubject: 'CN=ci', message: 'release' };
        await store.change('app', put('app', 'first'), origin);
        await store.change('app', put('app', 'second'), ORIGIN);
        const before = await store.getRevision('app', 1);
        await store.changeTag('app', 'v1', () => 1);
        await store.changeTag('app', 'also', () => 1);
        await makeChanges(store, 30);
        await makeChanges(store, 30, 'app');
        await store.change('app', remove, ORIGIN);
        for (const reader of [store, await second()]) {
          const kept = await reader.getRevision('app', 1);
          expect(kept && brief(kept)).toBe('app@1 first');
          expect(kept).toMatchObject({
            position: before?.position,
            timeMs: before?.timeMs,
            origin,
            tags: ['also', 'v1'],
          });
          expect(kept?.contentHash).toBe(before?.contentHash);
          const history = await historyOf(reader, 'app', 1);
          expect(history.map(({ revision }) => revision).slice(0, 2)).toEqual([33, 32]);
          expect(history.at(-1)).toMatchObject({ revision: 1, tags: ['also', 'v1'] });
        }
      },
      { maxRevisions: 2, maxChanges: 5 },
    );

    promises(
      'is kept by its last tag alone, and may go when that is taken away',
      async ({ store }) => {
        await store.change('app', put('app', 'first'), ORIGIN);
        await store.changeTag('app', 'a', () => 1);
        await store.changeTag('app', 'b', () => 1);
        await makeChanges(store, 20, 'app');
        await store.changeTag('app', 'a', () => 21);
        expect((await store.getRevision('app', 1))?.tags).toEqual(['b']);
        await store.changeTag('app', 'b', () => undefined);
        await makeChanges(store, 20, 'app');
        expect(await store.getRevision('app', 1)).toBeUndefined();
        expect((await store.getRevision('app', 21))?.tags).toEqual(['a']);
        expect((await historyOf(store, 'app')).at(-1)?.revision).toBe(21);
      },
      { maxRevisions: 2, maxChanges: 5 },
    );

    promises(
      'comes back to where it was, when it is read in pages across what is forgotten',
      async ({ store }) => {
        for (const number of numbersUpTo(30)) {
          await store.change('app', put('app', String(number)), ORIGIN);
          if (number % 5 === 0) {
            await store.changeTag('app', `v${number}`, () => number);
          }
        }
        for (const limit of [1, 2, 100]) {
          const history = await historyOf(store, 'app', limit);
          expect(history.filter(({ tags }) => tags.length > 0).map(({ tags }) => tags)).toEqual(
            [30, 25, 20, 15, 10, 5].map((number) => [`v${number}`]),
          );
          expect(history.slice(0, 2).map(({ revision }) => revision)).toEqual([30, 29]);
        }
      },
      { maxRevisions: 2, maxChanges: 3 },
    );
  });

  describe('the newest changes', () => {
    promises(
      'can be read, and who is further back is told so, and from where there is no gap',
      async ({ store, second }) => {
        await makeChanges(store, 50);
        const last = await store.lastPosition();
        for (const reader of [store, await second()]) {
          const error = await expired(reader, 0);
          expect(error.earliest).toBeGreaterThan(0);
          expect(error.earliest).toBeLessThan(last);
          const changes = await changesBehind(reader, error.earliest, 3);
          expect(changes.length).toBeGreaterThanOrEqual(10);
          expect(changes.map(brief)).toEqual(
            numbersUpTo(50)
              .slice(-changes.length)
              .map((number) => `noise@${number} ${number}`),
          );
          expect(changes.at(-1)?.position).toBe(last);
          expect((await expired(reader, error.earliest - 1)).earliest).toBe(error.earliest);
        }
      },
      { maxRevisions: 100, maxChanges: 10 },
    );

    promises(
      'are all there before there are more than are kept',
      async ({ store }) => {
        await makeChanges(store, 10);
        expect(await changesBehind(store, 0)).toHaveLength(10);
      },
      { maxRevisions: 1, maxChanges: 10 },
    );

    promises(
      'are never read with a gap, while two stores write and forget',
      async (subject) => {
        const stores = [subject.store, await subject.second()];
        const reader = await subject.second();
        const progress = { isWriting: true };
        const written = Promise.all(
          stores.map(async (store) => {
            for (const _ of numbersUpTo(40)) {
              await store.change('app', countUp('app'), ORIGIN);
            }
          }),
        ).finally(() => {
          progress.isWriting = false;
        });
        // All changes are of one name, so that their revisions count them. Every other read comes from far behind.
        let after = 0;
        let next: number | undefined = 1;
        while (progress.isWriting || next !== 81) {
          await new Promise(setImmediate);
          const fromStart = await readOrJump(reader, 0);
          if (!(fromStart instanceof HistoryExpiredError)) {
            expect(fromStart.map(({ revision }) => revision)).toEqual(numbersUpTo(fromStart.length));
          }
          const page = await readOrJump(reader, after);
          if (page instanceof HistoryExpiredError) {
            expect(page.earliest).toBeGreaterThan(after);
            after = page.earliest;
            next = undefined;
          } else if (page[0] !== undefined) {
            const first: number = next ?? page[0].revision;
            expect(page.map(({ revision }) => revision)).toEqual(page.map((_, index) => first + index));
            next = first + page.length;
            after = page.at(-1)?.position ?? after;
          }
        }
        await written;
        await expect(reader.readChanges({ after: 0, limit: 1 })).rejects.toBeInstanceOf(HistoryExpiredError);
      },
      { maxRevisions: 3, maxChanges: 8 },
    );
  });
}

async function makeChanges(store: AppImageStore, count: number, name = 'noise'): Promise<void> {
  for (const number of numbersUpTo(count)) {
    await store.change(name, put(name, String(number)), ORIGIN);
  }
}

async function readOrJump(store: AppImageStore, after: number): Promise<readonly Revision[] | HistoryExpiredError> {
  try {
    return await store.readChanges({ after, limit: 3 });
  } catch (error) {
    if (error instanceof HistoryExpiredError) {
      return error;
    }
    throw error;
  }
}

async function expired(store: AppImageStore, after: number): Promise<HistoryExpiredError> {
  const answer = await readOrJump(store, after);
  if (answer instanceof HistoryExpiredError) {
    return answer;
  }
  throw new Error(`changes behind ${after} were to be expired, but ${answer.length} were read`);
}
