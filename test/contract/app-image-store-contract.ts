import { describe, expect, it } from 'vitest';
import type { AppImageStore, ListOptions } from '../../src/domain/app-image/app-image-store.js';
import type { HistoryLimits } from '../../src/domain/app-image/revision.js';
import { changeCases } from './change-cases.js';
import { changeOrderCases } from './change-order-cases.js';
import { contentCases } from './content-cases.js';
import type { OpenStore, Promises } from './contract-case.js';
import { historyLimitCases } from './history-limit-cases.js';
import { lifecycleCases } from './lifecycle-cases.js';
import { readingCases } from './reading-cases.js';
import { revisionCases } from './revision-cases.js';
import { tagCases } from './tag-cases.js';

export type { OpenedStore } from './contract-case.js';

export interface ContractOptions {
  /** Cases that this store does not pass, by their title, and why. */
  readonly skip?: Readonly<Record<string, string>>;
}

const AMPLE: HistoryLimits = { maxRevisions: 100, maxChanges: 100_000 };

/** The names of a page as it is visited. */
function visited(store: AppImageStore, options: ListOptions): string[] {
  const names: string[] = [];
  const lefts: number[] = [];
  store.visitPageSync?.(options, ({ name }, left) => {
    names.push(name);
    lefts.push(left);
  });
  expect(lefts).toEqual(names.map((_, index) => names.length - index - 1));
  return names;
}

/**
 * What every store promises: each sentence of the port in `domain/app-image/app-image-store.ts` has its cases here. What takes a part of one
 * engine to show, such as an outage or a crash, is shown beside the engine.
 */
export function describeAppImageStore(name: string, open: OpenStore, { skip = {} }: ContractOptions = {}): void {
  describe(`${name} as an AppImage store`, () => {
    const unknownSkips = new Set(Object.keys(skip));

    const promises: Promises = (title, check, history) => {
      const reason = skip[title];
      unknownSkips.delete(title);
      it.skipIf(reason !== undefined)(reason === undefined ? title : `${title} (skipped: ${reason})`, async () => {
        expect.hasAssertions();
        const opened = await open({ ...AMPLE, ...history });
        const { store } = opened;
        try {
          await check({
            store,
            second: () => opened.second(),
            damage: (each) => opened.damage(each),
            names: async (after = '', limit = 1000) => {
              const listed = (await store.list({ after, limit })).map((stored) => stored.name);
              if (store.visitPageSync !== undefined) {
                // Nothing can change in between, since no case changes anything while it lists.
                expect(visited(store, { after, limit })).toEqual(listed);
              }
              return listed;
            },
          });
        } finally {
          await opened.cleanUp();
        }
      });
    };

    readingCases(promises);
    changeCases(promises);
    contentCases(promises);
    revisionCases(promises);
    tagCases(promises);
    changeOrderCases(promises);
    historyLimitCases(promises);
    lifecycleCases(promises);

    it('skips only cases that there are', () => {
      expect([...unknownSkips]).toEqual([]);
    });
  });
}
