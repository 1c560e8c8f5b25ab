import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AppImageStore } from '../domain/app-image/app-image-store.js';
import { HistoryExpiredError, type Revision } from '../domain/app-image/revision.js';
import { BatchSize } from './batch-size.js';

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
  /** Called when the store can no longer be read, once until it can again; the feed goes on by itself. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Changes that arrive within this time go out together. Each batch costs a write for each watcher, so the time grows with their number: with a
 * thousand there are a few batches a second, and still every change arrives well within a second.
 */
const MIN_GATHER_MS = 10;
const MAX_GATHER_MS = 200;
const GATHER_MS_PER_WATCHER = 0.2;
/**
 * While many watchers still have the batch before to send, the next one gathers more, so that a process which cannot keep up sends fewer and larger
 * batches instead of falling behind: until this share of them is ready, or this time is over.
 */
const READY_SHARE = 0.75;
const MAX_HOLD_MS = 400;
const HOLD_CHECK_MS = 20;

/** Bytes of templates that are kept in memory for watchers that are a little behind; others read the store. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
/** Batches that are kept, however small. */
const MAX_KEPT_BATCHES = 256;
/** Batches read from the store that are shared by watchers at the same place, such as all that come back after a restart. */
const MAX_SHARED_READS = 32;
/** What a change costs besides its template. */
const CHANGE_OVERHEAD_BYTES = 256;

/** Bytes that a change holds in memory, about, and in a message. */
export function bytesOfChange({ content }: Pick<Revision, 'content'>): number {
  return CHANGE_OVERHEAD_BYTES + (content?.encoded.protobuf.length ?? 0);
}

/**
 * The newest changes, read from the store once for all watchers of this process. Every watcher gets the same batch objects, so that what is made
 * of a batch for one can serve all. It reads only while somebody has {@link join}ed.
 */
export class ChangeFeed implements Disposable {
  readonly #store: AppImageStore;
  readonly #options: ChangeFeedOptions;
  readonly #size = new BatchSize();
  readonly #sharedReads = new Map<number, Promise<ChangeBatch | undefined>>();
  readonly #waiters = new Set<() => void>();
  #members = 0;
  #started: Promise<void> | undefined;
  #stopListening: () => void = () => undefined;
  /** The newest batches without a gap between them; the last one ends at {@link #position}. */
  #batches: ChangeBatch[] = [];
  #keptBytes = 0;
  #position = 0;
  /** When the watchers were told of the last batch. */
  #wokenAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the store is being read, so that a read that outlives its members is not taken for one of later members. */
  #reading: object | undefined;
  /** Whether this process has stored something since the last read began. */
  #nudged = false;
  #faulty = false;
  #closed = false;

