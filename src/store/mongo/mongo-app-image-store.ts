import { randomUUID } from 'node:crypto';
import { type AppImageCodec, type StoredAppImage, StructuredRevision } from '../../domain/app-image/app-image.js';
import {
  type AppImageStore,
  type Decide,
  type ListOptions,
  StoreFaultError,
  StoreUnavailableError,
} from '../../domain/app-image/app-image-store.js';
import { quoteValue } from '../../domain/errors.js';
import {
  type AppImageDocument,
  appImageOf,
  documentOf,
  expectAppImageDocument,
  tombstoneOf,
} from './app-image-document.js';
import { DocumentShapeError } from './bson-shape.js';
import { ConditionalWrite } from './conditional-write.js';
import { Deadline } from './deadline.js';
import { KeyedQueue } from './keyed-queue.js';
import { MongoDatabase } from './mongo-database.js';
import { translateMongoError, translatingErrors } from './mongo-errors.js';

export interface MongoAppImageStoreOptions {
  /** `mongodb://` or `mongodb+srv://`; the database it names, else `appimage`. */
  readonly url: string;
  readonly codec: AppImageCodec;
}

/** The longest name that every server takes as an indexed value. */
const MAX_NAME_BYTES = 1000;

/** How often the wait between two conflicts is doubled. */
const MAX_CONFLICT_BACKOFF_STEPS = 4;

/** Int64 as bigint, or the driver rounds it to a double. */
const EXACT = { useBigInt64: true } as const;

/**
 * Opens the store of a MongoDB database. It connects with the first call, so a service starts, and says that it is not ready, while its
 * database is down.
 * @throws StoreFaultError where the URL is not valid; the message repeats no password
 */
export async function openMongoAppImageStore(options: MongoAppImageStoreOptions): Promise<MongoAppImageStore> {
  return new MongoAppImageStore(new MongoDatabase(options.url), options.codec);
}

/**
 * Templates as documents of one collection, `_id` being the name. Only single documents are read and written, by operations that
 * every MongoDB-compatible server has.
 */
export class MongoAppImageStore implements AppImageStore {
  readonly kind = 'mongodb';
  readonly #database: MongoDatabase;
  readonly #codec: AppImageCodec;
  /** Changes of one name take turns, since at most one of those that run at once could succeed. */
  readonly #changes = new KeyedQueue();
  #lastAnswerAtMs = 0;
  #indexAsked = false;
  #closed = false;

  /** Takes over the database and closes it. */
  constructor(database: MongoDatabase, codec: AppImageCodec) {
    this.#database = database;
    this.#codec = codec;
  }

  async get(name: string): Promise<StoredAppImage | undefined> {
    return await this.#call(async () => this.#revisionOf(await this.#read(name)));
  }

  async getMany(names: readonly string[]): Promise<readonly (StoredAppImage | undefined)[]> {
    return await this.#call(async () => {
      const asked = [...new Set(names)].filter(canBeStored);
      if (asked.length === 0) {
        return names.map(() => undefined);
      }
      // The batch is as large as the answer can be, or the server would send it in parts.
      const documents = await translatingErrors(() =>
        this.#database.appImages
          .find({ _id: { $in: asked } }, { ...EXACT, limit: asked.length, batchSize: asked.length })
          .toArray(),
      );
      const found = new Map(documents.map((document) => this.#entryOf(document)));
      return names.map((name) => found.get(name));
    });
  }

  async list({ after, limit }: ListOptions): Promise<readonly StoredAppImage[]> {
    return await this.#call(async () => {
      void this.#ensureListIndex();
      const documents = await translatingErrors(() =>
        this.#database.appImages
          .find({ deleted: false, _id: { $gt: after } }, { ...EXACT, sort: { _id: 1 }, limit, batchSize: limit })
          .toArray(),
      );
      return documents.flatMap((document) => this.#revisionOf(expectDocument(document)) ?? []);
    });
  }

  async change(name: string, decide: Decide): Promise<StoredAppImage | undefined> {
    const calledAtMs = performance.now();
    return await this.#changes.run(name, () =>
      this.#call((deadline) => this.#change(name, decide, deadline), calledAtMs),
    );
  }

  async ping(): Promise<void> {
    await this.#call(() => this.#database.ping());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
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

  async #change(name: string, decide: Decide, deadline: Deadline): Promise<StoredAppImage | undefined> {
    const write = new ConditionalWrite(this.#database, name, (key) => this.#read(key), deadline);
    for (let attempt = 0; ; attempt += 1) {
      const standing = await this.#read(name);
      deadline.check();
      const current = this.#revisionOf(standing);
      const decision = decide(current);
      if (decision.kind === 'keep' || (decision.kind === 'delete' && current === undefined)) {
        return current;
      }
      if (!canBeStored(name) || (decision.kind === 'put' && decision.appImage.name !== name)) {
        throw new StoreFaultError(`a template cannot be stored under the name ${quoteValue(name)}`);
      }
      const revision = (standing?.revision ?? 0) + 1;
      const next =
        decision.kind === 'put'
          ? documentOf(decision.appImage, revision, randomUUID())
          : tombstoneOf(name, revision, randomUUID());
      if (await write.put(standing, next)) {
        return decision.kind === 'put' ? new StructuredRevision(this.#codec, revision, decision.appImage) : undefined;
      }
      // The database answers and others make progress, so this is no outage, and the waits stay short.
      deadline.extend();
      await deadline.backOff(Math.min(attempt, MAX_CONFLICT_BACKOFF_STEPS));
    }
  }

  async #read(name: string): Promise<AppImageDocument | undefined> {
    if (!canBeStored(name)) {
      return undefined;
    }
    const document = await translatingErrors(() => this.#database.appImages.findOne({ _id: name }, EXACT));
    this.#lastAnswerAtMs = performance.now();
    return document === null ? undefined : expectDocument(document);
  }

  #revisionOf(document: AppImageDocument | undefined): StoredAppImage | undefined {
    if (document === undefined || document.deleted) {
      return undefined;
    }
    const appImage = reportingDamage(document, () => appImageOf(document));
    return new StructuredRevision(this.#codec, document.revision, appImage);
  }

  #entryOf(document: AppImageDocument): [name: string, revision: StoredAppImage | undefined] {
    const { _id: name } = document;
    return [name, this.#revisionOf(expectDocument(document))];
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
      return await work(deadline);
    });
    this.#lastAnswerAtMs = performance.now();
    return result;
  }

  /** Spares a list from reading through all the names that were ever deleted. It works without the index as well. */
  async #ensureListIndex(): Promise<void> {
    if (this.#indexAsked) {
      return;
    }
    this.#indexAsked = true;
    try {
      await this.#database.appImages.createIndex({ deleted: 1, _id: 1 });
    } catch (error) {
      // Asked for again where the database was away; not where the user has no right to it.
      this.#indexAsked = !(translateMongoError(error) instanceof StoreUnavailableError);
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

function expectDocument(document: AppImageDocument): AppImageDocument {
  return reportingDamage(document, () => expectAppImageDocument(document));
}

function reportingDamage<T>({ _id: name }: AppImageDocument, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DocumentShapeError) {
      throw new StoreFaultError(`the MongoDB document ${quoteValue(name)} cannot be read: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}
