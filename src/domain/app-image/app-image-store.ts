import type { AppImage, StoredAppImage } from './app-image.js';

/**
 * What is to become of a template: `put` stores new content under the next revision, `delete` removes it, `keep` writes
 * nothing.
 */
export type Decision =
  | { readonly kind: 'put'; readonly appImage: AppImage }
  | { readonly kind: 'delete' }
  | { readonly kind: 'keep' };

/**
 * Decides on a change from the state that stands. It must be pure and synchronous: a store may call it several times,
 * each time with a newer state, and writes only the decision that was made on the state that still stands. What it
 * throws reaches the caller of {@link AppImageStore.change} unchanged, and nothing is written.
 */
export type Decide = (current: StoredAppImage | undefined) => Decision;

/** Selects a page of templates. */
export interface ListOptions {
  /** Only names that sort behind this one; the empty string starts at the first. */
  readonly after: string;
  /** Most templates to return, at least 1. */
  readonly limit: number;
}

/**
 * The port that every store fulfils. Each sentence here has a case in `test/contract/`, which runs on every store.
 *
 * Every method rejects with {@link StoreUnavailableError} when the database cannot be reached in time (5 s at most), and with
 * {@link StoreFaultError} for any other fault of it; driver errors never come through bare. A closed store rejects
 * every call with {@link StoreUnavailableError}.
 */
export interface AppImageStore extends AsyncDisposable {
  /** Kind of the store, for logs and metrics. */
  readonly kind: 'lmdb' | 'mongodb';

  /** The newest revision of a template, or `undefined` where there is none. Any string is a valid question. */
  get(name: string): Promise<StoredAppImage | undefined>;

  /**
   * The templates of these names, position by position, `undefined` where one is missing; names may repeat. Costs one
   * round trip to the database, not one a name.
   */
  getMany(names: readonly string[]): Promise<readonly (StoredAppImage | undefined)[]>;

  /**
   * A page of templates in the order of their names, byte by byte. Templates that come or go meanwhile never make
   * the pages that follow repeat or skip another one.
   */
  list(options: ListOptions): Promise<readonly StoredAppImage[]>;

  /**
   * Changes one template atomically: calls `decide` with what stands and carries out its decision, so that concurrent
   * changes, also those of other processes, are made one upon the other and none is lost.
   *
   * Returns the stored revision after a `put`; the state that stands (or `undefined`) after a `keep`; `undefined` after a
   * `delete`. When it resolves, the change is durable: it survives a crash of the process and of the machine. When it
   * rejects with {@link StoreUnavailableError}, a change may have been stored or not, but never in part.
   *
   * A `put` must keep the name. A first `put` has revision 1; each further change of that name, a `delete` included, takes the next number.
   */
  change(name: string, decide: Decide): Promise<StoredAppImage | undefined>;

  /** Resolves when the database answers. */
  ping(): Promise<void>;
}

/** The database cannot be reached, or did not answer in time. Retrying later may help. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** The database answered with a fault, or holds what it should not. Retrying does not help. */
export class StoreFaultError extends Error {
  override readonly name = 'StoreFaultError';
}
