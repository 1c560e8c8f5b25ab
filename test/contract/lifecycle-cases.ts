import { describe, expect } from 'vitest';
import { type AppImageStore, StoreUnavailableError } from '../../src/domain/app-image/app-image-store.js';
import { ORIGIN } from '../support/stub-store.js';
import type { Promises } from './contract-case.js';
import { keep, put, summary } from './contract-templates.js';

/** Whether the store answers: `ping`, and closing. */
export function lifecycleCases(promises: Promises): void {
  describe('ping', () => {
    promises('resolves while the database answers', async ({ store }) => {
      await expect(store.ping()).resolves.toBeUndefined();
    });
  });

  describe('a closed store', () => {
    const calls: Readonly<Record<string, (closed: AppImageStore) => Promise<unknown>>> = {
      get: (closed) => closed.get('app'),
      getMany: (closed) => closed.getMany(['app']),
      'getMany of no names': (closed) => closed.getMany([]),
      list: (closed) => closed.list({ after: '', limit: 1 }),
      change: (closed) => closed.change('app', put('app'), ORIGIN),
      'change of a name that no template can have': (closed) => closed.change('', keep, ORIGIN),
      getRevision: (closed) => closed.getRevision('app', 1),
      listRevisions: (closed) => closed.listRevisions('app', { before: undefined, limit: 1 }),
      getTag: (closed) => closed.getTag('app', 'stable'),
      changeTag: (closed) => closed.changeTag('app', 'stable', () => 1),
      readChanges: (closed) => closed.readChanges({ after: 0, limit: 1 }),
      lastPosition: (closed) => closed.lastPosition(),
      listedThrough: (closed) => closed.listedThrough(),
      ping: (closed) => closed.ping(),
    };
    for (const [call, run] of Object.entries(calls)) {
      promises(`rejects ${call} as unavailable`, async ({ store }) => {
        await store.change('app', put('app'), ORIGIN);
        await store[Symbol.asyncDispose]();
        await expect(run(store)).rejects.toBeInstanceOf(StoreUnavailableError);
      });
    }

    promises('may be closed again', async ({ store }) => {
      await store[Symbol.asyncDispose]();
      await expect(store[Symbol.asyncDispose]()).resolves.toBeUndefined();
    });

    promises('leaves other stores on the same data open', async ({ store, second }) => {
      const other = await second();
      await store[Symbol.asyncDispose]();
      await other.change('app', put('app', 'first'), ORIGIN);
      expect(summary(await other.get('app'))).toEqual({ name: 'app', revision: 1, tag: 'first' });
    });
  });
}
