import type { AppImageStore } from '../../src/domain/app-image/app-image-store.js';
import type { HistoryLimits } from '../../src/domain/app-image/revision.js';

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

/** Opens a store for one case; every store on its data keeps as much of the history as is given. */
export type OpenStore = (history: HistoryLimits) => Promise<OpenedStore>;

/** What a case has to work with: an {@link OpenedStore} whose parts may be taken out of it. */
export interface Subject {
  readonly store: AppImageStore;
  readonly second: () => Promise<AppImageStore>;
  readonly damage: (name: string) => Promise<void>;
  /** The names that the store lists. */
  readonly names: (after?: string, limit?: number) => Promise<string[]>;
}

/** States a promise of the port and how it is checked, on a store of its own. */
export type Promises = (
  title: string,
  check: (subject: Subject) => Promise<void>,
  history?: Partial<HistoryLimits>,
) => void;
