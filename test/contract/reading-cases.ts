import * as fc from 'fast-check';
import { describe, expect } from 'vitest';
import type { StoredAppImage } from '../../src/domain/app-image/app-image.js';
import {
  type AppImageStore,
  StoreFaultError,
  StoreUnavailableError,
} from '../../src/domain/app-image/app-image-store.js';
import { AWKWARD_TEXTS, appImageName } from '../support/arbitraries.js';
import { ORIGIN } from '../support/stub-store.js';
import type { Promises } from './contract-case.js';
import { expectContent, named, put, remove, summary, UNANSWERABLE_NAMES } from './contract-templates.js';

/** How templates are read: `get`, `getMany`, `list`. */
export function readingCases(promises: Promises): void {
  describe('get', () => {
    promises('answers undefined where there is no template', async ({ store }) => {
      expect(await store.get('missing')).toBeUndefined();
    });

    promises('answers the newest revision', async ({ store }) => {
      await store.change('app', put('app', 'first'), ORIGIN);
      await store.change('app', put('app', 'second'), ORIGIN);
      expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 2, tag: 'second' });
    });

    promises('takes any string for a question', async ({ store }) => {
      await store.change('app', put('app'), ORIGIN);
      for (const question of UNANSWERABLE_NAMES) {
        expect(await store.get(question)).toBeUndefined();
      }
    });

    promises('tells a name from another that it begins with', async ({ store }) => {
      await store.change('abc', put('abc'), ORIGIN);
      expect(await store.get('ab')).toBeUndefined();
      expect(await store.get('abcd')).toBeUndefined();
      await store.change('ab', put('ab', 'short'), ORIGIN);
      await store.change('abcd', put('abcd', 'long'), ORIGIN);
      expect(summary(await store.get('abc'))).toEqual({ name: 'abc', revision: 1, tag: '' });
    });
  });

  describe('getMany', () => {
    promises('answers position by position, undefined where one is missing, repeats included', async ({ store }) => {
      await store.change('a', put('a'), ORIGIN);
      await store.change('b', put('b'), ORIGIN);
      const found = await store.getMany(['b', 'missing', 'a', 'b', '', 'b']);
      expect(found.map((stored) => stored?.name)).toEqual(['b', undefined, 'a', 'b', undefined, 'b']);
    });

    promises('answers nothing for no names', async ({ store }) => {
      expect(await store.getMany([])).toEqual([]);
    });

    promises('takes any strings for names', async ({ store }) => {
      await store.change('app', put('app'), ORIGIN);
      const found = await store.getMany([...UNANSWERABLE_NAMES, 'app']);
      expect(found.map((stored) => stored?.name)).toEqual([...UNANSWERABLE_NAMES.map(() => undefined), 'app']);
    });

    promises('answers 1000 names at once', async ({ store }) => {
      const all = Array.from({ length: 1000 }, (_, index) => `app-${index}`);
      await Promise.all(all.map((each) => store.change(each, put(each, `of-${each}`), ORIGIN)));
      const found = await store.getMany(all.toReversed());
      expect(found.map((stored) => stored?.appImage.image?.tag)).toEqual(all.toReversed().map((each) => `of-${each}`));
    });
  });

  describe('visitSync', () => {
    /** A store that has its data at hand lets itself be visited; one that waits for a database must not claim to have. */
    const visitorOf = (store: AppImageStore): NonNullable<AppImageStore['visitSync']> | undefined => {
      expect(store.visitSync !== undefined).toBe(store.kind === 'lmdb');
      return store.visitSync?.bind(store);
    };

    promises('hands over at once what getMany answers, in the same order', async ({ store }) => {
      await store.change('a', put('a', 'first'), ORIGIN);
      await store.change('b', put('b', 'second'), ORIGIN);
      await store.change('a', put('a', 'third'), ORIGIN);
      const asked = ['b', 'missing', 'a', 'b', '', ...UNANSWERABLE_NAMES];
      const found = await store.getMany(asked);
      const seen: unknown[] = [];
      const visit = visitorOf(store);
      visit?.(asked, (stored, visited) => {
        seen.push([visited, stored && [stored.revision, stored.position, bytesOf(stored)]]);
      });
      expect(seen).toEqual(
        visit === undefined
          ? []
          : found.map((stored, index) => [asked[index], stored && [stored.revision, stored.position, bytesOf(stored)]]),
      );
    });

    promises('sees a change as soon as it is made, also one of another process', async ({ store, second }) => {
      const other = await second();
      const revisions: (number | undefined)[] = [];
      const visit = visitorOf(store);
      const look = (): void => visit?.(['app'], (stored) => revisions.push(stored?.revision));
      look();
      await other.change('app', put('app'), ORIGIN);
      look();
      await store.change('app', put('app'), ORIGIN);
      look();
      expect(revisions).toEqual(visit === undefined ? [] : [undefined, 1, 2]);
    });

    promises('throws what visit throws, and what is wrong with a template', async ({ store, damage }) => {
      const visit = visitorOf(store);
      if (visit === undefined) {
        return;
      }
      await damage('damaged');
      expect(() => visit(['damaged'], (stored) => stored?.appImage)).toThrow(StoreFaultError);
      const refusal = new Error('refused');
      expect(() =>
        visit(['app'], () => {
          throw refusal;
        }),
      ).toThrow(refusal);
      await store[Symbol.asyncDispose]();
      expect(() => visit([], () => undefined)).toThrow(StoreUnavailableError);
    });
  });

  describe('list', () => {
    promises('is empty where there is nothing', async ({ names }) => {
      expect(await names()).toEqual([]);
    });

    promises('orders names byte by byte', async ({ store, names }) => {
      const stored = ['0', '00', '1-0', '10', 'a', 'a--b', 'a-0', 'a-b', 'a0', 'a10', 'a2', 'aa', 'ab', 'b'];
      await Promise.all(stored.toReversed().map((each) => store.change(each, put(each), ORIGIN)));
      expect(await names()).toEqual(stored);
    });

    promises('holds no more than the limit, and begins behind the name it is given', async ({ store, names }) => {
      await Promise.all(['a', 'b', 'c', 'd'].map((each) => store.change(each, put(each), ORIGIN)));
      expect(await names('', 1)).toEqual(['a']);
      expect(await names('a', 2)).toEqual(['b', 'c']);
      expect(await names('c', 2)).toEqual(['d']);
      expect(await names('c', 1)).toEqual(['d']);
      expect(await names('d', 2)).toEqual([]);
    });

    promises('begins behind any string, stored or not', async ({ store, names }) => {
      const stored = ['a', 'a-b', 'm', 'z'.repeat(63)];
      await Promise.all(stored.map((each) => store.change(each, put(each), ORIGIN)));
      for (const after of [
        'a-',
        'a-a',
        'a-b\0',
        'b',
        'A',
        '{',
        'a b',
        '\0',
        'a'.repeat(1024 * 1024),
        ...AWKWARD_TEXTS,
      ]) {
        const behind = stored.filter((each) => Buffer.compare(Buffer.from(each), Buffer.from(after)) > 0);
        expect([after.slice(0, 20), ...(await names(after))]).toEqual([after.slice(0, 20), ...behind]);
      }
    });

    promises('goes on behind a template that was deleted meanwhile', async ({ store, names }) => {
      await Promise.all(['a', 'b', 'c'].map((each) => store.change(each, put(each), ORIGIN)));
      const [, last] = await names('', 2);
      await store.change('b', remove, ORIGIN);
      expect(await names(last)).toEqual(['c']);
    });

    promises('shows whole templates, in their newest revision', async ({ store }) => {
      await store.change('app', put('app', 'first'), ORIGIN);
      await store.change('app', put('app', 'second'), ORIGIN);
      const [listed] = await store.list({ after: '', limit: 10 });
      expect(summary(listed)).toEqual({ name: 'app', revision: 2, tag: 'second' });
      expectContent(listed, named('app', 'second'));
    });

    promises('hands over at once what it lists, where the store need not wait', async ({ store, damage }) => {
      await store.change('a', put('a', 'first'), ORIGIN);
      await store.change('b', put('b', 'second'), ORIGIN);
      await store.change('a', put('a', 'third'), ORIGIN);
      const page = { after: '', limit: 10 };
      const listed = (await store.list(page)).map(seenAs);
      expect(store.visitPageSync !== undefined).toBe(store.kind === 'lmdb');
      const seen: unknown[] = [];
      store.visitPageSync?.(page, (stored) => seen.push(seenAs(stored)));
      expect(seen).toEqual(store.visitPageSync === undefined ? [] : listed);

      await damage('c');
      const visit = store.visitPageSync?.bind(store);
      if (visit !== undefined) {
        expect(() => visit({ after: 'b', limit: 1 }, ({ appImage }) => appImage)).toThrow(StoreFaultError);
      }
    });

    promises('never repeats or skips a template while others come and go', async ({ store, names }) => {
      const actions = fc.array(fc.record({ name: appImageName, exists: fc.boolean() }), { maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(appImageName, { maxLength: 12 }),
          fc.array(actions, { maxLength: 6 }),
          fc.integer({ min: 1, max: 4 }),
          async (lasting, meanwhile, limit) => {
            await Promise.all(lasting.map((each) => store.change(each, put(each), ORIGIN)));
            const seen: string[] = [];
            for (let page = 0; page === 0 || seen.length === page * limit; page += 1) {
              seen.push(...(await names(seen.at(-1) ?? '', limit)));
              for (const { name: other, exists } of meanwhile[page] ?? []) {
                await (lasting.includes(other) ? undefined : store.change(other, exists ? put(other) : remove, ORIGIN));
              }
            }
            expect(seen).toEqual([...new Set(seen)].sort());
            expect(seen.filter((each) => lasting.includes(each))).toEqual(lasting.toSorted());
            await Promise.all((await names()).map((each) => store.change(each, remove, ORIGIN)));
          },
        ),
        { numRuns: 25 },
      );
    });
  });
}

function seenAs(stored: StoredAppImage): unknown {
  return [stored.name, stored.revision, stored.position, bytesOf(stored)];
}

/** The encodings of a template that is perhaps good only for a moment. */
function bytesOf({ encoded }: StoredAppImage): readonly string[] {
  return [Buffer.from(encoded.protobuf).toString('hex'), Buffer.from(encoded.json).toString()];
}
