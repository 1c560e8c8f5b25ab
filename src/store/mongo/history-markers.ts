import type { Collection } from 'mongodb';
import { isDuplicateKey, translatingErrors } from './mongo-errors.js';
import { positionKey } from './revision-document.js';

/**
 * - `settled`: up to here every change has been the newest of its name in the view, or is overtaken by one that has;
 * - `floor`: up to here changes may have been deleted;
 * - `trimmed`: up to here it was looked what can be deleted, and that was done.
 */
export type MarkerKind = 'settled' | 'floor' | 'trimmed';

/** A marker at a position. The highest of its kind counts. */
export interface MarkerDocument {
  /** Kind and position. */
  readonly _id: string;
  readonly kind: string;
  readonly position: number;
}

export type Markers = Readonly<Record<MarkerKind, number>>;

/**
 * How far along the log what is done in the background has come. A marker is moved by inserting a further one, so that it never goes
 * back, whoever moves it at the same time, on servers without atomic updates as well.
 */
export class HistoryMarkers {
  readonly #markers: Collection<MarkerDocument>;

  constructor(markers: Collection<MarkerDocument>) {
    this.#markers = markers;
  }

  /** All markers; 0 where one was never moved. */
  async read(): Promise<Markers> {
    const documents = await translatingErrors(() => this.#markers.find({}).toArray());
    const highest = { settled: 0, floor: 0, trimmed: 0 };
    for (const { kind, position } of documents) {
      if (kind === 'settled' || kind === 'floor' || kind === 'trimmed') {
        highest[kind] = Math.max(highest[kind], position);
      }
    }
    return highest;
  }

  /** Moves a marker forward; where it is further already, it stays. Resolves when that is durable. */
  async raise(kind: MarkerKind, position: number): Promise<void> {
    const id = `${kind}/${positionKey(position)}`;
    await translatingErrors(async () => {
      try {
        await this.#markers.insertOne({ _id: id, kind, position });
      } catch (error) {
        if (!isDuplicateKey(error)) {
          throw error;
        }
      }
      await this.#markers.deleteMany({ kind, _id: { $lt: id } });
    });
  }
}
