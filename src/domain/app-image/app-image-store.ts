import type { AppImage, StoredAppImage } from './app-image.js';
import type { ChangeOrigin, ChangesOptions, HistoryOptions, Revision } from './revision.js';

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

/** Takes what it needs of a template that is good only during the call; see {@link AppImageStore.visitSync}. */
export type Visit = (stored: StoredAppImage | undefined, name: string) => void;

/** As {@link Visit}, for a template of a page; `left` tells how many of the page are still to come. */
export type VisitListed = (stored: StoredAppImage, left: number) => void;

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
   * Does what {@link getMany} does, at once and without a copy, on a store that has its data at hand; absent on one that has to wait for a
   * database. Hands each template, or `undefined`, to `visit` in the order of the names. What `visit` is handed is good only until it
   * returns: it takes from it what it needs, and asks the store for nothing. Throws what {@link getMany} rejects with, and what `visit` throws.
   */
  visitSync?(names: readonly string[], visit: Visit): void;

  /**
   * A page of templates in the order of their names, byte by byte. Templates that come or go meanwhile never make
   * the pages that follow repeat or skip another one.
   */
  list(options: ListOptions): Promise<readonly StoredAppImage[]>;

  /** Does what {@link list} does, as {@link visitSync} does what {@link getMany} does, and on the same stores. */
  visitPageSync?(options: ListOptions, visit: VisitListed): void;

  /**
   * Changes one template atomically: calls `decide` with what stands and carries out its decision, so that concurrent
   * changes, also those of other processes, are made one upon the other and none is lost.
   *
   * Returns the stored revision after a `put`; the state that stands (or `undefined`) after a `keep`; `undefined` after a
   * `delete`. When it resolves, the change is durable: it survives a crash of the process and of the machine. When it
   * rejects with {@link StoreUnavailableError}, a change may have been stored or not, but never in part.
   *
   * A `put` that changes the name rejects with {@link StoreFaultError}, one of more than the store can hold with
   * {@link TemplateTooLargeError}. A first `put` has revision 1; each further change of that name, a `delete` included, takes the next
   * number; a `delete` of nothing takes none.
   *
   * Every `put`, and every `delete` of a template that was there, becomes a {@link Revision} with `origin`, and takes its place in the
   * order of all changes: in the same step, so that neither is ever there without the other. A change that was made upon another one, or began
   * after another one had been acknowledged, has the higher position.
   */
  change(name: string, decide: Decide, origin: ChangeOrigin): Promise<StoredAppImage | undefined>;

  /** One revision of a name, deleted templates included; `undefined` where it never was or is no longer kept. */
  getRevision(name: string, revision: number): Promise<Revision | undefined>;

  /**
   * The history of a name, the newest revision first, deletes included. The newest `maxRevisions` (see `HistoryLimits`) revisions
   * are there, and every one that has a tag; of others it is undefined whether they still are.
   */
  listRevisions(name: string, options: HistoryOptions): Promise<readonly Revision[]>;

  /** The revision of a name that a tag points at, or `undefined` where there is no such tag. */
  getTag(name: string, tag: string): Promise<number | undefined>;

  /**
   * Moves, sets or removes a tag of a name atomically: calls `decide`, pure and synchronous as {@link Decide}, with the revision that the tag
   * points at, and points it at the one that it returns; `undefined` removes the tag. Returns what it points at now. What `decide` throws
   * reaches the caller unchanged. Tags are no changes: they have no position.
   * @throws RevisionMissingError where the revision to point at does not exist; the tag is as it was
   */
  changeTag(
    name: string,
    tag: string,
    decide: (current: number | undefined) => number | undefined,
  ): Promise<number | undefined>;

  /**
   * Changes of all templates in their one order. A change that has once been left out of an answer never appears before
   * one that was in it: positions become visible in their order, whatever process wrote them, so a reader that goes on behind the last
   * position it has seen misses nothing and gets nothing twice.
   * @throws HistoryExpiredError where changes behind `after` are no longer kept; never a silent gap
   */
  readChanges(options: ChangesOptions): Promise<readonly Revision[]>;

  /** The position of the newest change; 0 in an empty store. Every change that was acknowledged before the call is at or below it. */
  lastPosition(): Promise<number>;

  /**
   * A position that lists have reached: one that begins after the call shows every change at or below it, or one that was made upon it. At
   * most {@link lastPosition}, and behind it where the store answers lists from a view that follows its changes.
   */
  listedThrough(): Promise<number>;

  /**
   * Calls `listener` soon after this process has stored a change: a hint to read the changes now. Changes of other
   * processes may go without one.
   * @returns a function that ends it
   */
  onChange(listener: () => void): () => void;

  /** Resolves when the database answers. */
  ping(): Promise<void>;
}

/** The database cannot be reached, or did not answer in time. Retrying later may help. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** A template is larger than the store can hold. Nothing of it has been stored. */
export class TemplateTooLargeError extends Error {
  override readonly name = 'TemplateTooLargeError';
}

/** The database answered with a fault, or holds what it should not. Retrying does not help. */
export class StoreFaultError extends Error {
  override readonly name = 'StoreFaultError';
}
