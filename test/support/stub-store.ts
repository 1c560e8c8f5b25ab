import type { AppImageStore } from '../../src/domain/app-image/app-image-store.js';
import type { ChangeOrigin, HistoryLimits } from '../../src/domain/app-image/revision.js';

/** A change that nobody in particular made. */
export const ORIGIN: ChangeOrigin = { method: 'Test', tokenName: 'test', certificateSubject: '', message: '' };

/** How much history a test's store keeps. */
export const HISTORY: HistoryLimits = { maxRevisions: 100, maxChanges: 1000 };

/** A store of which only some methods are meant to be called; the others reject. */
export function stubStore(methods: Partial<AppImageStore>): AppImageStore {
  const unexpected = (name: string) => () => Promise.reject(new Error(`${name} was not expected to be called`));
  return {
    kind: 'lmdb',
    get: unexpected('get'),
    getMany: unexpected('getMany'),
    list: unexpected('list'),
    change: unexpected('change'),
    getRevision: unexpected('getRevision'),
    listRevisions: unexpected('listRevisions'),
    getTag: unexpected('getTag'),
    changeTag: unexpected('changeTag'),
    readChanges: unexpected('readChanges'),
    lastPosition: unexpected('lastPosition'),
    listedThrough: unexpected('listedThrough'),
    onChange: () => () => undefined,
    ping: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
    ...methods,
  };
}
