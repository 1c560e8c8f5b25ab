import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { StoredAppImage } from '../domain/app-image/app-image.js';
import type { AppImageStore } from '../domain/app-image/app-image-store.js';
import { HistoryExpiredError, type Revision } from '../domain/app-image/revision.js';
import { AppImageError, invalidRequest, quoteValue } from '../domain/errors.js';
import { BatchSize } from './batch-size.js';
import { bytesOfChange, type ChangeBatch, type ChangeFeed } from './change-feed.js';
import { decodeResumeToken, encodeResumeToken, type ResumePoint } from './resume-token.js';
import { guardStore } from './store-call.js';

/** What a watcher asks for. */
export interface WatchOptions {
  readonly start: 'NOW' | 'STATE';
  /** Goes on behind the event with this token; empty to begin as `start` says. */
  readonly resumeToken: string;
  /** Only templates whose names begin with this. */
  readonly namePrefix: string;
}

/** One event of a watch. */
export type WatchEvent =
  | { readonly type: 'PUT' | 'DELETE'; readonly resumeToken: string; readonly revision: Revision }
  | { readonly type: 'STATE_COMPLETE' | 'CHECKPOINT'; readonly resumeToken: string };

/** Events that go out together. It is the same object for all watchers that get exactly the same. */
export interface WatchBatch {
  /** At least one. */
  readonly events: readonly WatchEvent[];
  /** Token of the last event. */
  readonly resumeToken: string;
}

export interface WatchServiceOptions {
  /** How long a watch is silent before it gets a checkpoint. */
  readonly checkpointIntervalMs: number;
  /** Changes that may happen while a watcher does not read; it is disconnected then. */
  readonly maxBacklog: number;
}

/** How often a watcher that does not read is looked at. */
const BACKLOG_CHECK_MS = 250;
/** How long to wait for a change that the store has counted, but does not show yet. */
const UNSEEN_CHANGE_MS = 10;

/** How long a token of another process may be ahead of what this one sees of the store. */
const TOKEN_LEAD_MS = 1000;

/** What the name of a template can begin with. */
const NAME_PREFIX = /^([a-z0-9][a-z0-9-]{0,62})?$/;

/** Streams changes. */
export class WatchService {
  readonly #store: AppImageStore;
  readonly #feed: ChangeFeed;
  readonly #options: WatchServiceOptions;
  /** What watchers of each prefix get of a batch. */
  readonly #filtered = new WeakMap<ChangeBatch, Map<string, WatchBatch | undefined>>();
  #ended = false;

  constructor(store: AppImageStore, feed: ChangeFeed, options: WatchServiceOptions) {
    this.#store = store;
    this.#feed = feed;
    this.#options = options;
  }

  /** Ends every watch, as a server that is shutting down does: their clients go on elsewhere with their last tokens. */
  end(): void {
    this.#ended = true;
    this.#feed.wake();
  }

