import type { ChangeLog, ScannedChanges } from './change-log.js';
import type { HistoryMarkers } from './history-markers.js';
import type { LogTail } from './log-tail.js';
import type { RevisionHistory } from './revision-history.js';
import type { RevisionTags } from './revision-tags.js';

/** Changes that one step looks at. */
const STEP_CHANGES = 200;
const FIELDS = { name: 1, revision: 1, position: 1, earlier_positions: 1, time_ms: 1 } as const;

export interface TrimmingOptions {
  readonly maxRevisions: number;
  readonly maxChanges: number;
  /**
   * A change is deleted only where another of its name has made it too old for longer than this, by the clocks of the processes. A process
   * that was stopped for longer, or a write that was on its way, could take the position of one that was deleted, since it is free again; and
   * whoever sets a tag on what is about to be deleted has to be done by then.
   */
  readonly minAgeMs: number;
}

/**
 * Deletes old changes, in small steps. A change leaves when it is too old for a watch, has no tag, and `maxRevisions` newer ones of its name are
 * too old for a watch as well. Several processes may do this at once, and what one has left half done is done again.
 */
export class HistoryTrimmer {
  readonly #log: ChangeLog;
  readonly #markers: HistoryMarkers;
  readonly #tail: LogTail;
  readonly #history: RevisionHistory;
  readonly #tags: RevisionTags;
  readonly #options: TrimmingOptions;
  /** How far this process knows the marker to be; it may be further. */
  #trimmed = 0;

  constructor(
    parts: {
      readonly log: ChangeLog;
      readonly markers: HistoryMarkers;
      readonly tail: LogTail;
      readonly history: RevisionHistory;
      readonly tags: RevisionTags;
    },
    options: TrimmingOptions,
  ) {
    this.#log = parts.log;
    this.#markers = parts.markers;
    this.#tail = parts.tail;
    this.#history = parts.history;
    this.#tags = parts.tags;
    this.#options = options;
  }

  /**
   * Does the next step, if there is something to do.
   * @returns whether it came further
   */
  async step(): Promise<boolean> {
    if (this.#tail.last - this.#options.maxChanges <= this.#trimmed) {
      return false;
    }
    const { trimmed, settled } = await this.#markers.read();
    this.#trimmed = trimmed;
    const { documents, through } = await this.#oldChanges(trimmed, settled);
    if (through <= trimmed) {
      return false;
    }
    const left: { name: string; position: number }[] = [];
    for (const document of documents) {
      const revision = document.revision - this.#options.maxRevisions;
      const position = revision < 1 ? undefined : await this.#history.positionOf(revision, document);
      if (position !== undefined) {
        left.push({ name: document.name, position });
      }
    }
    await this.#delete(left, through);
    await this.#markers.raise('trimmed', through);
    this.#trimmed = through;
    return true;
  }

  /** The next changes that are too old for a watch, and old enough for {@link TrimmingOptions.minAgeMs}. */
  async #oldChanges(trimmed: number, settled: number): Promise<ScannedChanges> {
    const target = Math.min(this.#tail.last - this.#options.maxChanges, settled);
    if (target <= trimmed) {
      return { documents: [], through: trimmed };
    }
    const scanned = await this.#log.scan(trimmed, target, STEP_CHANGES, FIELDS);
    const sinceMs = Date.now() - this.#options.minAgeMs;
    const tooYoung = scanned.documents.findIndex(({ time_ms }) => time_ms > sinceMs);
    if (tooYoung === -1) {
      return scanned;
    }
    const documents = scanned.documents.slice(0, tooYoung);
    return { documents, through: documents.at(-1)?.position ?? trimmed };
  }

  async #delete(revisions: readonly { readonly name: string; readonly position: number }[], floor: number) {
    const held = await this.#tags.heldPositions(revisions.map(({ name }) => name));
    const positions = revisions.map(({ position }) => position).filter((position) => !held.has(position));
    if (positions.length > 0) {
      // Readers must know that there can be a gap before there is one.
      await this.#markers.raise('floor', floor);
      await this.#log.delete(positions);
    }
  }
}
