import type { StoredAppImage } from '../domain/app-image/app-image.js';
import {
  type AppImageStore,
  type Decide,
  type ListOptions,
  StoreUnavailableError,
  TemplateTooLargeError,
  type Visit,
  type VisitListed,
} from '../domain/app-image/app-image-store.js';
import {
  type ChangeOrigin,
  type ChangesOptions,
  HistoryExpiredError,
  type HistoryOptions,
  type Revision,
  RevisionMissingError,
} from '../domain/app-image/revision.js';
import { AppImageError } from '../domain/errors.js';
import type { StoreMetrics, StoreOperation, StoreOutcome } from '../observability/store-metrics.js';

/** A store that does what `store` does, and reports how long each operation took and how it ended. Disposing it disposes `store`. */
export function observedStore(store: AppImageStore, metrics: StoreMetrics): AppImageStore {
  return new ObservedAppImageStore(store, metrics);
}

class ObservedAppImageStore implements AppImageStore {
  readonly kind: AppImageStore['kind'];
  readonly visitSync?: (names: readonly string[], visit: Visit) => void;
  readonly visitPageSync?: (options: ListOptions, visit: VisitListed) => void;
  readonly #store: AppImageStore;
  readonly #metrics: StoreMetrics;

  constructor(store: AppImageStore, metrics: StoreMetrics) {
    this.kind = store.kind;
    this.#store = store;
    this.#metrics = metrics;
    const visitSync = store.visitSync?.bind(store);
    if (visitSync !== undefined) {
      this.visitSync = (names, visit) =>
        this.#observeSync(names.length === 1 ? 'get' : 'getMany', () => visitSync(names, visit));
    }
    const visitPageSync = store.visitPageSync?.bind(store);
    if (visitPageSync !== undefined) {
      this.visitPageSync = (options, visit) => this.#observeSync('list', () => visitPageSync(options, visit));
    }
  }

  get(name: string): Promise<StoredAppImage | undefined> {
    return this.#observe('get', performance.now(), this.#store.get(name));
  }

  getMany(names: readonly string[]): Promise<readonly (StoredAppImage | undefined)[]> {
    return this.#observe('getMany', performance.now(), this.#store.getMany(names));
  }

  list(options: ListOptions): Promise<readonly StoredAppImage[]> {
    return this.#observe('list', performance.now(), this.#store.list(options));
  }

  change(name: string, decide: Decide, origin: ChangeOrigin): Promise<StoredAppImage | undefined> {
    return this.#observe('change', performance.now(), this.#store.change(name, decide, origin));
  }

  getRevision(name: string, revision: number): Promise<Revision | undefined> {
    return this.#observe('getRevision', performance.now(), this.#store.getRevision(name, revision));
  }

  listRevisions(name: string, options: HistoryOptions): Promise<readonly Revision[]> {
    return this.#observe('listRevisions', performance.now(), this.#store.listRevisions(name, options));
  }

  getTag(name: string, tag: string): Promise<number | undefined> {
    return this.#observe('getTag', performance.now(), this.#store.getTag(name, tag));
  }

  changeTag(
    name: string,
    tag: string,
    decide: (current: number | undefined) => number | undefined,
  ): Promise<number | undefined> {
    return this.#observe('changeTag', performance.now(), this.#store.changeTag(name, tag, decide));
  }

  readChanges(options: ChangesOptions): Promise<readonly Revision[]> {
    return this.#observe('readChanges', performance.now(), this.#store.readChanges(options));
  }

  lastPosition(): Promise<number> {
    return this.#observe('lastPosition', performance.now(), this.#store.lastPosition());
  }

  listedThrough(): Promise<number> {
    return this.#observe('listedThrough', performance.now(), this.#store.listedThrough());
  }

  onChange(listener: () => void): () => void {
    return this.#store.onChange(listener);
  }

  ping(): Promise<void> {
    return this.#observe('ping', performance.now(), this.#store.ping());
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#store[Symbol.asyncDispose]();
  }

  #observeSync(operation: StoreOperation, run: () => void): void {
    const startedAt = performance.now();
    try {
      run();
    } catch (error) {
      this.#finished(operation, outcomeOf(error), startedAt);
      throw error;
    }
    this.#finished(operation, 'ok', startedAt);
  }

  /** Hands the store's own promise on, so that the caller waits for nothing of ours. `startedAt` is taken before the store is called. */
  #observe<T>(operation: StoreOperation, startedAt: number, result: Promise<T>): Promise<T> {
    result.then(
      () => this.#finished(operation, 'ok', startedAt),
      (error: unknown) => this.#finished(operation, outcomeOf(error), startedAt),
    );
    return result;
  }

  #finished(operation: StoreOperation, outcome: StoreOutcome, startedAt: number): void {
    this.#metrics.storeOperationFinished(operation, outcome, (performance.now() - startedAt) / 1000);
  }
}

function outcomeOf(error: unknown): StoreOutcome {
  if (
    error instanceof AppImageError ||
    error instanceof HistoryExpiredError ||
    error instanceof RevisionMissingError ||
    error instanceof TemplateTooLargeError
  ) {
    return 'refused';
  }
  return error instanceof StoreUnavailableError ? 'unavailable' : 'fault';
}
