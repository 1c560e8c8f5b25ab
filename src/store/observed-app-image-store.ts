import type { StoredAppImage } from '../domain/app-image/app-image.js';
import {
  type AppImageStore,
  type Decide,
  type ListOptions,
  StoreUnavailableError,
} from '../domain/app-image/app-image-store.js';
import { AppImageError } from '../domain/errors.js';
import type { StoreMetrics, StoreOperation, StoreOutcome } from '../observability/store-metrics.js';

/** A store that does what `store` does, and reports how long each operation took and how it ended. Disposing it disposes `store`. */
export function observedStore(store: AppImageStore, metrics: StoreMetrics): AppImageStore {
  return new ObservedAppImageStore(store, metrics);
}

class ObservedAppImageStore implements AppImageStore {
  readonly kind: AppImageStore['kind'];
  readonly #store: AppImageStore;
  readonly #metrics: StoreMetrics;

  constructor(store: AppImageStore, metrics: StoreMetrics) {
    this.kind = store.kind;
    this.#store = store;
    this.#metrics = metrics;
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

  change(name: string, decide: Decide): Promise<StoredAppImage | undefined> {
    return this.#observe('change', performance.now(), this.#store.change(name, decide));
  }

  ping(): Promise<void> {
    return this.#observe('ping', performance.now(), this.#store.ping());
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#store[Symbol.asyncDispose]();
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
  if (error instanceof AppImageError) {
    return 'refused';
  }
  return error instanceof StoreUnavailableError ? 'unavailable' : 'fault';
}
