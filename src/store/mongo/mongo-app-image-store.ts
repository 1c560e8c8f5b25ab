import { createHash, randomUUID } from 'node:crypto';
import { type AppImageCodec, type StoredAppImage, StructuredRevision } from '../../domain/app-image/app-image.js';
import {
  type AppImageStore,
  type Decide,
  type ListOptions,
  StoreFaultError,
  StoreUnavailableError,
} from '../../domain/app-image/app-image-store.js';
import {
  type ChangeOrigin,
  type ChangesOptions,
  HistoryExpiredError,
  type HistoryLimits,
  type HistoryOptions,
  type Revision,
  RevisionMissingError,
} from '../../domain/app-image/revision.js';
import { quoteValue } from '../../domain/errors.js';
import { appImageOf } from './app-image-document.js';
import { Deadline } from './deadline.js';
import { KeyedQueue } from './keyed-queue.js';
import { MongoDatabase } from './mongo-database.js';
import { translateMongoError } from './mongo-errors.js';
import { MongoHistory, type MongoHistoryOptions } from './mongo-history.js';
import { draftOf, earlierPositionsOf, type RevisionDocument, reportingDamage } from './revision-document.js';
import { Turns } from './turns.js';

export interface MongoAppImageStoreOptions {
  /** `mongodb://` or `mongodb+srv://`; the database it names, else `appimage`. */
  readonly url: string;
  readonly codec: AppImageCodec;
  readonly history: HistoryLimits;
}

/** The longest name that every server takes as an indexed value. */
const MAX_NAME_BYTES = 1000;

/** More would not be faster: the driver's connections are as many, and FerretDB's SQLite lets writers wait that come at once, by trying again. */
const MAX_CHANGES_AT_ONCE = { mongo: 100, ferretDb1: 32 };

/** How often the wait between two conflicts is doubled. */
const MAX_CONFLICT_BACKOFF_STEPS = 3;

/**
 * Opens the store of a MongoDB database. It connects with the first call, so a service starts, and says that it is not ready, while its
 * database is down.
 * @throws StoreFaultError where the URL is not valid; the message repeats no password
 */
export async function openMongoAppImageStore(options: MongoAppImageStoreOptions): Promise<MongoAppImageStore> {
  return new MongoAppImageStore(new MongoDatabase(options.url), options.codec, options.history);
}

/**
 * Templates in a MongoDB database. A log holds every change in one order and is the truth; a collection of the newest revisions, `_id` being the
 * name, is a view of it that queries are answered from. Only single documents are read and written, by operations that every
 * MongoDB-compatible server has.
 */
export class MongoAppImageStore implements AppImageStore {
  readonly kind = 'mongodb';
  readonly #database: MongoDatabase;
  readonly #codec: AppImageCodec;
  readonly #history: MongoHistory;
  /** Changes of one name take turns, since at most one of those that run at once could succeed. */
  readonly #changes = new KeyedQueue();
  readonly #tagChanges = new KeyedQueue();
  #turns: Turns | undefined;
  #lastAnswerAtMs = 0;
  #indexesAsked = false;
  #closed = false;

  /** Takes over the database and closes it. */
  constructor(database: MongoDatabase, codec: AppImageCodec, history: MongoHistoryOptions) {
    this.#database = database;
    this.#codec = codec;
    this.#history = new MongoHistory(database, codec, history);
  }