  /**
   * Checks what a watcher asks for and begins its stream. The batches come for ever, until the signal aborts or the service {@link end}s.
   * @throws AppImageError REQUEST_INVALID, RESUME_TOKEN_EXPIRED; the stream itself throws the latter, STORE_UNAVAILABLE, or HISTORY_FAILED
   */
  async watch(
    { start, resumeToken, namePrefix }: WatchOptions,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<WatchBatch, void>> {
    expectPrefix(namePrefix);
    const given = resumeToken === '' ? undefined : readToken(resumeToken);
    if (given !== undefined) {
      await this.#expectKept(given);
      return this.#stream(given, namePrefix, signal, false);
    }
    const from =
      start === 'STATE'
        ? { position: await this.#listedThrough(), inState: true, stateAfter: '' }
        : { position: await this.#newest(), inState: false, stateAfter: undefined };
    return this.#stream(from, namePrefix, signal, true);
  }

  /**
   * Watches over a watcher that is not reading: calls `onSlow` once more changes have happened since now than may wait for it.
   * @returns a function to call when it reads again
   */
  whileBlocked(onSlow: () => void): () => void {
    const since = this.#feed.position;
    const timer = setInterval(() => {
      if (this.#feed.position - since > this.#options.maxBacklog) {
        clearInterval(timer);
        onSlow();
      }
    }, BACKLOG_CHECK_MS);
    return () => clearInterval(timer);
  }

  #newest(): Promise<number> {
    return guardStore('HISTORY_FAILED', () => this.#store.lastPosition());
  }

  /** Where a state begins that is read from lists: a change behind it may not be listed yet, and follows the state. */
  #listedThrough(): Promise<number> {
    return guardStore('HISTORY_FAILED', () => this.#store.listedThrough());
  }

  /** Refuses a token at once where its place is not in the history, and not with the next change. */
  async #expectKept({ position }: ResumePoint): Promise<void> {
    const giveUpAt = performance.now() + TOKEN_LEAD_MS;
    for (let newest = await this.#newest(); position > newest; newest = await this.#newest()) {
      if (performance.now() >= giveUpAt) {
        throw new AppImageError(
          'RESUME_TOKEN_EXPIRED',
          `this resume token is ahead of the newest change, whose token is ${tokenAt(newest)}: the store was restored from a backup, or the token is another store's; watch from STATE`,
        );
      }
      await sleep(BACKLOG_CHECK_MS);
    }
    await guardHistory(() => this.#store.readChanges({ after: position, limit: 1 }));
  }

  async *#stream(from: ResumePoint, prefix: string, signal: AbortSignal, fresh: boolean): AsyncGenerator<WatchBatch> {
    const leave = await guardStore('HISTORY_FAILED', () => this.#feed.join());
    try {
      let { position } = from;
      if (from.inState) {
        if (from.stateAfter !== undefined) {
          yield* this.#state(position, from.stateAfter, prefix, signal);
        }
        const end = await this.#newest();
        while (position < end && this.#goesOn(signal)) {
          const batch = await guardHistory(() => this.#feed.read(position));
          if (batch === undefined) {
            await sleep(UNSEEN_CHANGE_MS);
          } else {
            position = batch.through;
            yield* batchOf(batch.changes.flatMap((revision) => eventOf(revision, prefix, true)));
          }
        }
        if (this.#goesOn(signal)) {
          yield markerAt('STATE_COMPLETE', position);
        }
      } else if (fresh) {
        // So that a watcher that loses its connection before anything happens has a token to go on with.
        yield markerAt('CHECKPOINT', position);
      }
      yield* this.#live(position, prefix, signal);
    } finally {
      leave();
    }
  }

  /** The templates as they stood at `position`, which lists have reached; those that changed since are left out, since their changes follow. */
  async *#state(position: number, stateAfter: string, prefix: string, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    const size = new BatchSize();
    const first = nameBefore(prefix);
    let after = stateAfter > first ? stateAfter : first;
    while (this.#goesOn(signal)) {
      const { limit } = size;
      const read = await guardStore('LIST_FAILED', () => this.#store.list({ after, limit }));
      const page = size.fit(read, (content) => bytesOfChange({ content }));
      const matching = page.filter(({ name }) => name.startsWith(prefix));
      const standing = matching.filter((stored) => stored.position <= position);
      const revisions = await Promise.all(standing.map((stored) => this.#revisionOf(stored)));
      yield* batchOf(
        revisions.flatMap((revision) => {
          if (revision === undefined) {
            return [];
          }
          const resumeToken = encodeResumeToken({ position, inState: true, stateAfter: revision.name });
          return [{ type: 'PUT' as const, resumeToken, revision }];
        }),
      );
      if (matching.length < page.length || (page.length === read.length && read.length < limit)) {
        return;
      }
      after = page.at(-1)?.name ?? after;
      await nextTurn();
    }
  }

  /** `undefined` where it is kept no longer: then it has been replaced many times meanwhile, and its changes follow. */
  #revisionOf({ name, revision }: StoredAppImage): Promise<Revision | undefined> {
    return guardStore('HISTORY_FAILED', () => this.#store.getRevision(name, revision));
  }

  async *#live(from: number, prefix: string, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    const { checkpointIntervalMs } = this.#options;
    let position = from;
    let checkpointAt = performance.now() + checkpointIntervalMs;
    while (this.#goesOn(signal)) {
      const batch = await guardHistory(() => this.#feed.next(position));
      position = batch?.through ?? position;
      const events = batch && this.#eventsOf(batch, prefix);
      if (events !== undefined) {
        yield events;
        checkpointAt = performance.now() + checkpointIntervalMs;
      } else if (performance.now() >= checkpointAt) {
        yield markerAt('CHECKPOINT', position);
        checkpointAt = performance.now() + checkpointIntervalMs;
      } else if (batch === undefined) {
        await this.#feed.waitBehind(position, checkpointAt - performance.now(), signal);
      }
    }
  }

  #goesOn(signal: AbortSignal): boolean {
    return !signal.aborted && !this.#ended && !this.#feed.closed;
  }

  #eventsOf(batch: ChangeBatch, prefix: string): WatchBatch | undefined {
    let byPrefix = this.#filtered.get(batch);
    if (byPrefix === undefined) {
      byPrefix = new Map();
      this.#filtered.set(batch, byPrefix);
    }
    if (!byPrefix.has(prefix)) {
      const [events] = batchOf(batch.changes.flatMap((revision) => eventOf(revision, prefix, false)));
      byPrefix.set(prefix, events);
    }
    return byPrefix.get(prefix);
  }
}

/** One batch of the events, or none where there are none. */
function batchOf(events: readonly WatchEvent[]): readonly WatchBatch[] {
  const last = events.at(-1);
  return last === undefined ? [] : [{ events, resumeToken: last.resumeToken }];
}

function eventOf(revision: Revision, prefix: string, inState: boolean): readonly WatchEvent[] {
  if (!revision.name.startsWith(prefix)) {
    return [];
  }
  const resumeToken = encodeResumeToken({ position: revision.position, inState, stateAfter: undefined });
  return [{ type: revision.content === undefined ? 'DELETE' : 'PUT', resumeToken, revision }];
}

function markerAt(type: 'STATE_COMPLETE' | 'CHECKPOINT', position: number): WatchBatch {
  const resumeToken = tokenAt(position);
  return { events: [{ type, resumeToken }], resumeToken };
}

function tokenAt(position: number): string {
  return encodeResumeToken({ position, inState: false, stateAfter: undefined });
}

function expectPrefix(prefix: string): void {
  if (!NAME_PREFIX.test(prefix)) {
    throw invalidRequest([
      {
        field: 'name_prefix',
        description: `no name of a template begins with ${quoteValue(prefix)}; names are 1 to 63 of a-z, 0-9 and "-", and begin with a letter or digit`,
      },
    ]);
  }
}

function readToken(token: string): ResumePoint {
  const point = decodeResumeToken(token);
  if (point === undefined) {
    throw invalidRequest([
      {
        field: 'resume_token',
        description: `${quoteValue(token)} is not a token of this service; pass one as it was received`,
      },
    ]);
  }
  return point;
}

async function guardHistory<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await guardStore('HISTORY_FAILED', read);
  } catch (error) {
    if (error instanceof HistoryExpiredError) {
      throw new AppImageError(
        'RESUME_TOKEN_EXPIRED',
        `the history no longer reaches back to this resume token; the earliest usable one is ${tokenAt(error.earliest)}, which skips what happened in between; a watch from STATE misses nothing that still stands`,
      );
    }
    throw error;
  }
}

/** A name that sorts before all that begin with `prefix`, and close before them. `~` sorts behind every character of a name. */
function nameBefore(prefix: string): string {
  return prefix === '' ? '' : `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) - 1)}~`;
}
