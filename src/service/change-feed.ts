import type { AppImageStore } from '../domain/app-image/app-image-store.js';
import { HistoryExpiredError, type Revision } from '../domain/app-image/revision.js';

/** Changes of all templates behind one position and up to another, in their order. */
export interface ChangeBatch {
  /** Position behind which the batch begins. */
  readonly after: number;
  /** Position that a reader has reached with this batch. */
  readonly through: number;
  readonly changes: readonly Revision[];
}

export interface ChangeFeedOptions {
  /** How often the store is asked for changes of other processes. */
  readonly pollIntervalMs: number;
  /** Called where the store cannot be read; the feed goes on by itself. */
  readonly onFault: (error: unknown) => void;
}

/** Changes that arrive within this time go out together, so that a thousand watchers cost a few writes each a second, not one for each change. */
const GATHER_MS = 20;
/** Most changes in one batch. */
const MAX_BATCH_CHANGES = 250;
/** Batches that are kept in memory for watchers that are a little behind; others read the store. */
const KEPT_BATCHES = 256;

/**
 * The newest changes, read from the store once for all watchers of this process. Every watcher gets the same batch objects, so that what is made
 * of a batch for one can serve all.
 */
export class ChangeFeed implements AsyncDisposable {
  readonly #store: AppImageStore;
  readonly #options: ChangeFeedOptions;
  readonly #stopListening: () => void;
  /** The newest batches without a gap between them; the last one ends at {@link #position}. */
  #batches: ChangeBatch[] = [];
  #position: number;
  readonly #waiters = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  /** Whether this process has stored something since the last read began. */
  #nudged = false;
  #closed = false;

  private constructor(store: AppImageStore, position: number, options: ChangeFeedOptions) {
    this.#store = store;
    this.#position = position;
    this.#options = options;
    this.#stopListening = store.onChange(() => this.#nudge());
    this.#readAfter(options.pollIntervalMs);
  }

  /** Starts behind the newest change. */
  static async open(store: AppImageStore, options: ChangeFeedOptions): Promise<ChangeFeed> {
    return new ChangeFeed(store, await store.lastPosition(), options);
  }

  /** The newest position that the feed has read. */
  get position(): number {
    return this.#position;
  }

  /**
   * The next changes behind a position, or `undefined` where there are none yet.
   * @throws HistoryExpiredError where they are no longer kept
   */
  async next(after: number): Promise<ChangeBatch | undefined> {
    if (after >= this.#position) {
      return undefined;
    }
    const kept = this.#keptBatchAt(after);
    if (kept !== undefined) {
      return kept;
    }
    const changes = await this.#store.readChanges({ after, limit: MAX_BATCH_CHANGES });
    const last = changes.at(-1);
    return last === undefined ? undefined : { after, through: last.position, changes };
  }

  /** Resolves when there is something behind a position, when the time is over, or when the signal aborts. */
  async waitBehind(position: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (position < this.#position || this.#closed || signal.aborted) {
      return;
    }
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', settle);
        this.#waiters.delete(settle);
        resolve();
      };
      const timer = setTimeout(settle, timeoutMs);
      signal.addEventListener('abort', settle);
      this.#waiters.add(settle);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    clearTimeout(this.#timer);
    this.#wake();
    await this.#reading;
  }

  #keptBatchAt(after: number): ChangeBatch | undefined {
    // Searched from the end: nearly every watcher is at the newest batch.
    for (let index = this.#batches.length - 1; index >= 0; index -= 1) {
      const batch = this.#batches[index];
      if (batch !== undefined && batch.after <= after) {
        if (batch.after === after) {
          return batch;
        }
        return batch.through > after
          ? { ...batch, after, changes: batch.changes.filter(({ position }) => position > after) }
          : undefined;
      }
    }
    return undefined;
  }

  #nudge(): void {
    if (!this.#nudged) {
      this.#nudged = true;
      if (this.#reading === undefined) {
        this.#readAfter(GATHER_MS);
      }
    }
  }

  #readAfter(delayMs: number): void {
    if (this.#closed) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#nudged = false;
      this.#reading = this.#read();
    }, delayMs);
  }

  async #read(): Promise<void> {
    let more = false;
    try {
      const changes = await this.#store.readChanges({ after: this.#position, limit: MAX_BATCH_CHANGES });
      const last = changes.at(-1);
      if (last !== undefined) {
        this.#batches.push({ after: this.#position, through: last.position, changes });
        if (this.#batches.length > KEPT_BATCHES) {
          this.#batches.shift();
        }
        this.#position = last.position;
        this.#wake();
        more = changes.length === MAX_BATCH_CHANGES;
      }
    } catch (error) {
      this.#recover(error);
    }
    this.#reading = undefined;
    this.#readAfter(more ? 0 : this.#nudged ? GATHER_MS : this.#options.pollIntervalMs);
  }

  #recover(error: unknown): void {
    this.#options.onFault(error);
    if (error instanceof HistoryExpiredError) {
      // This process has slept longer than the history reaches back. Its watchers ask the store for what they lack, and are told.
      this.#batches = [];
      this.#position = error.earliest;
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) {
      wake();
    }
  }
}
