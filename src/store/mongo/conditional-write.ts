import { type StoreFaultError, StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import type { AppImageDocument } from './app-image-document.js';
import type { Deadline } from './deadline.js';
import type { MongoDatabase } from './mongo-database.js';
import { isDuplicateKey, translateMongoError } from './mongo-errors.js';
import { WriteClaims } from './write-claims.js';

/** Reads what stands under a name, deleted ones included. */
export type ReadDocument = (name: string) => Promise<AppImageDocument | undefined>;

/**
 * Puts one document in the place of another, if that still stands. It may be sent several times: the condition lets at most one of
 * them through, and the document's `write_id` tells whose it was. One object serves one change.
 */
export class ConditionalWrite {
  readonly #database: MongoDatabase;
  readonly #read: ReadDocument;
  readonly #deadline: Deadline;
  readonly #claims: WriteClaims;

  constructor(database: MongoDatabase, name: string, read: ReadDocument, deadline: Deadline) {
    this.#database = database;
    this.#read = read;
    this.#deadline = deadline;
    this.#claims = new WriteClaims(database.claims, name);
  }

  /**
   * Resolves to whether `next` was written, and then durably; `false` where `standing` no longer stands.
   * @throws StoreUnavailableError where it may have been written or not
   */
  async put(standing: AppImageDocument | undefined, next: AppImageDocument): Promise<boolean> {
    if (standing === undefined) {
      return await this.#repeat(standing, next, () => this.#insert(next));
    }
    const { revision } = standing;
    if (await this.#database.updatesAreAtomic()) {
      return await this.#repeat(standing, next, () => this.#replace(revision, next));
    }
    return await this.#claims.run(next.revision, async (checkHold) => {
      return await this.#repeat(standing, next, () => {
        checkHold();
        return this.#replace(revision, next);
      });
    });
  }

  /** Sends a write until its outcome is known. */
  async #repeat(
    standing: AppImageDocument | undefined,
    next: AppImageDocument,
    send: () => Promise<boolean>,
  ): Promise<boolean> {
    const { _id: name } = next;
    let lost: StoreUnavailableError | StoreFaultError | undefined;
    for (let attempt = 0; ; attempt += 1) {
      this.#deadline.check(lost);
      try {
        if (await send()) {
          return true;
        }
        if (lost === undefined) {
          return false;
        }
      } catch (error) {
        lost = translateMongoError(error);
        if (!(lost instanceof StoreUnavailableError)) {
          throw lost;
        }
        await this.#deadline.backOff(attempt, lost);
        continue;
      }
      // Refused, but the answer to an earlier attempt was lost: that one may be what stands now.
      const found = await this.#read(name);
      if (found?.write_id === next.write_id) {
        return true;
      }
      if (found?.revision !== standing?.revision) {
        throw new StoreUnavailableError('the answer to a write was lost, and the template has changed since', {
          cause: lost,
        });
      }
      // What refused the write is not confirmed by the majority yet, so reads do not show it.
      await this.#deadline.backOff(attempt, lost);
    }
  }

  async #insert(next: AppImageDocument): Promise<boolean> {
    try {
      await this.#database.appImages.insertOne(next);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) {
        return false;
      }
      throw error;
    }
  }

  async #replace(revision: number, next: AppImageDocument): Promise<boolean> {
    const { _id, ...replacement } = next;
    const { matchedCount } = await this.#database.appImages.replaceOne({ _id, revision }, replacement);
    return matchedCount === 1;
  }
}
