import type { Collection } from 'mongodb';
import { EXACT, type MongoDatabase } from './mongo-database.js';
import { isDuplicateKey, translatingErrors } from './mongo-errors.js';
import { positionKey, type RevisionDocument } from './revision-document.js';

/** Changes in one collection, on a server that reads through a whole collection for each query. */
const SEGMENT_CHANGES = 50;

/** What to read of each document: `{ field: 1 }`; all of it without. */
export type ChangeFields = Readonly<Record<string, 1>>;

/** What {@link ChangeLog.scan} found. */
export interface ScannedChanges {
  readonly documents: readonly RevisionDocument[];
  /** Every change up to here was looked at. */
  readonly through: number;
}

/**
 * The order of all changes, and the truth about every template: one document for each change, its position the key. A position is only ever
 * taken by who has seen the one before it, and inserts are atomic everywhere, so there are no gaps, and no position becomes visible before
 * one that is lower.
 */
export class ChangeLog {
  readonly #database: MongoDatabase;

  constructor(database: MongoDatabase) {
    this.#database = database;
  }

  /** The last position that can be appended with this one in one go. */
  async lastOfAppend(position: number): Promise<number> {
    return (await this.#segmentAt(position)).last;
  }

  /**
   * Appends changes at positions that follow each other, in their order, ending with the first whose position is taken.
   * @returns whether all were appended
   * @throws StoreUnavailableError where it is not known how many were
   */
  async append(documents: readonly RevisionDocument[]): Promise<boolean> {
    const [first] = documents;
    if (first === undefined) {
      return true;
    }
    const { changes } = await this.#segmentAt(first.position);
    return await translatingErrors(async () => {
      try {
        await changes.insertMany(documents, { ordered: true });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) {
          return false;
        }
        throw error;
      }
    });
  }

  /**
   * Changes behind a position, in their order. Where some were deleted, it may end before them.
   * @param options `isSureOfMore` where there is one, so that it need not be looked whether there is
   */
  async read(
    after: number,
    limit: number,
    { fields, isSureOfMore = false }: { readonly fields?: ChangeFields; readonly isSureOfMore?: boolean } = {},
  ): Promise<RevisionDocument[]> {
    const documents: RevisionDocument[] = [];
    for (let from = after; ; ) {
      const { changes, last } = await this.#segmentAt(from + 1);
      if (last < Number.MAX_SAFE_INTEGER && !(isSureOfMore && from === after)) {
        // Far cheaper than to read through a segment that has nothing.
        if ((await this.#at(changes, from + 1, { _id: 1 })) === undefined) {
          return documents;
        }
      }
      documents.push(...(await find(changes, from, last, limit - documents.length, fields)));
      if (documents.length === limit || documents.at(-1)?.position !== last) {
        return documents;
      }
      from = last;
    }
  }

  /** Changes behind `after` and up to `to` that have not been deleted. */
  async scan(after: number, to: number, limit: number, fields: ChangeFields): Promise<ScannedChanges> {
    const { changes, last } = await this.#segmentAt(after + 1);
    const through = Math.min(to, last);
    const documents = await find(changes, after, through, limit, fields);
    return { documents, through: documents.length < limit ? through : (documents.at(-1)?.position ?? through) };
  }

  /** The changes at these positions, those that there are, in no order. */
  async at(positions: readonly number[]): Promise<RevisionDocument[]> {
    if (positions.length > 1 && !(await this.#database.isFerretDb1())) {
      const { changes } = await this.#segmentAt(1);
      return await translatingErrors(() =>
        changes
          .find({ _id: { $in: positions.map(positionKey) } }, { ...EXACT, batchSize: positions.length + 1 })
          .toArray(),
      );
    }
    const found = await Promise.all(
      positions.map(async (position) => this.#at((await this.#segmentAt(position)).changes, position)),
    );
    return found.flatMap((document) => document ?? []);
  }

  /** Deletes the changes at these positions, as far as they are there. */
  async delete(positions: readonly number[]): Promise<void> {
    const segments = new Map<number, number[]>();
    for (const position of positions) {
      const { last } = await this.#segmentAt(position);
      segments.set(last, [...(segments.get(last) ?? []), position]);
    }
    for (const [last, ofSegment] of segments) {
      const { changes } = await this.#segmentAt(last);
      const deletes = ofSegment.map((position) => ({ deleteOne: { filter: { _id: positionKey(position) } } }));
      await translatingErrors(() => changes.bulkWrite(deletes, { ordered: false }));
    }
  }

  async #at(
    changes: Collection<RevisionDocument>,
    position: number,
    fields?: ChangeFields,
  ): Promise<RevisionDocument | undefined> {
    const options = fields === undefined ? EXACT : { ...EXACT, projection: fields };
    const document = await translatingErrors(() => changes.findOne({ _id: positionKey(position) }, options));
    return document ?? undefined;
  }

  /** The collection that a position is in, and the last position that is in it. */
  async #segmentAt(position: number): Promise<{ changes: Collection<RevisionDocument>; last: number }> {
    if (!(await this.#database.isFerretDb1())) {
      return { changes: this.#database.changes(undefined), last: Number.MAX_SAFE_INTEGER };
    }
    const segment = Math.ceil(position / SEGMENT_CHANGES);
    return { changes: this.#database.changes(segment), last: segment * SEGMENT_CHANGES };
  }
}

async function find(
  changes: Collection<RevisionDocument>,
  after: number,
  to: number,
  limit: number,
  fields?: ChangeFields,
): Promise<RevisionDocument[]> {
  const options = { ...EXACT, sort: { _id: 1 }, limit, batchSize: limit } as const;
  return await translatingErrors(() =>
    changes
      .find(
        { _id: { $gt: positionKey(after), $lte: positionKey(to) } },
        fields === undefined ? options : { ...options, projection: fields },
      )
      .toArray(),
  );
}
