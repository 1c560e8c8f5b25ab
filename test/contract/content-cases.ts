import * as fc from 'fast-check';
import { describe, expect } from 'vitest';
import type { StoredAppImage } from '../../src/domain/app-image/app-image.js';
import { StoreFaultError } from '../../src/domain/app-image/app-image-store.js';
import { appImage, withContainer, withProbe } from '../support/app-image-builders.js';
import { AWKWARD_TEXTS, storedAppImage } from '../support/arbitraries.js';
import { ORIGIN } from '../support/stub-store.js';
import type { Promises } from './contract-case.js';
import { byBytes, expectContent, named, put, summary } from './contract-templates.js';

/** What comes back of what was put. */
export function contentCases(promises: Promises): void {
  describe('content', () => {
    promises('comes back as it was put, in both encodings', async ({ store, second }) => {
      const other = await second();
      await fc.assert(
        fc.asyncProperty(storedAppImage, async (given) => {
          await store.change(given.name, () => ({ kind: 'put', appImage: given }), ORIGIN);
          for (const found of [await store.get(given.name), await other.get(given.name)]) {
            expectContent(found, given);
          }
        }),
        { numRuns: 60 },
      );
    });

    promises('may have awkward keys and values', async ({ store }) => {
      const given = appImage({
        name: 'app',
        configTemplates: new Map(AWKWARD_TEXTS.toSorted(byBytes).map((text) => [text, `${text}=${text}`])),
      });
      await store.change('app', () => ({ kind: 'put', appImage: given }), ORIGIN);
      const found = await store.get('app');
      expectContent(found, given);
      expect([...(found?.appImage.configTemplates.keys() ?? [])]).toEqual(AWKWARD_TEXTS.toSorted(byBytes));
    });

    promises('keeps 64-bit integers exactly', async ({ store }) => {
      for (const terminationGracePeriodSeconds of [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]) {
        const given = { ...withProbe({ terminationGracePeriodSeconds }), name: 'app' };
        await store.change('app', () => ({ kind: 'put', appImage: given }), ORIGIN);
        expectContent(await store.get('app'), given);
      }
    });

    promises('tells what is absent from what is empty', async ({ store }) => {
      const absent = { ...appImage({ name: 'app' }), image: undefined };
      await store.change('app', () => ({ kind: 'put', appImage: absent }), ORIGIN);
      expect((await store.get('app'))?.appImage.image).toBeUndefined();
      const empty = appImage({ name: 'app', image: {} });
      await store.change('app', () => ({ kind: 'put', appImage: empty }), ORIGIN);
      expect((await store.get('app'))?.appImage.image).toEqual({ name: '', tag: '', id: '', sign: '' });
    });

    promises('may be 1 MiB large, also for several templates at once', async ({ store }) => {
      const given = ['a', 'b', 'c'].map((each) => ({
        ...withContainer({ command: [each], args: ['€'.repeat(100_000)] }),
        name: each,
        configTemplates: new Map([['app.conf', `${each}\n`.repeat(350_000)]]),
      }));
      await Promise.all(given.map((each) => store.change(each.name, () => ({ kind: 'put', appImage: each }), ORIGIN)));
      const found = await store.getMany(['a', 'b', 'c']);
      for (const [index, each] of given.entries()) {
        expectContent(found[index], each);
      }
      const shrunk = named('a', 'small');
      await store.change('a', () => ({ kind: 'put', appImage: shrunk }), ORIGIN);
      expectContent(await store.get('a'), shrunk);
    });

    promises(
      'that is damaged is a fault and nothing else, and leaves other templates readable',
      async ({ store, damage }) => {
        await store.change('app', put('app', 'first'), ORIGIN);
        await damage('damaged');
        const look = (stored: StoredAppImage | undefined): unknown => stored?.appImage;
        await expect(store.get('damaged').then(look)).rejects.toBeInstanceOf(StoreFaultError);
        await expect(
          store.change(
            'damaged',
            (current) => {
              look(current);
              return { kind: 'keep' };
            },
            ORIGIN,
          ),
        ).rejects.toBeInstanceOf(StoreFaultError);
        expect(summary(await store.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
      },
    );
  });
}
