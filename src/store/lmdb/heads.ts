import type { Head } from './head.js';
import type { LmdbEnvironment } from './open-environment.js';
import { readHead } from './record.js';

/** What can be a name or a tag in a key: far longer ones than the contract's labels, far shorter ones than LMDB's limit. */
const STORABLE = /^[!-~]{1,255}$/;
export const MAX_NAME_BYTES = 255;

export function isStorable(nameOrTag: string): boolean {
  return STORABLE.test(nameOrTag);
}

/**
 * Whether a name can be looked up; nothing is found under one that is not storable, since no two strings make the same key. That is all that a read
 * has to know, and takes no look at the characters, which a batch would notice.
 */
export function isFindable(name: string): boolean {
  return name.length <= MAX_NAME_BYTES;
}

/**
 * The newest revision of every name that there ever was. Every method works on the snapshot, or in the write transaction that is
 * being executed.
 */
export class Heads {
  readonly #environment: LmdbEnvironment;

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment;
  }

  /** The record of a template that stands, in a buffer of its own. */
  record(name: string): Buffer | undefined {
    const lent = this.lentRecord(name);
    if (lent === undefined) {
      return undefined;
    }
    const record = Buffer.allocUnsafe(lent.length);
    record.set(lent.subarray(0, lent.length));
    return record;
  }

  /** The record of a template that stands, in the buffer that the next read overwrites, and that is longer than its `length` says. */
  lentRecord(name: string): Buffer | undefined {
    return isFindable(name) ? this.#environment.live.getBinaryFast(name) : undefined;
  }

  /**
   * Where the history of a name ends, whether the template stands or was deleted.
   * @throws StoreFaultError where that is damaged
   */
  find(name: string): Head | undefined {
    const stored = isFindable(name) ? this.#environment.live.getBinaryFast(name) : undefined;
    return stored === undefined ? this.tombstone(name) : readHead(name, stored);
  }

  /**
   * Where the history of a deleted template ends.
   * @throws StoreFaultError where that is damaged
   */
  tombstone(name: string): Head | undefined {
    const stored = isFindable(name) ? this.#environment.deleted.getBinaryFast(name) : undefined;
    return stored && readHead(name, stored);
  }
}
