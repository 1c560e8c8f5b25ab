import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import type { ChangeLog } from './change-log.js';
import type { HistoryMarkers } from './history-markers.js';
import type { RevisionDocument } from './revision-document.js';

/** What is looked at of each change that goes by. */
type PassingChange = Pick<RevisionDocument, keyof typeof FIELDS>;

const FIELDS = { name: 1, revision: 1, position: 1, write_id: 1, writer: 1, writer_settled: 1 } as const;
const PAGE = 500;
/**
 * How old the knowledge of the end of the log may be. Far below the age of what is deleted, so that nobody who slept takes a position for free
 * that was taken and deleted meanwhile.
 */
const FRESH_MS = 30_000;

/** A change of which it is not known yet that the view shows it. */
export interface UnsettledChange {
  readonly name: string;
  readonly position: number;
  readonly revision: number;
  readonly writer: string;
  /** When this process first saw it, on the clock of `performance.now()`. */
  readonly seenAtMs: number;
}

/** Follows the changes of one name from before its newest revision is read until its next one is appended. */
export interface WatchedName extends Disposable {
  /** The highest revision that went by meanwhile; infinite where that is not known. */
  readonly newest: number;
}

/**
 * What one process knows of the end of the log. It sees every change go by, its own included, exactly once and in order, and remembers those
 * that the view may not show yet. Whoever appends knows by this that nothing came between.
 */
export class LogTail {
  readonly #log: ChangeLog;
  readonly #markers: HistoryMarkers;
  readonly #writer: string;
  readonly #onPass: (change: PassingChange) => void;
  readonly #unsettled = new Map<string, UnsettledChange>();
  readonly #watched = new Map<string, { newest: number }>();
  #last: number | undefined;
  #ownLast = 0;
  #confirmedAt = { monotonicMs: Number.NEGATIVE_INFINITY, wallMs: 0 };
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** @param onPass is told each change as it goes by */
  constructor(log: ChangeLog, markers: HistoryMarkers, writer: string, onPass: (change: PassingChange) => void) {
    this.#log = log;
    this.#markers = markers;
    this.#writer = writer;
    this.#onPass = onPass;
  }

  /** The last position that is known to be taken. */
  get last(): number {
    return this.#last ?? 0;
  }

  /** Whether {@link last} was the end of the log not long ago. */
  get isFresh(): boolean {
    // Each clock misses another way of being stopped.
    const monotonicMs = performance.now() - this.#confirmedAt.monotonicMs;
    return this.#last !== undefined && Math.max(monotonicMs, Date.now() - this.#confirmedAt.wallMs) < FRESH_MS;
  }

  /** Changes that the view may not show yet, the longest known first. */
  get unsettled(): readonly UnsettledChange[] {
    return [...this.#unsettled.values()];
  }

  /** Up to here the view shows every change, or one that overtook it. */
  get settledThrough(): number {
    return this.unsettled.reduce((through, { position }) => Math.min(through, position - 1), this.last);
  }

  /** The same of the changes that this process made. */
  get ownSettledThrough(): number {
    return this.unsettled
      .filter(({ writer }) => writer === this.#writer)
      .reduce((through, { position }) => Math.min(through, position - 1), this.#ownLast);
  }

  /** The newest change of a name, where the view may not show it yet. */
  unsettledOf(name: string): UnsettledChange | undefined {
    return this.#unsettled.get(name);
  }

  /** The view shows this revision of the name. */
  settle(name: string, revision: number): void {
    if ((this.#unsettled.get(name)?.revision ?? 0) <= revision) {
      this.#unsettled.delete(name);
    }
  }

  /** Begins to watch a name, which nobody else does meanwhile. */
  watch(name: string): WatchedName {
    const watched = { newest: 0, [Symbol.dispose]: () => void this.#watched.delete(name) };
    this.#watched.set(name, watched);
    return watched;
  }

  /** Makes {@link last} known, however old. */
  async start(): Promise<void> {
    if (this.#last === undefined) {
      await this.follow();
    }
  }

  /**
   * Lets everything go by that was appended before the call. Calls that wait share one reading.
   * @param isSureOfMore whether there is something, as is known from a position that was taken
   */
  async follow(isSureOfMore = false): Promise<void> {
    this.#next ??= this.#followNext(isSureOfMore);
    await this.#next;
  }

  /**
   * Lets changes go by that were appended or read, in their order; those that went by already are passed over.
   * @returns whether they followed what went by before, without a gap
   */
  pass(changes: readonly PassingChange[]): boolean {
    const settledThrough = new Map<string, number>();
    for (const change of changes) {
      const { position } = change;
      if (position > this.last + 1) {
        return false;
      }
      if (position === this.last + 1) {
        this.#passOne(change);
        settledThrough.set(change.writer, change.writer_settled);
      }
    }
    for (const { name, writer, position } of settledThrough.size === 0 ? [] : this.unsettled) {
      if (position <= (settledThrough.get(writer) ?? 0)) {
        this.#unsettled.delete(name);
      }
    }
    return true;
  }

  #passOne(change: PassingChange): void {
    const { name, position, revision, writer } = change;
    this.#last = position;
    if (writer === this.#writer) {
      this.#ownLast = position;
    }
    const watched = this.#watched.get(name);
    if (watched !== undefined) {
      watched.newest = Math.max(watched.newest, revision);
    }
    this.#unsettled.set(name, { name, position, revision, writer, seenAtMs: performance.now() });
    this.#onPass(change);
  }

  async #followNext(isSureOfMore: boolean): Promise<void> {
    await this.#running;
    this.#next = undefined;
    const run = this.#follow(isSureOfMore);
    this.#running = settled(run);
    await run;
  }

  async #follow(isSureOfMore: boolean): Promise<void> {
    const startedAt = { monotonicMs: performance.now(), wallMs: Date.now() };
    if (!this.isFresh) {
      const { floor, settled: settledThrough } = await this.#markers.read();
      if (this.#last === undefined || this.#last < floor) {
        this.#restart(settledThrough);
      }
    }
    for (;;) {
      const changes = await this.#log.read(this.last, PAGE, { fields: FIELDS, isSureOfMore });
      if (!this.pass(changes)) {
        const { floor, settled: settledThrough } = await this.#markers.read();
        if (this.last >= floor) {
          throw new StoreFaultError(`the change at position ${this.last + 1} is missing from the log in MongoDB`);
        }
        this.#restart(settledThrough);
      } else if (changes.length < PAGE) {
        break;
      }
    }
    this.#confirmedAt = startedAt;
  }

  /** Goes on where the view shows everything before. What went by unseen is not known, so whoever waited for it has to look again. */
  #restart(settledThrough: number): void {
    this.#last = settledThrough;
    this.#unsettled.clear();
    for (const watched of this.#watched.values()) {
      watched.newest = Number.POSITIVE_INFINITY;
    }
  }
}

async function settled(run: Promise<void>): Promise<void> {
  try {
    await run;
  } catch {
    // Whoever waits for this run gets its failure.
  }
}
