import { describe, expect, it } from 'vitest';
import {
  type AppImageStore,
  StoreFaultError,
  StoreUnavailableError,
} from '../../src/domain/app-image/app-image-store.js';
import { HistoryExpiredError, RevisionMissingError } from '../../src/domain/app-image/revision.js';
import { AppImageError } from '../../src/domain/errors.js';
import type { StoreMetrics } from '../../src/observability/store-metrics.js';
import { observedStore } from '../../src/store/observed-app-image-store.js';
import { ORIGIN } from '../support/stub-store.js';

/** A store that does nothing but say what it was asked; `failure` is what every call rejects with. */
function recordingStore(failure?: Error): { store: AppImageStore; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const answer = async <T>(value: T, ...call: unknown[]): Promise<T> => {
    calls.push(call);
    if (failure !== undefined) {
      throw failure;
    }
    return value;
  };
  return {
    calls,
    store: {
      kind: 'mongodb',
      get: (name) => answer(undefined, 'get', name),
      getMany: (names) => answer([], 'getMany', names),
      list: (options) => answer([], 'list', options),
      change: (name, decide, origin) => answer(undefined, 'change', name, decide, origin),
      getRevision: (name, revision) => answer(undefined, 'getRevision', name, revision),
      listRevisions: (name, options) => answer([], 'listRevisions', name, options),
      getTag: (name, tag) => answer(undefined, 'getTag', name, tag),
      changeTag: (name, tag, decide) => answer(undefined, 'changeTag', name, tag, decide),
      readChanges: (options) => answer([], 'readChanges', options),
      lastPosition: () => answer(0, 'lastPosition'),
      listedThrough: () => answer(0, 'listedThrough'),
      onChange: () => () => undefined,
      ping: () => answer(undefined, 'ping'),
      [Symbol.asyncDispose]: () => answer(undefined, 'dispose'),
    },
  };
}

describe('an observed store', () => {
  it('forwards every call as it is, and reports it', async () => {
    const { store, calls } = recordingStore();
    const reports: unknown[][] = [];
    const observed = observedStore(store, { storeOperationFinished: (...report) => reports.push(report) });
    const decide = () => ({ kind: 'keep' }) as const;
    const names = ['a', 'b'];
    const page = { after: '', limit: 1 };
    const history = { before: undefined, limit: 1 };
    const changes = { after: 0, limit: 1 };
    const move = () => 1;
    expect(observed.kind).toBe('mongodb');
    expect(await observed.get('a')).toBeUndefined();
    expect(await observed.getMany(names)).toEqual([]);
    expect(await observed.list(page)).toEqual([]);
    expect(await observed.change('a', decide, ORIGIN)).toBeUndefined();
    expect(await observed.getRevision('a', 1)).toBeUndefined();
    expect(await observed.listRevisions('a', history)).toEqual([]);
    expect(await observed.getTag('a', 't')).toBeUndefined();
    expect(await observed.changeTag('a', 't', move)).toBeUndefined();
    expect(await observed.readChanges(changes)).toEqual([]);
    expect(await observed.lastPosition()).toBe(0);
    expect(await observed.listedThrough()).toBe(0);
    await observed.ping();
    await observed[Symbol.asyncDispose]();
    expect(calls).toEqual([
      ['get', 'a'],
      ['getMany', names],
      ['list', page],
      ['change', 'a', decide, ORIGIN],
      ['getRevision', 'a', 1],
      ['listRevisions', 'a', history],
      ['getTag', 'a', 't'],
      ['changeTag', 'a', 't', move],
      ['readChanges', changes],
      ['lastPosition'],
      ['listedThrough'],
      ['ping'],
      ['dispose'],
    ]);
    expect(reports.map(([operation, outcome]) => [operation, outcome])).toEqual([
      ['get', 'ok'],
      ['getMany', 'ok'],
      ['list', 'ok'],
      ['change', 'ok'],
      ['getRevision', 'ok'],
      ['listRevisions', 'ok'],
      ['getTag', 'ok'],
      ['changeTag', 'ok'],
      ['readChanges', 'ok'],
      ['lastPosition', 'ok'],
      ['listedThrough', 'ok'],
      ['ping', 'ok'],
    ]);
    expect(reports.every(([, , seconds]) => typeof seconds === 'number' && seconds >= 0 && seconds < 60)).toBe(true);
  });

  it.each([
    ['unavailable', new StoreUnavailableError('gone')],
    ['fault', new StoreFaultError('broken')],
    ['fault', new TypeError('a fault of ours')],
    ['refused', new AppImageError('APP_IMAGE_NOT_FOUND', 'none')],
    ['refused', new HistoryExpiredError(7)],
    ['refused', new RevisionMissingError('none')],
  ])('reports the outcome %s of %o, which reaches the caller unchanged', async (outcome, failure) => {
    const outcomes: string[] = [];
    const observed = observedStore(recordingStore(failure).store, {
      storeOperationFinished: (_, ended) => outcomes.push(ended),
    });
    await expect(observed.change('a', () => ({ kind: 'keep' }), ORIGIN)).rejects.toBe(failure);
    expect(outcomes).toEqual([outcome]);
  });

  it('has what can be visited at once where the store has, and reports it as what it stands for', () => {
    const reports: string[][] = [];
    const metrics: StoreMetrics = {
      storeOperationFinished: (operation, outcome) => reports.push([operation, outcome]),
    };
    const { store } = recordingStore();
    const waiting = observedStore(store, metrics);
    expect([waiting.visitSync !== undefined, waiting.visitPageSync !== undefined]).toEqual([false, false]);

    const asked: unknown[] = [];
    const page = { after: 'a', limit: 1 };
    const visit = () => undefined;
    const failure = new StoreFaultError('broken');
    const observed = observedStore(
      {
        ...store,
        visitSync: (names) => asked.push(names),
        visitPageSync: (...call) => {
          asked.push(call);
          throw failure;
        },
      },
      metrics,
    );
    observed.visitSync?.(['a'], visit);
    observed.visitSync?.(['a', 'b'], visit);
    expect(() => observed.visitPageSync?.(page, visit)).toThrow(failure);
    expect(asked).toEqual([['a'], ['a', 'b'], [page, visit]]);
    expect(reports).toEqual([
      ['get', 'ok'],
      ['getMany', 'ok'],
      ['list', 'fault'],
    ]);
  });
});
