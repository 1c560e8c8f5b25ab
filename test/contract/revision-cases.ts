import { hash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect } from 'vitest';
import { StoreFaultError } from '../../src/domain/app-image/app-image-store.js';
import type { ChangeOrigin } from '../../src/domain/app-image/revision.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { AWKWARD_TEXTS, storedAppImage } from '../support/arbitraries.js';
import { ORIGIN } from '../support/stub-store.js';
import type { Promises } from './contract-case.js';
import {
  brief,
  changesBehind,
  expectContent,
  historyOf,
  keep,
  named,
  put,
  remove,
  UNANSWERABLE_NAMES,
} from './contract-templates.js';

/** What is remembered of changes: `getRevision`, `listRevisions`. */
export function revisionCases(promises: Promises): void {
  describe('getRevision', () => {
    promises('answers undefined for a revision that never was', async ({ store }) => {
      await store.change('app', put('app'), ORIGIN);
      for (const revision of [0, -1, 2, 1000, Number.MAX_SAFE_INTEGER]) {
        expect(await store.getRevision('app', revision)).toBeUndefined();
      }
      expect(await store.getRevision('missing', 1)).toBeUndefined();
    });

    promises('takes any string for a name, and so do the other questions about history', async ({ store }) => {
      await store.change('app', put('app'), ORIGIN);
      for (const name of UNANSWERABLE_NAMES) {
        expect(await store.getRevision(name, 1)).toBeUndefined();
        expect(await store.listRevisions(name, { before: undefined, limit: 10 })).toEqual([]);
        expect(await store.getTag(name, 'stable')).toBeUndefined();
      }
    });

    promises('answers every revision, deletes and what was before them included', async ({ store, second }) => {
      const other = await second();
      for (const decide of [put('app', 'first'), put('app', 'second'), remove, put('app', 'fourth')]) {
        await store.change('app', decide, ORIGIN);
      }
      for (const reader of [store, other]) {
        const found = await Promise.all([1, 2, 3, 4].map((revision) => reader.getRevision('app', revision)));
        expect(found.map((revision) => revision && brief(revision))).toEqual([
          'app@1 first',
          'app@2 second',
          'app@3 deleted',
          'app@4 fourth',
        ]);
        expect(found[2]).toMatchObject({ content: undefined, contentHash: '' });
      }
    });

    promises('answers the content as it was put, in both encodings, with its hash', async ({ store }) => {
      await fc.assert(
        fc.asyncProperty(storedAppImage, async (given) => {
          const stored = await store.change(given.name, () => ({ kind: 'put', appImage: given }), ORIGIN);
          await store.change(given.name, put(given.name), ORIGIN);
          const revision = await store.getRevision(given.name, stored?.revision ?? 0);
          expectContent(revision?.content, given);
          expect(revision?.contentHash).toBe(`sha256:${hash('sha256', appImageCodec.encode(given).protobuf)}`);
          expect(revision?.content?.revision).toBe(stored?.revision);
          expect(revision?.content?.position).toBe(stored?.position);
        }),
        { numRuns: 25 },
      );
    });

    promises('tells who made the change, how, why and when', async ({ store, second }) => {
      const before = Date.now();
      const texts = AWKWARD_TEXTS.filter((text) => text.isWellFormed());
      const origins = texts.map(
        (text): ChangeOrigin => ({
          method: `Apply${text}`,
          tokenName: text,
          certificateSubject: `CN=${text}`,
          message: `${text}\n${'why '.repeat(1000)}`,
        }),
      );
      for (const [index, origin] of origins.entries()) {
        await store.change('app', index % 3 === 2 ? remove : put('app'), origin);
      }
      const after = Date.now();
      const other = await second();
      for (const [index, origin] of origins.entries()) {
        const revision = await other.getRevision('app', index + 1);
        expect(revision?.origin).toEqual(origin);
        expect(revision?.timeMs).toBeGreaterThanOrEqual(before);
        expect(revision?.timeMs).toBeLessThanOrEqual(after);
      }
    });

    promises('has the position that the template had', async ({ store, names }) => {
      const first = await store.change('app', put('app', 'first'), ORIGIN);
      await store.change('other', put('other'), ORIGIN);
      const second = await store.change('app', put('app', 'second'), ORIGIN);
      expect((await store.getRevision('app', 1))?.position).toBe(first?.position);
      expect((await store.getRevision('app', 2))?.position).toBe(second?.position);
      expect((await store.get('app'))?.position).toBe(second?.position);
      expect((await store.getMany(['app']))[0]?.position).toBe(second?.position);
      expect((await store.list({ after: '', limit: 1 }))[0]?.position).toBe(second?.position);
      expect((await store.change('app', keep, ORIGIN))?.position).toBe(second?.position);
      expect(await names()).toEqual(['app', 'other']);
    });

    promises('is there for every store as soon as the change resolves', async ({ store, second }) => {
      const other = await second();
      for (let revision = 1; revision <= 10; revision += 1) {
        const [writer, reader] = revision % 2 === 0 ? [store, other] : [other, store];
        await reader.getRevision('app', revision);
        await writer.change('app', revision % 5 === 0 ? remove : put('app', String(revision)), ORIGIN);
        expect((await reader.getRevision('app', revision))?.revision).toBe(revision);
        expect((await reader.listRevisions('app', { before: undefined, limit: 1 }))[0]?.revision).toBe(revision);
      }
    });

    promises('is still there after the store was closed', async ({ store, second }) => {
      await store.change('app', put('app', 'first'), ORIGIN);
      await store.change('app', remove, ORIGIN);
      await store[Symbol.asyncDispose]();
      const reopened = await second();
      expect((await historyOf(reopened, 'app')).map(brief)).toEqual(['app@2 deleted', 'app@1 first']);
    });
  });

  describe('listRevisions', () => {
    promises('is empty for a name that never was', async ({ store }) => {
      await store.change('app', put('app'), ORIGIN);
      expect(await store.listRevisions('missing', { before: undefined, limit: 10 })).toEqual([]);
    });

    promises('begins with the newest, deleted or not', async ({ store }) => {
      for (const decide of [put('app', 'first'), remove, put('app', 'third'), remove]) {
        await store.change('app', decide, ORIGIN);
      }
      expect((await historyOf(store, 'app')).map(brief)).toEqual([
        'app@4 deleted',
        'app@3 third',
        'app@2 deleted',
        'app@1 first',
      ]);
    });

    promises('holds no more than the limit, and goes on below a revision', async ({ store }) => {
      for (let revision = 1; revision <= 7; revision += 1) {
        await store.change('app', put('app'), ORIGIN);
      }
      const list = async (before: number | undefined, limit: number): Promise<number[]> =>
        (await store.listRevisions('app', { before, limit })).map(({ revision }) => revision);
      expect(await list(undefined, 3)).toEqual([7, 6, 5]);
      expect(await list(5, 3)).toEqual([4, 3, 2]);
      expect(await list(2, 3)).toEqual([1]);
      expect(await list(1, 3)).toEqual([]);
      expect(await list(8, 1)).toEqual([7]);
      expect(await list(1000, 100)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    });

    promises('neither repeats nor skips a revision when others are made between two pages', async ({ store }) => {
      const seen: number[] = [];
      for (let revision = 1; revision <= 9; revision += 1) {
        await store.change('app', put('app'), ORIGIN);
      }
      for (let page = 0; page < 3; page += 1) {
        const found = await store.listRevisions('app', { before: seen.at(-1), limit: 3 });
        seen.push(...found.map(({ revision }) => revision));
        await store.change('app', page === 1 ? remove : put('app'), ORIGIN);
      }
      expect(seen).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    });

    promises('tells a name from another that it begins with', async ({ store }) => {
      for (const name of ['ab', 'a', 'ab-c', 'abc', 'ab0']) {
        await store.change(name, put(name, 'old'), ORIGIN);
        await store.change(name, put(name, 'new'), ORIGIN);
      }
      expect((await historyOf(store, 'ab', 1)).map(brief)).toEqual(['ab@2 new', 'ab@1 old']);
    });

    promises('holds nothing of a change that was not made', async ({ store }) => {
      await store.change('app', put('app', 'first'), ORIGIN);
      await store.change('app', keep, ORIGIN);
      await store.change('missing', remove, ORIGIN);
      await expect(store.change('app', put('other'), ORIGIN)).rejects.toBeInstanceOf(StoreFaultError);
      await expect(
        store.change(
          'app',
          () => {
            throw new Error('refused');
          },
          ORIGIN,
        ),
      ).rejects.toThrow('refused');
      expect((await historyOf(store, 'app')).map(brief)).toEqual(['app@1 first']);
      expect(await historyOf(store, 'missing')).toEqual([]);
      expect((await changesBehind(store, 0)).map(brief)).toEqual(['app@1 first']);
    });

    promises('agrees with the order of all changes, whatever was done', async ({ store }) => {
      const action = fc.record({
        name: fc.constantFrom('a', 'b', 'c'),
        kind: fc.constantFrom('put', 'delete', 'keep'),
      });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(action, { maxLength: 12 }),
          fc.integer({ min: 1, max: 5 }),
          async (actions, limit) => {
            run += 1;
            const begin = await store.lastPosition();
            const expected: string[] = [];
            const last = new Map<string, { revision: number; exists: boolean }>();
            for (const [index, { name: short, kind }] of actions.entries()) {
              const name = `${short}-${run}`;
              const { revision, exists } = last.get(name) ?? { revision: 0, exists: false };
              const decide = kind === 'put' ? put(name, String(index)) : kind === 'keep' ? keep : remove;
              await store.change(name, decide, ORIGIN);
              if (kind === 'put' || (kind === 'delete' && exists)) {
                last.set(name, { revision: revision + 1, exists: kind === 'put' });
                expected.push(`${name}@${revision + 1} ${kind === 'put' ? index : 'deleted'}`);
              }
            }
            expect((await changesBehind(store, begin, limit)).map(brief)).toEqual(expected);
            for (const name of last.keys()) {
              const own = expected.filter((each) => each.startsWith(`${name}@`));
              expect((await historyOf(store, name, limit)).map(brief)).toEqual(own.toReversed());
            }
          },
        ),
        { numRuns: 15 },
      );
      expectContent(await store.change('app', () => ({ kind: 'put', appImage: named('app') }), ORIGIN), named('app'));
    });
  });
}