  async get(name: string): Promise<StoredAppImage | undefined> {
    return await this.#call(async () =>
      canBeStored(name) ? this.#templateOf(await this.#history.heads.read(name)) : undefined,
    );
  }

  async getMany(names: readonly string[]): Promise<readonly (StoredAppImage | undefined)[]> {
    return await this.#call(async () => {
      const documents = await this.#history.heads.readMany([...new Set(names)].filter(canBeStored));
      const found = new Map(documents.map((document) => [document.name, this.#templateOf(document)] as const));
      return names.map((name) => found.get(name));
    });
  }

  async list({ after, limit }: ListOptions): Promise<readonly StoredAppImage[]> {
    return await this.#call(async () => {
      void this.#ensureIndexes();
      const documents = await this.#history.heads.readPage(after, limit);
      return documents.flatMap((document) => this.#templateOf(document) ?? []);
    });
  }

  async change(name: string, decide: Decide, origin: ChangeOrigin): Promise<StoredAppImage | undefined> {
    const calledAtMs = performance.now();
    return await this.#changes.run(name, async () => {
      this.#turns ??= new Turns(MAX_CHANGES_AT_ONCE[await this.#serverKind(calledAtMs)]);
      return await this.#turns.run(() =>
        this.#call((deadline) => this.#change(name, decide, origin, deadline), calledAtMs),
      );
    });
  }

  async getRevision(name: string, revision: number): Promise<Revision | undefined> {
    return await this.#call(async () =>
      canBeStored(name) ? await this.#history.revisions.find(name, revision) : undefined,
    );
  }

  async listRevisions(name: string, options: HistoryOptions): Promise<readonly Revision[]> {
    return await this.#call(async () => (canBeStored(name) ? await this.#history.revisions.list(name, options) : []));
  }

  async getTag(name: string, tag: string): Promise<number | undefined> {
    return await this.#call(async () =>
      canBeStored(name) ? (await this.#history.tags.of([name])).get(name)?.get(tag)?.revision : undefined,
    );
  }

  async changeTag(
    name: string,
    tag: string,
    decide: (current: number | undefined) => number | undefined,
  ): Promise<number | undefined> {
    const calledAtMs = performance.now();
    return await this.#tagChanges.run(name, () =>
      this.#call(async (deadline) => {
        void this.#ensureIndexes();
        const locate = async (revision: number) => {
          const found = await this.#history.revisions.find(name, revision);
          if (found === undefined) {
            throw new RevisionMissingError(`${quoteValue(name)} has no revision ${revision}`);
          }
          return found;
        };
        if (!canBeStored(name) || !canBeStored(tag)) {
          const revision = decide(undefined);
          return revision === undefined ? undefined : (await locate(revision)).revision;
        }
        return await this.#history.tags.change(name, tag, decide, locate, deadline);
      }, calledAtMs),
    );
  }

  /** @throws HistoryExpiredError as the port says */
  async readChanges({ after, limit }: ChangesOptions): Promise<readonly Revision[]> {
    return await this.#call(async () => {
      const changes = await this.#history.readChanges(after, limit);
      if (typeof changes === 'number') {
        throw new HistoryExpiredError(changes);
      }
      return await this.#history.revisions.revisionsOf(changes);
    });
  }

  async lastPosition(): Promise<number> {
    return await this.#call(async () => {
      await this.#history.tail.follow();
      return this.#history.tail.last;
    });
  }

  async listedThrough(): Promise<number> {
    return await this.#call(async () => {
      await this.#history.tail.follow();
      return this.#history.tail.settledThrough;
    });
  }

  onChange(listener: () => void): () => void {
    return this.#history.onChange(listener);
  }

  async ping(): Promise<void> {
    await this.#call(() => this.#database.ping());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#history.close();
    const deadline = new Deadline(performance.now());
    try {
      await deadline.race(() => this.#database[Symbol.asyncDispose]());
    } catch (error) {
      // A database that has gone away cannot be told goodbye.
      if (!(error instanceof StoreUnavailableError)) {
        throw error;
      }
    }
  }

  async #serverKind(calledAtMs: number): Promise<keyof typeof MAX_CHANGES_AT_ONCE> {
    return (await this.#call(() => this.#database.isFerretDb1(), calledAtMs)) ? 'ferretDb1' : 'mongo';
  }

  async #change(
    name: string,
    decide: Decide,
    origin: ChangeOrigin,
    deadline: Deadline,
  ): Promise<StoredAppImage | undefined> {
    const { heads, tail, appender } = this.#history;
    await tail.start();
    await appender.giveWay(name);
    for (let attempt = 0; ; attempt += 1) {
      // From here on, no other change of this name goes unnoticed.
      using watched = tail.watch(name);
      const standing = canBeStored(name) ? await heads.read(name) : undefined;
      this.#lastAnswerAtMs = performance.now();
      deadline.check();
      if (!(await this.#isBehind(name, standing))) {
        const current = this.#templateOf(standing);
        const decision = decide(current);
        if (decision.kind === 'keep' || (decision.kind === 'delete' && current === undefined)) {
          return current;
        }
        if (!canBeStored(name) || (decision.kind === 'put' && decision.appImage.name !== name)) {
          throw new StoreFaultError(`a template cannot be stored under the name ${quoteValue(name)}`);
        }
        const content = decision.kind === 'put' ? this.#encoded(decision.appImage) : undefined;
        const revision = (standing?.revision ?? 0) + 1;
        const draft = draftOf({ name, revision, writeId: randomUUID(), timeMs: Date.now(), origin, content });
        const earlier = standing === undefined ? [] : [standing.position, ...earlierPositionsOf(standing)];
        const appended = await appender.append({ draft, earlier, watched, deadline });
        if (appended !== undefined) {
          deadline.extend();
          await heads.show(appended.document, standing, appended.sentAtMs, deadline);
          this.#history.notify();
          const { position } = appended.document;
          return content && { name, revision, position, appImage: content.appImage, encoded: content.encoded };
        }
      }
      // The database answers and others make progress, so this is no outage, and the waits stay short.
      deadline.extend();
      await deadline.backOff(Math.min(attempt, MAX_CONFLICT_BACKOFF_STEPS));
    }
  }

  /** Whether the log has a change that is not shown yet. It is seen to that it will be. */
  async #isBehind(name: string, standing: RevisionDocument | undefined): Promise<boolean> {
    const { heads, tail } = this.#history;
    const unsettled = tail.unsettledOf(name);
    if (unsettled === undefined || unsettled.revision <= (standing?.revision ?? 0)) {
      return false;
    }
    if (await heads.isOverdue(unsettled)) {
      await heads.repair(unsettled);
    }
    return true;
  }

  #encoded(appImage: StoredAppImage['appImage']) {
    const encoded = this.#codec.encode(appImage);
    return { appImage, encoded, hash: `sha256:${createHash('sha256').update(encoded.protobuf).digest('hex')}` };
  }

  #templateOf(document: RevisionDocument | undefined): StoredAppImage | undefined {
    if (document === undefined || document.deleted) {
      return undefined;
    }
    const { name, revision, position } = document;
    const appImage = reportingDamage(name, () => appImageOf(name, document));
    return new StructuredRevision(this.#codec, revision, position, appImage);
  }

  /**
   * Runs a call within its time. One that waited for its turn gets its whole time from the database's last answer on, so that a long queue
   * is no failure while the database answers, and ends at once when it does not.
   */
  async #call<T>(work: (deadline: Deadline) => Promise<T>, calledAtMs = performance.now()): Promise<T> {
    this.#expectOpen();
    const deadline = new Deadline(Math.max(calledAtMs, this.#lastAnswerAtMs));
    const result = await deadline.race(async () => {
      await this.#database.connected();
      this.#expectOpen();
      this.#history.start();
      return await work(deadline);
    });
    this.#lastAnswerAtMs = performance.now();
    return result;
  }

  /** Spares reading through all the names that were ever deleted, or tagged. Everything works without the indexes as well. */
  async #ensureIndexes(): Promise<void> {
    if (this.#indexesAsked) {
      return;
    }
    this.#indexesAsked = true;
    try {
      for (const appImages of await this.#database.allAppImages()) {
        await appImages.createIndex({ deleted: 1, _id: 1 });
      }
      await this.#database.tags.createIndex({ name: 1 });
    } catch (error) {
      // Asked for again where the database was away; not where the user has no right to it.
      this.#indexesAsked = !(translateMongoError(error) instanceof StoreUnavailableError);
    }
  }

  #expectOpen(): void {
    if (this.#closed) {
      throw new StoreUnavailableError('the store is closed');
    }
  }
}

/** Whether a document can have this `_id`: BSON strings are UTF-8, which has no lone surrogates. */
function canBeStored(name: string): boolean {
  return name.length <= MAX_NAME_BYTES && name.isWellFormed() && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}
