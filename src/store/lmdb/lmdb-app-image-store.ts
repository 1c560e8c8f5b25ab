import type { AppImageCodec, StoredAppImage } from '../../domain/app-image/app-image.js';
import {
  type AppImageStore,
  type Decide,
  type ListOptions,
  StoreFaultError,
  StoreUnavailableError,
  type Visit,
  type VisitListed,
} from '../../domain/app-image/app-image-store.js';
import {
  type ChangeOrigin,
  type ChangesOptions,
  type HistoryLimits,
  type HistoryOptions,
  type Revision,
  RevisionMissingError,
} from '../../domain/app-image/revision.js';
import { quoteValue } from '../../domain/errors.js';
import { asStoreFault } from './as-store-fault.js';
import { GroupCommit } from './group-commit.js';
import { isStorable, MAX_NAME_BYTES } from './heads.js';
import { History } from './history.js';
import { type LmdbEnvironment, openEnvironment } from './open-environment.js';
import { RecordCodec } from './record.js';
import { runTransaction } from './run-transaction.js';
import { TemplateWriter } from './template-writer.js';

export interface LmdbAppImageStoreOptions {
  /** Folder of the store; made where it is missing. Several processes may share it, but only on one machine. */
  readonly path: string;
  readonly codec: AppImageCodec;
  /**
   * How much of the history is kept, from 1 on. A template carries the places of its newest revisions along, so these are {@link MAX_REVISIONS}
   * at most. Processes that share a store should agree.
   */
  readonly history: HistoryLimits;
}

/** 6 bytes each, in the record of a template. */
const MAX_REVISIONS = 10_000;

/** A change rejects after this time; the port allows 5 s. */
const CHANGE_TIMEOUT_MS = 4500;

/**
 * Opens the embedded store. A process that shares the folder with others must open it once only: LMDB tells that a process is alive
 * by a lock on a file, which the process loses when it closes any of its handles on that file.
 * @throws StoreFaultError that names the path, what is wrong with it and what would be right
 */
export async function openLmdbAppImageStore(options: LmdbAppImageStoreOptions): Promise<AppImageStore> {
  const { path, codec, history } = options;
  assertLimit('maxRevisions', history.maxRevisions, MAX_REVISIONS);
  assertLimit('maxChanges', history.maxChanges, Number.MAX_SAFE_INTEGER);
  return new LmdbAppImageStore(await openEnvironment(path), new RecordCodec(codec), history);
}

class LmdbAppImageStore implements AppImageStore {
  readonly kind = 'lmdb';
  readonly #environment: LmdbEnvironment;
  readonly #records: RecordCodec;
  readonly #history: History;
  readonly #writer: TemplateWriter;
  readonly #commits: GroupCommit;
  readonly #listeners = new Set<{ readonly listener: () => void }>();
  #closing: Promise<void> | undefined;

  constructor(environment: LmdbEnvironment, records: RecordCodec, limits: HistoryLimits) {
    this.#environment = environment;
    this.#records = records;
    this.#history = new History(environment, records.appImageCodec, limits);
    this.#writer = new TemplateWriter(environment, records, this.#history);
    this.#commits = new GroupCommit((body) => this.#commit(body), CHANGE_TIMEOUT_MS);
  }

  async get(name: string): Promise<StoredAppImage | undefined> {
    return this.#read(() => this.#find(name));
  }

  async getMany(names: readonly string[]): Promise<readonly (StoredAppImage | undefined)[]> {
    return this.#read(() => names.map((name) => this.#find(name)));
  }

  visitSync(names: readonly string[], visit: Visit): void {
    this.#beginRead();
    for (const name of names) {
      visit(this.#borrow(name), name);
    }
  }

  async list({ after, limit }: ListOptions): Promise<readonly StoredAppImage[]> {
    return this.#read(() => {
      const page: StoredAppImage[] = [];
      // LMDB's own limit would read one record more than it hands out.
      for (const { key, value } of this.#environment.live.getRange(rangeAfter(after))) {
        page.push(this.#records.decode(key, value));
        if (page.length >= limit) {
          break;
        }
      }
      return page;
    });
  }

