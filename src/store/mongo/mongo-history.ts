import { randomUUID } from 'node:crypto';
import type { AppImageCodec } from '../../domain/app-image/app-image.js';
import { StoreFaultError, StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import type { HistoryLimits } from '../../domain/app-image/revision.js';
import { ChangeAppender } from './change-appender.js';
import { ChangeLog } from './change-log.js';
import { HistoryMarkers } from './history-markers.js';
import { HistoryTrimmer } from './history-trimmer.js';
import { LogTail } from './log-tail.js';
import { Maintenance } from './maintenance.js';
import type { MongoDatabase } from './mongo-database.js';
import type { RevisionDocument } from './revision-document.js';
import { RevisionHeads } from './revision-heads.js';
import { RevisionHistory } from './revision-history.js';
import { RevisionTags } from './revision-tags.js';

/** How much is kept, and what only tests set otherwise. */
export interface MongoHistoryOptions extends HistoryLimits {
  /** How often things are done in the background, in milliseconds; `undefined` for never. */
  readonly maintenanceIntervalMs?: number | undefined;
  /** Only what has been too old for longer is deleted, in milliseconds. */
  readonly minTrimmedAgeMs?: number;
}

const MAINTENANCE_INTERVAL_MS = 1000;
/** How often a change can become readable between two looks at the log before something is wrong with it. */
const MAX_READ_ATTEMPTS = 5;
const MIN_TRIMMED_AGE_MS = 15 * 60_000;

/** The log of all changes in one database with everything that belongs to it, as one process sees it. */
export class MongoHistory {
  readonly heads: RevisionHeads;
  readonly tail: LogTail;
  readonly appender: ChangeAppender;
  readonly tags: RevisionTags;
  readonly revisions: RevisionHistory;
  readonly maintenance: Maintenance;
  readonly #log: ChangeLog;
  readonly #markers: HistoryMarkers;
  readonly #maxChanges: number;
  readonly #hasMaintenance: boolean;
  readonly #listeners = new Set<() => void>();

  constructor(database: MongoDatabase, codec: AppImageCodec, options: MongoHistoryOptions) {
    const { maxRevisions, maxChanges, minTrimmedAgeMs: minAgeMs = MIN_TRIMMED_AGE_MS } = options;
    const intervalMs = 'maintenanceIntervalMs' in options ? options.maintenanceIntervalMs : MAINTENANCE_INTERVAL_MS;
    const writer = randomUUID();
    const log = new ChangeLog(database);
    const markers = new HistoryMarkers(database.markers);
    const tail = new LogTail(log, markers, writer, (change) => this.appender.passed(change));
    const heads = new RevisionHeads(database, log, tail);
    const tags = new RevisionTags(database.tags, MIN_TRIMMED_AGE_MS);
    const history = new RevisionHistory(log, heads, tags, { codec, maxRevisions });
    const trimmer = new HistoryTrimmer({ log, markers, tail, history, tags }, { maxRevisions, maxChanges, minAgeMs });
    this.#log = log;
    this.#markers = markers;
    this.#maxChanges = maxChanges;
    this.#hasMaintenance = intervalMs !== undefined;
    this.tail = tail;
    this.heads = heads;
    this.tags = tags;
    this.revisions = history;
    this.appender = new ChangeAppender(log, tail, writer);
    this.maintenance = new Maintenance(
      { tail, heads, markers, trimmer },
      { intervalMs: intervalMs ?? MAINTENANCE_INTERVAL_MS, maxChanges },
    );
  }

  /** Begins what is done in the background, unless it has begun. To be called once there is a connection. */
  start(): void {
    if (this.#hasMaintenance) {
      this.maintenance.start();
    }
  }

  close(): void {
    this.maintenance.stop();
    this.appender.close(new StoreUnavailableError('the store is closed'));
    this.#listeners.clear();
  }

  onChange(listener: () => void): () => void {
    // Wrapped, so that each call of this has a listener of its own to end.
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Tells the listeners that there is a new change. */
  notify(): void {
    for (const listener of this.#listeners) {
      setImmediate(listener);
    }
  }

  /**
   * The changes behind a position, one for each position that follows; where they are no longer kept, the earliest position behind which
   * there are all.
   */
  async readChanges(after: number, limit: number): Promise<readonly RevisionDocument[] | number> {
    await this.tail.start();
    for (let attempt = 0; attempt < MAX_READ_ATTEMPTS; attempt += 1) {
      const documents = await this.#log.read(after, limit);
      const gap = documents.findIndex(({ position }, index) => position !== after + 1 + index);
      const found = gap === -1 ? documents : documents.slice(0, gap);
      this.tail.pass(found);
      const isExpired = after < this.tail.last - this.#maxChanges;
      const isAtEnd = documents.length === 0 && after >= this.tail.last && this.tail.isFresh;
      if (!isExpired && (found.length > 0 || isAtEnd)) {
        return found;
      }
      // Nothing is behind it yet, or nothing any more.
      await this.tail.follow();
      const { floor } = await this.#markers.read();
      const earliest = Math.max(floor, this.tail.last - this.#maxChanges);
      if (after < earliest) {
        return earliest;
      }
    }
    throw new StoreFaultError(`the change at position ${after + 1} is missing from the log in MongoDB`);
  }
}
