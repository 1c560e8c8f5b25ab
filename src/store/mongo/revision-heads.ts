import type { Filter, FindOptions } from 'mongodb';
import { StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import { compareCodePoints } from '../../domain/app-image/code-point-order.js';
import type { ChangeLog } from './change-log.js';
import { Deadline } from './deadline.js';
import { HeadWriter } from './head-writer.js';
import type { LogTail, UnsettledChange } from './log-tail.js';
import { EXACT, type MongoDatabase } from './mongo-database.js';
import { isDuplicateKey, translatingErrors } from './mongo-errors.js';
import { expectRevisionDocument, type RevisionDocument } from './revision-document.js';
import { HOLD_MS, TAKEOVER_MS, WriteClaims } from './write-claims.js';

/** How long a change may stand in the log alone before others see to it that the view shows it. */
const LEFT_TO_ITS_WRITER_MS = 250;

/**
 * The view of the log that queries are answered from: the newest revision of each name. Whoever appends a change writes it here before the
 * change is acknowledged; if that process dies in between, another one does it. A revision never takes the place of a newer one.
 *
 * FerretDB 1.x can compare and replace, but not in one step, so there, only one at a time may write what stands under a name: for
 * {@link HOLD_MS} who appended the change, and later who has a claim.
 */
export class RevisionHeads {
  readonly #database: MongoDatabase;
  readonly #log: ChangeLog;
  readonly #tail: LogTail;
  readonly #writer: HeadWriter;

  constructor(database: MongoDatabase, log: ChangeLog, tail: LogTail) {
    this.#database = database;
    this.#log = log;
    this.#tail = tail;
    this.#writer = new HeadWriter(database);
  }

  /** What the view shows of a name; a delete as well. */
  async read(name: string): Promise<RevisionDocument | undefined> {
    const appImages = await this.#database.appImagesWith(name);
    const document = await translatingErrors(() => appImages.findOne({ _id: name }, EXACT));
    return document === null ? undefined : expectRevisionDocument(document);
  }

  /** What the view shows of these names, in no order; asks once for all of them. */
  async readMany(names: readonly string[]): Promise<readonly RevisionDocument[]> {
    // The batch is as large as the answer can be, or the server would send it in parts.
    const options = { limit: names.length, batchSize: names.length };
    return names.length === 0 ? [] : await this.#find({ _id: { $in: names } }, options);
  }

  /** The next templates behind a name, in the order of their names. */
  async readPage(after: string, limit: number): Promise<readonly RevisionDocument[]> {
    const filter = { deleted: false, _id: { $gt: after } };
    const documents = await this.#find(filter, { sort: { _id: 1 }, limit, batchSize: limit });
    return documents.toSorted((a, b) => compareCodePoints(a.name, b.name)).slice(0, limit);
  }

  /** The newest revision of a name, also where only the log has it yet. */
  async newest(name: string): Promise<RevisionDocument | undefined> {
    const shown = await this.read(name);
    const unsettled = this.#tail.unsettledOf(name);
    if (unsettled === undefined || unsettled.revision <= (shown?.revision ?? 0)) {
      return shown;
    }
    const [document] = await this.#log.at([unsettled.position]);
    return document === undefined ? shown : expectRevisionDocument(document);
  }

  /**
   * Shows a revision that was appended upon `before`.
   * @param sentAtMs when it was first sent to the log, on the clock of `performance.now()`
   * @throws StoreUnavailableError where the view may show it or not; it will
   */
  async show(
    document: RevisionDocument,
    before: RevisionDocument | undefined,
    sentAtMs: number,
    deadline: Deadline,
  ): Promise<void> {
    if (!(await this.#writer.write({ document, before, holdEndsAtMs: sentAtMs + HOLD_MS, deadline }))) {
      await this.#showWithClaim(document, deadline);
    }
    this.#tail.settle(document.name, document.revision);
  }

  /** Whether it is time to see to it that the view shows a change. */
  async isOverdue({ seenAtMs }: UnsettledChange): Promise<boolean> {
    const waitMs = (await this.#database.isFerretDb1()) ? TAKEOVER_MS : LEFT_TO_ITS_WRITER_MS;
    return performance.now() - seenAtMs >= waitMs;
  }

  /** Makes the view show a change that its writer has left, unless it does. */
  async repair({ name, revision, position }: UnsettledChange): Promise<void> {
    const deadline = new Deadline(performance.now());
    const shown = await this.read(name);
    if ((shown?.revision ?? 0) < revision) {
      const [found] = await this.#log.at([position]);
      if (found === undefined) {
        throw new StoreUnavailableError(`the change at position ${position} cannot be read yet`);
      }
      const document = expectRevisionDocument(found);
      const isShown =
        !(await this.#database.isFerretDb1()) &&
        (await this.#writer.write({ document, before: shown, holdEndsAtMs: 0, deadline }));
      if (!isShown) {
        await this.#showWithClaim(document, deadline);
      }
    }
    this.#tail.settle(name, revision);
  }

  async #find(filter: Filter<RevisionDocument>, options: FindOptions): Promise<readonly RevisionDocument[]> {
    const parts = await this.#database.allAppImages();
    const found = await translatingErrors(() =>
      Promise.all(parts.map((appImages) => appImages.find(filter, { ...EXACT, ...options }).toArray())),
    );
    return found.flat().map(expectRevisionDocument);
  }

  /** Shows a revision where that is not one step, as the only one who has a claim on doing so. */
  async #showWithClaim(document: RevisionDocument, deadline: Deadline): Promise<void> {
    const claims = new WriteClaims(this.#database.claims, document.name);
    for (let attempt = 0; ; attempt += 1) {
      try {
        const shown = await claims.run(document.revision, async (checkHold) => {
          const standing = await this.read(document.name);
          if ((standing?.revision ?? 0) < document.revision) {
            checkHold();
            await this.#put(document, standing);
          }
          return true;
        });
        if (shown) {
          return;
        }
        await deadline.backOff(attempt);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) {
          throw error;
        }
        await deadline.backOff(attempt, error);
      }
    }
  }

  async #put(document: RevisionDocument, standing: RevisionDocument | undefined): Promise<void> {
    const { _id, ...fields } = document;
    const { name } = document;
    const appImages = await this.#database.appImagesWith(name);
    await translatingErrors(async () => {
      if (standing !== undefined) {
        await appImages.replaceOne({ _id: name }, fields);
        return;
      }
      try {
        await appImages.insertOne({ ...fields, _id: name });
      } catch (error) {
        if (!isDuplicateKey(error)) {
          throw error;
        }
      }
    });
  }
}
