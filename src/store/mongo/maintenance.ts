import type { HistoryMarkers } from './history-markers.js';
import type { HistoryTrimmer } from './history-trimmer.js';
import type { LogTail } from './log-tail.js';
import type { RevisionHeads } from './revision-heads.js';

/** Changes that a process repairs at a time. */
const MAX_REPAIRS = 50;
/** Steps of trimming in one round. */
const MAX_TRIMMING_STEPS = 5;
/** How many changes the marker may be behind, which a process that starts has to read. */
const MARKER_LAG = 500;

/**
 * What every process does in the background, once in a while: it follows the log, makes the view show what a process that died has left,
 * and deletes what is too old. What fails is done in a later round; calls that need the database report its faults.
 */
export class Maintenance {
  readonly #tail: LogTail;
  readonly #heads: RevisionHeads;
  readonly #markers: HistoryMarkers;
  readonly #trimmer: HistoryTrimmer;
  readonly #options: { readonly intervalMs: number; readonly maxChanges: number };
  #settledMarker = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    parts: {
      readonly tail: LogTail;
      readonly heads: RevisionHeads;
      readonly markers: HistoryMarkers;
      readonly trimmer: HistoryTrimmer;
    },
    options: { readonly intervalMs: number; readonly maxChanges: number },
  ) {
    this.#tail = parts.tail;
    this.#heads = parts.heads;
    this.#markers = parts.markers;
    this.#trimmer = parts.trimmer;
    this.#options = options;
  }

  /** Begins, unless it has begun. */
  start(): void {
    if (this.#timer === undefined && !this.#stopped) {
      this.#schedule(0);
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** One round of everything. */
  async run(): Promise<void> {
    await this.#tail.follow();
    await this.#repair();
    await this.#raiseSettledMarker();
    for (let steps = 0; steps < MAX_TRIMMING_STEPS && !this.#stopped && (await this.#trimmer.step()); ) {
      steps += 1;
    }
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#runAndSchedule(), delayMs);
    this.#timer.unref();
  }

  async #runAndSchedule(): Promise<void> {
    try {
      await this.run();
    } catch {
      // The next round tries again.
    }
    if (!this.#stopped) {
      this.#schedule(this.#options.intervalMs);
    }
  }

  async #repair(): Promise<void> {
    for (const change of this.#tail.unsettled.slice(0, MAX_REPAIRS)) {
      try {
        if (!this.#stopped && (await this.#heads.isOverdue(change))) {
          await this.#heads.repair(change);
        }
      } catch {
        // One that is damaged holds up no other.
      }
    }
  }

  async #raiseSettledMarker(): Promise<void> {
    const { settledThrough, last } = this.#tail;
    const isNeeded = last - this.#options.maxChanges > this.#settledMarker;
    if (settledThrough - this.#settledMarker >= MARKER_LAG || (isNeeded && settledThrough > this.#settledMarker)) {
      await this.#markers.raise('settled', settledThrough);
      this.#settledMarker = settledThrough;
    }
  }
}
