import type { AppImageStore } from '../domain/app-image/app-image-store.js';
import { HistoryExpiredError, type Revision } from '../domain/app-image/revision.js';
import { AppImageError, invalidRequest, quoteValue } from '../domain/errors.js';
import type { ChangeBatch, ChangeFeed } from './change-feed.js';
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

/** Events that go out together. `batch` is the same object for all watchers that get exactly the same. */
export interface WatchBatch {
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

/** Templates that are read at a time while the present state is sent. */
const STATE_PAGE = 100;

/** Streams changes. */
export class WatchService {
  readonly #store: AppImageStore;
  readonly #feed: ChangeFeed;
  readonly #options: WatchServiceOptions;
  readonly #events = new WeakMap<ChangeBatch, WatchBatch>();
  readonly #ended = new AbortController();

  constructor(store: AppImageStore, feed: ChangeFeed, options: WatchServiceOptions) {
    this.#store = store;
    this.#feed = feed;
    this.#options = options;
  }

  /** Ends every watch, as a server that is shutting down does: their clients go on elsewhere with their last tokens. */
  end(): void {
    this.#ended.abort();
  }

  /**
   * Checks what a watcher asks for and begins its stream. The batches come for ever, until the signal aborts or the service {@link end}s.
   * @throws AppImageError REQUEST_INVALID, RESUME_TOKEN_EXPIRED; the stream itself throws the latter, STORE_UNAVAILABLE, or HISTORY_FAILED
   */
  async watch(
    { start, resumeToken, namePrefix }: WatchOptions,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<WatchBatch>> {
    const from = resumeToken === '' ? await this.#startingPoint(start) : readToken(resumeToken);
    if (resumeToken !== '' && !from.inState) {
      // So that an expired token is refused at once, and not with the next change.
      await guardHistory(() => this.#store.readChanges({ after: from.position, limit: 1 }));
    }
    return this.#stream(from, namePrefix, AbortSignal.any([signal, this.#ended.signal]));
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

  async #startingPoint(start: 'NOW' | 'STATE'): Promise<ResumePoint> {
    const position = await guardStore('HISTORY_FAILED', () => this.#store.lastPosition());
    return { position, inState: start === 'STATE', stateAfter: start === 'STATE' ? '' : undefined };
  }

  async *#stream(from: ResumePoint, prefix: string, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    let { position } = from;
    if (from.inState) {
      if (from.stateAfter !== undefined) {
        yield* this.#state(position, from.stateAfter, prefix, signal);
      }
      for await (const { batch, through } of this.#catchUp(position, prefix, signal)) {
        position = through;
        if (batch !== undefined) {
          yield batch;
        }
      }
      if (signal.aborted) {
        return;
      }
      const token = encodeResumeToken({ position, inState: false, stateAfter: undefined });
      yield { events: [{ type: 'STATE_COMPLETE', resumeToken: token }], resumeToken: token };
    }
    yield* this.#live(position, prefix, signal);
  }

  /** The templates as they stood at `position`; those that changed since are left out, since their changes follow. */
  async *#state(position: number, stateAfter: string, prefix: string, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    let after = stateAfter === '' ? nameBefore(prefix) : stateAfter;
    while (!signal.aborted) {
      const page = await guardStore('LIST_FAILED', () => this.#store.list({ after, limit: STATE_PAGE }));
      const matching = page.filter(({ name }) => name.startsWith(prefix));
      const standing = matching.filter((stored) => stored.position <= position);
      const revisions = await Promise.all(
        standing.map((stored) =>
          guardStore('HISTORY_FAILED', () => this.#store.getRevision(stored.name, stored.revision)),
        ),
      );
      const events = revisions.flatMap((revision) => {
        if (revision === undefined) {
          return [];
        }
        const resumeToken = encodeResumeToken({ position, inState: true, stateAfter: revision.name });
        return [{ type: 'PUT' as const, resumeToken, revision }];
      });
      const last = events.at(-1);
      if (last !== undefined) {
        yield { events, resumeToken: last.resumeToken };
      }
      if (page.length < STATE_PAGE || matching.length < page.filter(({ name }) => name >= prefix).length) {
        return;
      }
      after = page.at(-1)?.name ?? after;
    }
  }

  /** What has changed since the state was read, up to the newest change at the time of the call. */
  async *#catchUp(
    from: number,
    prefix: string,
    signal: AbortSignal,
  ): AsyncGenerator<{ batch: WatchBatch | undefined; through: number }> {
    const end = await guardStore('HISTORY_FAILED', () => this.#store.lastPosition());
    for (let position = from; position < end && !signal.aborted; ) {
      const changes = await guardHistory(() => this.#store.readChanges({ after: position, limit: STATE_PAGE }));
      const last = changes.at(-1);
      if (last === undefined) {
        return;
      }
      position = last.position;
      const events = changes.flatMap((revision) => eventOf(revision, prefix, true));
      yield {
        batch: events.length === 0 ? undefined : { events, resumeToken: events.at(-1)?.resumeToken ?? '' },
        through: position,
      };
    }
  }

  async *#live(from: number, prefix: string, signal: AbortSignal): AsyncGenerator<WatchBatch> {
    let position = from;
    let checkpointAt = Date.now() + this.#options.checkpointIntervalMs;
    while (!signal.aborted) {
      const batch = await guardHistory(() => this.#feed.next(position));
      if (batch !== undefined) {
        position = batch.through;
        const events = this.#eventsOf(batch, prefix);
        if (events.events.length > 0) {
          checkpointAt = Date.now() + this.#options.checkpointIntervalMs;
          yield events;
        }
      } else if (Date.now() >= checkpointAt) {
        checkpointAt = Date.now() + this.#options.checkpointIntervalMs;
        const resumeToken = encodeResumeToken({ position, inState: false, stateAfter: undefined });
        yield { events: [{ type: 'CHECKPOINT', resumeToken }], resumeToken };
      } else {
        await this.#feed.waitBehind(position, checkpointAt - Date.now(), signal);
      }
    }
  }

  #eventsOf(batch: ChangeBatch, prefix: string): WatchBatch {
    if (prefix !== '') {
      return toWatchBatch(batch, prefix);
    }
    let events = this.#events.get(batch);
    if (events === undefined) {
      events = toWatchBatch(batch, '');
      this.#events.set(batch, events);
    }
    return events;
  }
}

const BACKLOG_CHECK_MS = 250;

function toWatchBatch({ changes }: ChangeBatch, prefix: string): WatchBatch {
  const events = changes.flatMap((revision) => eventOf(revision, prefix, false));
  return { events, resumeToken: events.at(-1)?.resumeToken ?? '' };
}

function eventOf(revision: Revision, prefix: string, inState: boolean): readonly WatchEvent[] {
  if (!revision.name.startsWith(prefix)) {
    return [];
  }
  const resumeToken = encodeResumeToken({ position: revision.position, inState, stateAfter: undefined });
  return [{ type: revision.content === undefined ? 'DELETE' : 'PUT', resumeToken, revision }];
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
      const earliest = encodeResumeToken({ position: error.earliest, inState: false, stateAfter: undefined });
      throw new AppImageError(
        'RESUME_TOKEN_EXPIRED',
        `the history no longer reaches back to this resume token; the earliest usable one is ${earliest}, and a watch from STATE misses nothing that still stands`,
      );
    }
    throw error;
  }
}

/** A name that sorts before all that begin with `prefix`, and close before them. `~` sorts behind every character of a name. */
function nameBefore(prefix: string): string {
  return prefix === '' ? '' : `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) - 1)}~`;
}