  constructor(store: AppImageStore, options: ChangeFeedOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** The newest position that the feed has read. */
  get position(): number {
    return this.#position;
  }

  /** Whether it has been disposed of, and nothing will come any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Has the feed read the store until the returned function is called.
   * @throws Error of the store, where it cannot be read
   */
  async join(): Promise<() => void> {
    if (this.#closed) {
      return () => undefined;
    }
    this.#members += 1;
    let member = true;
    const leave = (): void => {
      if (member) {
        member = false;
        this.#members -= 1;
        if (this.#members === 0) {
          this.#stop();
        }
      }
    };
    try {
      this.#started ??= this.#start();
      await this.#started;
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  /**
   * The next changes behind a position, or `undefined` where there are none yet.
   * @throws HistoryExpiredError where they are no longer kept
   */
  async next(after: number): Promise<ChangeBatch | undefined> {
    return after >= this.#position ? undefined : (this.#keptBatchAt(after) ?? (await this.read(after)));
  }

  /**
   * As {@link next}, but asks the store, also for what the feed has not read yet.
   * @throws HistoryExpiredError where they are no longer kept
   */
  async read(after: number): Promise<ChangeBatch | undefined> {
    let read = this.#sharedReads.get(after);
    if (read === undefined) {
      read = this.#readBatch(after).then(({ batch }) => batch);
      this.#sharedReads.set(after, read);
      const forget = (): void => {
        if (this.#sharedReads.get(after) === read) {
          this.#sharedReads.delete(after);
        }
      };
      // What is there stays as it is; what is not there yet may come.
      read.then((batch) => (batch === undefined ? forget() : undefined), forget);
      for (const oldest of this.#sharedReads.keys()) {
        if (this.#sharedReads.size <= MAX_SHARED_READS) {
          break;
        }
        this.#sharedReads.delete(oldest);
      }
    }
    return await read;
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

  /** Has everyone who waits look again. */
  wake(): void {
    for (const wake of this.#waiters) {
      wake();
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#stop();
    this.wake();
  }

  async #start(): Promise<void> {
    const reading = {};
    this.#reading = reading;
    // From before the position is known, so that no hint is lost in between.
    this.#stopListening = this.#store.onChange(() => this.#nudge());
    try {
      this.#position = await this.#store.lastPosition();
    } catch (error) {
      if (this.#reading === reading) {
        this.#stop();
      }
      throw error;
    }
    if (this.#reading === reading) {
      this.#reading = undefined;
      this.#scheduleRead(this.#nudged ? this.#gatherMs() : this.#pollMs());
    }
  }

  #stop(): void {
    this.#stopListening();
    clearTimeout(this.#timer);
    this.#started = undefined;
    this.#reading = undefined;
    this.#nudged = false;
    this.#batches = [];
    this.#keptBytes = 0;
    this.#sharedReads.clear();
  }

  #nudge(): void {
    if (!this.#nudged) {
      this.#nudged = true;
      if (this.#reading === undefined) {
        this.#scheduleRead(this.#gatherMs());
      }
    }
  }

  #gatherMs(): number {
    return Math.min(MAX_GATHER_MS, Math.max(MIN_GATHER_MS, this.#members * GATHER_MS_PER_WATCHER));
  }

  #pollMs(): number {
    return Math.max(this.#options.pollIntervalMs, this.#gatherMs());
  }

  #scheduleRead(delayMs: number): void {
    if (this.#closed || this.#members === 0) {
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const busy = this.#waiters.size < this.#members * READY_SHARE;
      if (busy && performance.now() - this.#wokenAtMs < MAX_HOLD_MS) {
        this.#scheduleRead(HOLD_CHECK_MS);
      } else {
        void this.#readNewest();
      }
    }, delayMs);
  }

  async #readNewest(): Promise<void> {
    this.#nudged = false;
    const reading = {};
    this.#reading = reading;
    let batch: ChangeBatch | undefined;
    let more = false;
    let fault: unknown;
    try {
      ({ batch, more } = await this.#readBatch(this.#position));
    } catch (error) {
      fault = error;
    }
    if (this.#reading !== reading) {
      return;
    }
    this.#reading = undefined;
    if (fault === undefined) {
      this.#faulty = false;
    } else {
      this.#recover(fault);
    }
    if (batch !== undefined) {
      this.#keep(batch);
      this.#wokenAtMs = performance.now();
      this.wake();
    }
    this.#scheduleRead(more ? 0 : this.#nudged ? this.#gatherMs() : this.#pollMs());
  }

  /** `more` tells that the store has probably further changes behind the batch. */
  async #readBatch(after: number): Promise<{ batch: ChangeBatch | undefined; more: boolean }> {
    const { limit } = this.#size;
    const read = await this.#store.readChanges({ after, limit });
    // Stores may answer without a turn of the event loop, and a long way to catch up must not hold up everyone else.
    await nextTurn();
    const changes = this.#size.fit(read, bytesOfChange);
    const last = changes.at(-1);
    const batch = last && { after, through: last.position, changes };
    return { batch, more: read.length === limit || changes.length < read.length };
  }

  #keep(batch: ChangeBatch): void {
    this.#batches.push(batch);
    this.#position = batch.through;
    this.#keptBytes += bytesOf(batch);
    while (this.#batches.length > MAX_KEPT_BATCHES || (this.#keptBytes > MAX_KEPT_BYTES && this.#batches.length > 1)) {
      const oldest = this.#batches.shift();
      this.#keptBytes -= oldest === undefined ? 0 : bytesOf(oldest);
    }
  }

  #keptBatchAt(after: number): ChangeBatch | undefined {
    // Searched from the end: nearly every watcher is at the newest batch.
    for (let index = this.#batches.length - 1; index >= 0; index -= 1) {
      const batch = this.#batches[index];
      if (batch !== undefined && batch.after <= after) {
        return batch.after === after
          ? batch
          : { ...batch, after, changes: batch.changes.filter(({ position }) => position > after) };
      }
    }
    return undefined;
  }

  #recover(error: unknown): void {
    if (!this.#faulty) {
      this.#faulty = true;
      this.#options.onFault(error);
    }
    if (error instanceof HistoryExpiredError) {
      // This process has slept longer than the history reaches back. Its watchers ask the store for what they lack, and are told.
      this.#batches = [];
      this.#keptBytes = 0;
      this.#position = error.earliest;
      this.wake();
    }
  }
}

function bytesOf({ changes }: ChangeBatch): number {
  return changes.reduce((sum, change) => sum + bytesOfChange(change), 0);
}
