import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppImage, StoredAppImage } from '../../src/domain/app-image/app-image.js';
import {
  type AppImageStore,
  type Decide,
  StoreFaultError,
  StoreUnavailableError,
} from '../../src/domain/app-image/app-image-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { appImage, withContainer, withProbe } from '../support/app-image-builders.js';
import { AWKWARD_TEXTS, appImageName, storedAppImage } from '../support/arbitraries.js';

/** A store with no templates in it, opened for one case. */
export interface OpenedStore {
  readonly store: AppImageStore;
  /** Opens another store on the same data, as another process would. */
  second(): Promise<AppImageStore>;
  /** Puts under a name what no build ever wrote, behind the store's back. */
  damage(name: string): Promise<void>;
  /** Closes every store that was opened, and removes the data. */
  cleanUp(): Promise<void>;
}

export interface ContractOptions {
  /** Cases that this store does not pass, by their title, and why. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** Questions that no template answers, whatever is stored. */
const UNANSWERABLE_NAMES: readonly string[] = [
  ...AWKWARD_TEXTS,
  'App',
  'APP',
  'app ',
  ' app',
  'app\0',
  'ap',
  'app-',
  'app1',
  'app%',
  'ａｐｐ',
  '\ud800',
  'app\udc00',
  'a'.repeat(64),
  'x'.repeat(2000),
  'y'.repeat(1024 * 1024),
  '模'.repeat(100_000),
];

/**
 * What every store promises: each sentence of the port in `domain/app-image/app-image-store.ts` has its cases here. What takes a part of one
 * engine to show, such as an outage or a crash, is shown beside the engine.
 */
export function describeAppImageStore(
  name: string,
  open: () => Promise<OpenedStore>,
  { skip = {} }: ContractOptions = {},
): void {
  describe(`${name} as an AppImage store`, () => {
    let opened: OpenedStore;
    let store: AppImageStore;
    const unknownSkips = new Set(Object.keys(skip));

    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(async () => {
      await opened.cleanUp();
    });

    function promises(title: string, check: () => Promise<void>): void {
      const reason = skip[title];
      unknownSkips.delete(title);
      it.skipIf(reason !== undefined)(reason === undefined ? title : `${title} (skipped: ${reason})`, async () => {
        expect.hasAssertions();
        await check();
      });
    }

    async function names(after = '', limit = 1000): Promise<string[]> {
      return (await store.list({ after, limit })).map((stored) => stored.name);
    }

    describe('get', () => {
      promises('answers undefined where there is no template', async () => {
        expect(await store.get('missing')).toBeUndefined();
      });

      promises('answers the newest revision', async () => {
        await store.change('app', put('app', 'first'));
        await store.change('app', put('app', 'second'));
        expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 2, tag: 'second' });
      });

      promises('takes any string for a question', async () => {
        await store.change('app', put('app'));
        for (const question of UNANSWERABLE_NAMES) {
          expect(await store.get(question)).toBeUndefined();
        }
      });

      promises('tells a name from another that it begins with', async () => {
        await store.change('abc', put('abc'));
        expect(await store.get('ab')).toBeUndefined();
        expect(await store.get('abcd')).toBeUndefined();
        await store.change('ab', put('ab', 'short'));
        await store.change('abcd', put('abcd', 'long'));
        expect(summary(await store.get('abc'))).toEqual({ name: 'abc', revision: 1, tag: '' });
      });
    });

    describe('getMany', () => {
      promises('answers position by position, undefined where one is missing, repeats included', async () => {
        await store.change('a', put('a'));
        await store.change('b', put('b'));
        const found = await store.getMany(['b', 'missing', 'a', 'b', '', 'b']);
        expect(found.map((stored) => stored?.name)).toEqual(['b', undefined, 'a', 'b', undefined, 'b']);
      });

      promises('answers nothing for no names', async () => {
        expect(await store.getMany([])).toEqual([]);
      });

      promises('takes any strings for names', async () => {
        await store.change('app', put('app'));
        const found = await store.getMany([...UNANSWERABLE_NAMES, 'app']);
        expect(found.map((stored) => stored?.name)).toEqual([...UNANSWERABLE_NAMES.map(() => undefined), 'app']);
      });

      promises('answers 1000 names at once', async () => {
        const all = Array.from({ length: 1000 }, (_, index) => `app-${index}`);
        await Promise.all(all.map((each) => store.change(each, put(each, `of-${each}`))));
        const found = await store.getMany(all.toReversed());
        expect(found.map((stored) => stored?.appImage.image?.tag)).toEqual(
          all.toReversed().map((each) => `of-${each}`),
        );
      });
    });

    describe('list', () => {
      promises('is empty where there is nothing', async () => {
        expect(await names()).toEqual([]);
      });

      promises('orders names byte by byte', async () => {
        const stored = ['0', '00', '1-0', '10', 'a', 'a--b', 'a-0', 'a-b', 'a0', 'a10', 'a2', 'aa', 'ab', 'b'];
        await Promise.all(stored.toReversed().map((each) => store.change(each, put(each))));
        expect(await names()).toEqual(stored);
      });

      promises('holds no more than the limit, and begins behind the name it is given', async () => {
        await Promise.all(['a', 'b', 'c', 'd'].map((each) => store.change(each, put(each))));
        expect(await names('', 1)).toEqual(['a']);
        expect(await names('a', 2)).toEqual(['b', 'c']);
        expect(await names('c', 2)).toEqual(['d']);
        expect(await names('c', 1)).toEqual(['d']);
        expect(await names('d', 2)).toEqual([]);
      });

      promises('begins behind any string, stored or not', async () => {
        const stored = ['a', 'a-b', 'm', 'z'.repeat(63)];
        await Promise.all(stored.map((each) => store.change(each, put(each))));
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

      promises('goes on behind a template that was deleted meanwhile', async () => {
        await Promise.all(['a', 'b', 'c'].map((each) => store.change(each, put(each))));
        const [, last] = await names('', 2);
        await store.change('b', remove);
        expect(await names(last)).toEqual(['c']);
      });

      promises('shows whole templates, in their newest revision', async () => {
        await store.change('app', put('app', 'first'));
        await store.change('app', put('app', 'second'));
        const [listed] = await store.list({ after: '', limit: 10 });
        expect(summary(listed)).toEqual({ name: 'app', revision: 2, tag: 'second' });
        expectContent(listed, named('app', 'second'));
      });

      promises('never repeats or skips a template while others come and go', async () => {
        const actions = fc.array(fc.record({ name: appImageName, exists: fc.boolean() }), { maxLength: 4 });
        await fc.assert(
          fc.asyncProperty(
            fc.uniqueArray(appImageName, { maxLength: 12 }),
            fc.array(actions, { maxLength: 6 }),
            fc.integer({ min: 1, max: 4 }),
            async (lasting, meanwhile, limit) => {
              await Promise.all(lasting.map((each) => store.change(each, put(each))));
              const seen: string[] = [];
              for (let page = 0; page === 0 || seen.length === page * limit; page += 1) {
                seen.push(...(await names(seen.at(-1) ?? '', limit)));
                for (const { name: other, exists } of meanwhile[page] ?? []) {
                  await (lasting.includes(other) ? undefined : store.change(other, exists ? put(other) : remove));
                }
              }
              expect(seen).toEqual([...new Set(seen)].sort());
              expect(seen.filter((each) => lasting.includes(each))).toEqual(lasting.toSorted());
              await Promise.all((await names()).map((each) => store.change(each, remove)));
            },
          ),
          { numRuns: 25 },
        );
      });
    });

    describe('change', () => {
      promises('shows the decision what stands: nothing, a revision, nothing again', async () => {
        const shown: (Summary | undefined)[] = [];
        const observe =
          (decide: Decide): Decide =>
          (current) => {
            shown.push(summary(current));
            return decide(current);
          };
        await store.change('app', observe(put('app', 'first')));
        await store.change('app', observe(remove));
        await store.change('app', observe(keep));
        expect(shown).toEqual([undefined, { name: 'app', revision: 1, tag: 'first' }, undefined]);
      });

      promises('returns the stored revision after a put', async () => {
        const returned = await store.change('app', put('app', 'first'));
        expect(summary(returned)).toEqual({ name: 'app', revision: 1, tag: 'first' });
        expectContent(returned, named('app', 'first'));
      });

      promises('returns what stands after a keep, and writes nothing', async () => {
        expect(await store.change('app', keep)).toBeUndefined();
        expect(await store.get('app')).toBeUndefined();
        await store.change('app', put('app', 'first'));
        expect(summary(await store.change('app', keep))).toEqual({ name: 'app', revision: 1, tag: 'first' });
        expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
      });

      promises('returns undefined after a delete, and the template is gone from every read', async () => {
        await store.change('app', put('app'));
        expect(await store.change('app', remove)).toBeUndefined();
        expect(await store.get('app')).toBeUndefined();
        expect(await store.getMany(['app'])).toEqual([undefined]);
        expect(await names()).toEqual([]);
      });

      promises(
        'numbers the revisions of a name 1, 2, 3 and goes on behind a delete, which takes a number as well',
        async () => {
          const revisions: (number | undefined)[] = [];
          for (const decide of [put('app'), put('app'), remove, put('app'), remove, put('app'), put('app')]) {
            revisions.push((await store.change('app', decide))?.revision);
          }
          expect(revisions).toEqual([1, 2, undefined, 4, undefined, 6, 7]);
          expect((await store.change('other', put('other')))?.revision).toBe(1);
        },
      );

      promises('takes no number for a delete of nothing', async () => {
        await store.change('app', remove);
        expect((await store.change('app', put('app')))?.revision).toBe(1);
        await store.change('app', remove);
        await store.change('app', remove);
        expect((await store.change('app', put('app')))?.revision).toBe(3);
      });

      promises('rejects with the very error that the decision throws, and writes nothing', async () => {
        await store.change('app', put('app', 'first'));
        const error = new Error('decided otherwise');
        for (const each of ['app', 'missing', '']) {
          await expect(
            store.change(each, () => {
              throw error;
            }),
          ).rejects.toBe(error);
        }
        expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
        expect(await names()).toEqual(['app']);
      });

      promises('refuses a put that changes the name, and writes nothing', async () => {
        await store.change('app', put('app', 'first'));
        await expect(store.change('app', put('other'))).rejects.toBeInstanceOf(StoreFaultError);
        await expect(store.change('missing', put('app'))).rejects.toBeInstanceOf(StoreFaultError);
        expect(await names()).toEqual(['app']);
        expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
      });

      promises('finds nothing under a name that no template can have', async () => {
        for (const question of UNANSWERABLE_NAMES) {
          const shown: unknown[] = [];
          const decide: Decide = (current) => {
            shown.push(current);
            return { kind: 'delete' };
          };
          expect(await store.change(question, decide)).toBeUndefined();
          expect(shown.at(-1)).toBeUndefined();
          expect(shown).not.toHaveLength(0);
        }
        expect(await names()).toEqual([]);
      });

      promises('makes changes of one name one upon the other', async () => {
        const count = 50;
        await Promise.all(Array.from({ length: count }, () => store.change('app', countUp('app'))));
        expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: count, tag: String(count) });
      });

      promises('loses no change that two stores make at once', async () => {
        const other = await opened.second();
        const each = 25;
        const returned = await Promise.all(
          [store, other].flatMap((one) => Array.from({ length: each }, () => one.change('app', countUp('app')))),
        );
        expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 2 * each, tag: String(2 * each) });
        expect(returned.map((stored) => stored?.revision ?? 0).sort(byNumber)).toEqual(numbersUpTo(2 * each));
        expect(returned.every((stored) => stored?.appImage.image?.tag === String(stored?.revision))).toBe(true);
      });

      promises('lets exactly one of several creates at once win', async () => {
        const other = await opened.second();
        const create =
          (tag: string): Decide =>
          (current) => {
            if (current !== undefined) {
              throw new Error('exists');
            }
            return { kind: 'put', appImage: named('app', tag) };
          };
        const outcomes = await Promise.allSettled(
          numbersUpTo(10).map((number) => (number % 2 === 0 ? store : other).change('app', create(String(number)))),
        );
        const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
        expect(winners).toHaveLength(1);
        expect(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []))).toEqual(
          Array.from({ length: 9 }, () => 'Error: exists'),
        );
        expect(summary(await store.get('app'))).toEqual(summary(winners[0]?.value));
      });

      promises('uses no revision twice while two stores create and delete at once', async () => {
        const other = await opened.second();
        const toggle: Decide = (current) => (current === undefined ? put('app')(current) : { kind: 'delete' });
        const count = 30;
        const returned = await Promise.all(
          numbersUpTo(count).map((number) => (number % 2 === 0 ? store : other).change('app', toggle)),
        );
        const revisions = returned.flatMap((stored) => (stored === undefined ? [] : [stored.revision])).sort(byNumber);
        expect(revisions).toEqual(numbersUpTo(count).filter((number) => number % 2 === 1));
      });

      promises('keeps the changes of others when one that runs with them is refused', async () => {
        const outcomes = await Promise.allSettled(
          numbersUpTo(20).map((number) =>
            number % 2 === 0
              ? store.change(`app-${number}`, put(`app-${number}`))
              : store.change(`app-${number}`, () => {
                  throw new Error('refused');
                }),
          ),
        );
        expect(outcomes.map((outcome) => outcome.status === 'fulfilled')).toEqual(
          numbersUpTo(20).map((number) => number % 2 === 0),
        );
        expect(await names()).toHaveLength(10);
      });

      promises('is seen by every store as soon as it resolves', async () => {
        const other = await opened.second();
        for (const revision of numbersUpTo(20)) {
          const [writer, reader] = revision % 2 === 0 ? [store, other] : [other, store];
          await reader.get('app');
          await writer.change('app', countUp('app'));
          const [single, [batched], [listed]] = await Promise.all([
            reader.get('app'),
            reader.getMany(['app']),
            reader.list({ after: '', limit: 1 }),
          ]);
          expect([single, batched, listed].map((stored) => stored?.revision)).toEqual([revision, revision, revision]);
        }
      });

      promises('is still there, with the numbers of deleted templates, after the store was closed', async () => {
        await store.change('app', put('app', 'first'));
        await store.change('deleted', put('deleted'));
        await store.change('deleted', remove);
        await store[Symbol.asyncDispose]();
        const reopened = await opened.second();
        expect(summary(await reopened.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
        expect((await reopened.change('deleted', put('deleted')))?.revision).toBe(3);
      });
    });

    describe('content', () => {
      promises('comes back as it was put, in both encodings', async () => {
        const other = await opened.second();
        await fc.assert(
          fc.asyncProperty(storedAppImage, async (given) => {
            await store.change(given.name, () => ({ kind: 'put', appImage: given }));
            for (const found of [await store.get(given.name), await other.get(given.name)]) {
              expectContent(found, given);
            }
          }),
          { numRuns: 60 },
        );
      });

      promises('may have awkward keys and values', async () => {
        const given = appImage({
          name: 'app',
          configTemplates: new Map(AWKWARD_TEXTS.toSorted(byBytes).map((text) => [text, `${text}=${text}`])),
        });
        await store.change('app', () => ({ kind: 'put', appImage: given }));
        const found = await store.get('app');
        expectContent(found, given);
        expect([...(found?.appImage.configTemplates.keys() ?? [])]).toEqual(AWKWARD_TEXTS.toSorted(byBytes));
      });

      promises('keeps 64-bit integers exactly', async () => {
        for (const terminationGracePeriodSeconds of [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]) {
          const given = { ...withProbe({ terminationGracePeriodSeconds }), name: 'app' };
          await store.change('app', () => ({ kind: 'put', appImage: given }));
          expectContent(await store.get('app'), given);
        }
      });

      promises('tells what is absent from what is empty', async () => {
        const absent = { ...appImage({ name: 'app' }), image: undefined };
        await store.change('app', () => ({ kind: 'put', appImage: absent }));
        expect((await store.get('app'))?.appImage.image).toBeUndefined();
        const empty = appImage({ name: 'app', image: {} });
        await store.change('app', () => ({ kind: 'put', appImage: empty }));
        expect((await store.get('app'))?.appImage.image).toEqual({ name: '', tag: '', id: '', sign: '' });
      });

      promises('may be 1 MiB large, also for several templates at once', async () => {
        const given = ['a', 'b', 'c'].map((each) => ({
          ...withContainer({ command: [each], args: ['€'.repeat(100_000)] }),
          name: each,
          configTemplates: new Map([['app.conf', `${each}\n`.repeat(350_000)]]),
        }));
        await Promise.all(given.map((each) => store.change(each.name, () => ({ kind: 'put', appImage: each }))));
        const found = await store.getMany(['a', 'b', 'c']);
        for (const [index, each] of given.entries()) {
          expectContent(found[index], each);
        }
        const shrunk = named('a', 'small');
        await store.change('a', () => ({ kind: 'put', appImage: shrunk }));
        expectContent(await store.get('a'), shrunk);
      });

      promises('that is damaged is a fault and nothing else, and leaves other templates readable', async () => {
        await store.change('app', put('app', 'first'));
        await opened.damage('damaged');
        const look = (stored: StoredAppImage | undefined): unknown => stored?.appImage;
        await expect(store.get('damaged').then(look)).rejects.toBeInstanceOf(StoreFaultError);
        await expect(
          store.change('damaged', (current) => {
            look(current);
            return { kind: 'keep' };
          }),
        ).rejects.toBeInstanceOf(StoreFaultError);
        expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
      });
    });

    describe('ping', () => {
      promises('resolves while the database answers', async () => {
        await expect(store.ping()).resolves.toBeUndefined();
      });
    });

    describe('a closed store', () => {
      const calls: Readonly<Record<string, (closed: AppImageStore) => Promise<unknown>>> = {
        get: (closed) => closed.get('app'),
        getMany: (closed) => closed.getMany(['app']),
        'getMany of no names': (closed) => closed.getMany([]),
        list: (closed) => closed.list({ after: '', limit: 1 }),
        change: (closed) => closed.change('app', put('app')),
        'change of a name that no template can have': (closed) => closed.change('', keep),
        ping: (closed) => closed.ping(),
      };
      for (const [call, run] of Object.entries(calls)) {
        promises(`rejects ${call} as unavailable`, async () => {
          await store.change('app', put('app'));
          await store[Symbol.asyncDispose]();
          await expect(run(store)).rejects.toBeInstanceOf(StoreUnavailableError);
        });
      }

      promises('may be closed again', async () => {
        await store[Symbol.asyncDispose]();
        await expect(store[Symbol.asyncDispose]()).resolves.toBeUndefined();
      });

      promises('leaves other stores on the same data open', async () => {
        const other = await opened.second();
        await store[Symbol.asyncDispose]();
        await other.change('app', put('app', 'first'));
        expect(summary(await other.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
      });
    });

    it('skips only cases that there are', () => {
      expect([...unknownSkips]).toEqual([]);
    });
  });
}

