import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import { isFindable } from './heads.js';
import type { LmdbEnvironment } from './open-environment.js';
import { MAX_RECORD_BYTES } from './record.js';

/** A tag, and the revision that it points at. */
export interface Tag {
  readonly tag: string;
  readonly revision: number;
  /** Where that revision is. */
  readonly position: number;
}

/** As they are stored: JSON of these, sorted by tag. */
type TagTuple = readonly [tag: string, revision: number, position: number];

/**
 * The tags of each name, all in one record, since a name without any must cost a single look. Every method works on the snapshot, or
 * in the write transaction that is being executed.
 */
export class Tags {
  readonly #environment: LmdbEnvironment;

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment;
  }

  /**
   * The tags of a name, sorted.
   * @throws StoreFaultError where they are damaged
   */
  of(name: string): readonly Tag[] {
    const stored = isFindable(name) ? this.#environment.tags.getBinaryFast(name) : undefined;
    return stored === undefined ? [] : decodeTags(name, stored.toString('latin1', 0, stored.length));
  }

  /** @throws StoreFaultError where they are over the 16 MiB that a record may have */
  set(name: string, tags: readonly Tag[]): void {
    if (tags.length === 0) {
      this.#environment.tags.removeSync(name);
      return;
    }
    const tuples = tags.map(({ tag, revision, position }): TagTuple => [tag, revision, position]);
    const record = Buffer.from(JSON.stringify(tuples.sort(([a], [b]) => (a < b ? -1 : 1))), 'latin1');
    if (record.length > MAX_RECORD_BYTES) {
      throw new StoreFaultError(
        `the tags of template "${name}" take ${record.length} bytes; this store takes ${MAX_RECORD_BYTES} at most`,
      );
    }
    this.#environment.tags.putSync(name, record);
  }
}

function decodeTags(name: string, json: string): readonly Tag[] {
  try {
    return (JSON.parse(json) as readonly TagTuple[]).map(([tag, revision, position]) => ({ tag, revision, position }));
  } catch (cause) {
    throw new StoreFaultError(`the tags of template "${name}" are damaged; restore the store from a backup`, { cause });
  }
}
