import { setTimeout as sleep } from 'node:timers/promises';
import { type AnyBulkWriteOperation, MongoBulkWriteError, MongoServerError } from 'mongodb';
import { StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import type { Deadline } from './deadline.js';
import type { MongoDatabase } from './mongo-database.js';
import { isDuplicateKey, translateMongoError } from './mongo-errors.js';
import type { RevisionDocument } from './revision-document.js';

/** Revisions written in one go. FerretDB 1.x looks for each by reading through the collection, and has to be done within a timeout. */
const MAX_GROUP = { mongo: 100, ferretDb1: 20 };
const RETRY_MS = 50;

/** A revision that is to be shown under its name. */
export interface HeadWrite {
  readonly document: RevisionDocument;
  /** What is shown now. */
  readonly before: RevisionDocument | undefined;
  /** Until when it may be written where that is not one step, on the clock of `performance.now()`. */
  readonly holdEndsAtMs: number;
  readonly deadline: Deadline;
}

interface Waiting extends HeadWrite {
  readonly resolve: (written: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes the revisions that this process has appended under their names, those that arrive together in one go, one go after the other: many
 * writes at once are slow where the server lets them wait for each other, as SQLite does.
 */
export class HeadWriter {
  readonly #database: MongoDatabase;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(database: MongoDatabase) {
    this.#database = database;
  }

  /**
   * Resolves to whether the revision, or a newer one, stands under its name. Where writing is not one step, it is not written after its
   * `holdEndsAtMs`, nor a second time.
   * @throws StoreUnavailableError where it may stand there or not
   */
  async write(write: HeadWrite): Promise<boolean> {
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ ...write, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        setImmediate(() => void this.#run());
      }
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      let group: readonly Waiting[] = [];
      try {
        const isFerretDb1 = await this.#database.isFerretDb1();
        group = this.#waiting.splice(0, isFerretDb1 ? MAX_GROUP.ferretDb1 : MAX_GROUP.mongo);
        await (isFerretDb1 ? this.#writeHeld(group) : this.#replaceOlder(group));
      } catch (error) {
        await this.#failed(group, translateMongoError(error));
      }
    }
    this.#running = false;
  }

  /** In one step, so it may be sent any number of times. */
  async #replaceOlder(group: readonly Waiting[]): Promise<void> {
    const failures = await this.#bulkWrite(group, ({ document: { _id, ...replacement } }) => {
      const { name, revision } = replacement;
      return { replaceOne: { filter: { _id: name, revision: { $lt: revision } }, replacement, upsert: true } };
    });
    for (const waiting of group) {
      const failure = failures.get(waiting);
      // A duplicate key is one that is as new.
      if (failure === undefined || isDuplicateKey(failure)) {
        waiting.resolve(true);
      } else {
        waiting.reject(translateMongoError(failure));
      }
    }
  }

  /** Not in one step, but by the only one who may do so for now. */
  async #writeHeld(group: readonly Waiting[]): Promise<void> {
    const nowMs = performance.now();
    const held = group.filter(({ holdEndsAtMs }) => nowMs < holdEndsAtMs);
    const failures = await this.#bulkWrite(held, ({ document: { _id, ...document }, before }) =>
      before === undefined
        ? { insertOne: { document: { ...document, _id: document.name } } }
        : { replaceOne: { filter: { _id: document.name }, replacement: document } },
    );
    for (const waiting of group) {
      waiting.resolve(held.includes(waiting) && !failures.has(waiting));
    }
  }

  /** What each refused write failed with. */
  async #bulkWrite(
    group: readonly Waiting[],
    operationOf: (waiting: Waiting) => AnyBulkWriteOperation<RevisionDocument>,
  ): Promise<ReadonlyMap<Waiting, Error>> {
    const failures = new Map<Waiting, Error>();
    const parts = new Map<string, Waiting[]>();
    for (const waiting of group) {
      const { collectionName } = await this.#database.appImagesWith(waiting.document.name);
      parts.set(collectionName, [...(parts.get(collectionName) ?? []), waiting]);
    }
    for (const part of parts.values()) {
      const appImages = await this.#database.appImagesWith(part[0]?.document.name ?? '');
      try {
        await appImages.bulkWrite(part.map(operationOf), { ordered: false });
      } catch (error) {
        const refused = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
        if (refused.length === 0) {
          throw error;
        }
        for (const { index, code, errmsg } of refused) {
          const waiting = part[index];
          if (waiting !== undefined) {
            failures.set(waiting, new MongoServerError({ message: errmsg ?? '', code }));
          }
        }
      }
    }
    return failures;
  }

  async #failed(group: readonly Waiting[], error: Error): Promise<void> {
    const isUnavailable = error instanceof StoreUnavailableError;
    if (isUnavailable && group.length > 0 && (await this.#isFerretDb1())) {
      for (const { resolve } of group) {
        resolve(false);
      }
      return;
    }
    const waiting = group.length === 0 ? this.#waiting.splice(0) : group;
    const retried = waiting.filter(({ deadline }) => isUnavailable && !deadline.isOver);
    for (const each of waiting) {
      if (!retried.includes(each)) {
        each.reject(error);
      }
    }
    this.#waiting.unshift(...retried);
    await sleep(Math.random() * RETRY_MS);
  }

  async #isFerretDb1(): Promise<boolean> {
    try {
      return await this.#database.isFerretDb1();
    } catch {
      return false;
    }
  }
}