interface Summary {
  readonly name: string;
  readonly revision: number;
  readonly tag: string | undefined;
}

function summary(stored: StoredAppImage | undefined): Summary | undefined {
  return stored && { name: stored.name, revision: stored.revision, tag: stored.appImage.image?.tag };
}

function named(name: string, tag = ''): AppImage {
  return appImage({ name, image: { name: 'registry.example.com/app', tag } });
}

function put(name: string, tag = ''): Decide {
  return () => ({ kind: 'put', appImage: named(name, tag) });
}

const remove: Decide = () => ({ kind: 'delete' });
const keep: Decide = () => ({ kind: 'keep' });

/** Counts in the tag of the image, upon what stands. */
function countUp(name: string): Decide {
  return (current) => ({ kind: 'put', appImage: named(name, String(Number(current?.appImage.image?.tag ?? 0) + 1)) });
}

function expectContent(stored: StoredAppImage | undefined, given: AppImage): void {
  expect(stored?.name).toBe(given.name);
  expect(stored?.appImage).toEqual(given);
  const expected = appImageCodec.encode(given);
  expect(Buffer.compare(stored?.encoded.protobuf ?? Buffer.of(), expected.protobuf)).toBe(0);
  expect(Buffer.compare(stored?.encoded.json ?? Buffer.of(), expected.json)).toBe(0);
}

function numbersUpTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

function byNumber(a: number, b: number): number {
  return a - b;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