  visitPageSync({ after, limit }: ListOptions, visit: VisitListed): void {
    this.#beginRead();
    const names = asStoreFault(() => [...this.#environment.live.getKeys({ ...rangeAfter(after), limit })]);
    for (const [index, name] of names.entries()) {
      const stored = this.#borrow(name);
      // It is there, since names and records are read in one snapshot.
      if (stored !== undefined) {
        visit(stored, names.length - index - 1);
      }
    }
  }

  /** Hands out the promise of the group, since one more would cost every change. */
  change(name: string, decide: Decide, origin: ChangeOrigin): Promise<StoredAppImage | undefined> {
    return this.#closing === undefined && isStorable(name)
      ? this.#commits.run(() => this.#writer.change(name, decide, origin))
      : this.#changeNothing(name, decide);
  }

  async #changeNothing(name: string, decide: Decide): Promise<undefined> {
    this.#assertOpen();
    changeUnstorable(name, decide);
  }

  async getRevision(name: string, revision: number): Promise<Revision | undefined> {
    return this.#read(() => this.#history.revision(name, revision));
  }

  async listRevisions(name: string, options: HistoryOptions): Promise<readonly Revision[]> {
    return this.#read(() => this.#history.revisions(name, options));
  }

  async getTag(name: string, tag: string): Promise<number | undefined> {
    return this.#read(() => this.#history.tag(name, tag));
  }

  async changeTag(
    name: string,
    tag: string,
    decide: (current: number | undefined) => number | undefined,
  ): Promise<number | undefined> {
    this.#assertOpen();
    return isStorable(name) && isStorable(tag)
      ? await this.#commits.run(() => this.#writer.changeTag(name, tag, decide))
      : changeUnstorableTag(name, tag, decide);
  }

  async readChanges(options: ChangesOptions): Promise<readonly Revision[]> {
    return this.#read(() => this.#history.changes(options));
  }

  async lastPosition(): Promise<number> {
    return this.#read(() => this.#history.log.last());
  }

  /** A template and its change are written in one step, so lists have always reached the newest change. */
  async listedThrough(): Promise<number> {
    return await this.lastPosition();
  }

  onChange(listener: () => void): () => void {
    const registration = { listener };
    this.#listeners.add(registration);
    return () => {
      this.#listeners.delete(registration);
    };
  }

  async ping(): Promise<void> {
    this.#read(() => this.#environment.deleted.getBinaryFast('ping'));
    if (this.#commits.stalled) {
      throw new StoreUnavailableError('a write transaction does not come to its end');
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!(await this.#commits.settled())) {
      // Closing now would block this thread until the transaction ends.
      throw new StoreUnavailableError(
        'a write transaction does not come to its end; the store closes with the process',
      );
    }
    await this.#environment.root.close();
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) {
      throw new StoreUnavailableError('the store is closed');
    }
  }

  #read<T>(action: () => T): T {
    this.#beginRead();
    return asStoreFault(action);
  }

  /** Has the reads that follow see what is stored now: lmdb-js keeps a snapshot for a turn of the event loop. */
  #beginRead(): void {
    this.#assertOpen();
    asStoreFault(() => this.#environment.root.resetReadTxn());
  }

  /** The template of a name in the snapshot, good until the next read. */
  #borrow(name: string): StoredAppImage | undefined {
    return asStoreFault(() => {
      const record = this.#history.heads.lentRecord(name);
      return record && this.#records.decode(name, record);
    });
  }

  /** The template of a name in the snapshot. */
  #find(name: string): StoredAppImage | undefined {
    const record = this.#history.heads.record(name);
    return record && this.#records.decode(name, record);
  }

  async #commit(body: () => void): Promise<void> {
    let changed = false;
    await runTransaction(this.#environment, () => {
      this.#writer.begin();
      body();
      changed = this.#writer.end();
    });
    if (changed) {
      for (const { listener } of this.#listeners) {
        // In a turn of its own, so that what it throws does not make a stored change look like one that failed.
        queueMicrotask(listener);
      }
    }
  }
}

function assertLimit(name: keyof HistoryLimits, value: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < 1 || value > max) {
    throw new StoreFaultError(`${name} is ${value}; an LMDB store takes a whole number from 1 to ${max}`);
  }
}

function changeUnstorable(name: string, decide: Decide): void {
  if (decide(undefined).kind === 'put') {
    throw new StoreFaultError(
      `a template cannot be stored under the name ${quoteValue(name)}: it takes 1 to ${MAX_NAME_BYTES} printable ASCII characters without blanks`,
    );
  }
}

function changeUnstorableTag(
  name: string,
  tag: string,
  decide: (current: number | undefined) => number | undefined,
): undefined {
  if (decide(undefined) === undefined) {
    return undefined;
  }
  if (!isStorable(name)) {
    throw new RevisionMissingError(`there is no template ${quoteValue(name)}`);
  }
  throw new StoreFaultError(
    `a tag cannot be ${quoteValue(tag)}: it takes 1 to ${MAX_NAME_BYTES} printable ASCII characters without blanks`,
  );
}

/** Where to start to see what sorts behind a name. One byte more than names have decides, however long `after` is. */
function rangeAfter(after: string): { start?: Buffer; exclusiveStart?: boolean } {
  return after === ''
    ? {}
    : { start: Buffer.from(after.slice(0, MAX_NAME_BYTES + 1)).subarray(0, MAX_NAME_BYTES + 1), exclusiveStart: true };
}
