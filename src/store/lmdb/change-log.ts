import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import { HistoryExpiredError } from '../../domain/app-image/revision.js';
import type { LmdbEnvironment } from './open-environment.js';
import { FLOOR_KEY, readPosition, writePosition } from './root-positions.js';

/** A change as it is stored. */
export interface LoggedChange {
  readonly position: number;
  readonly record: Buffer;
}

/**
 * The order of all changes, by position. Above the floor there is no gap; at and below it, only those changes are left that their
 * template's own history keeps. Every method works on the snapshot, or in the write transaction that is being executed.
 */
export class ChangeLog {
  readonly #environment: LmdbEnvironment;

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment;
  }

  /** The position of the newest change; 0 where there is none. It needs no counter, since the newest change is never removed. */
  last(): number {
    for (const position of this.#environment.changes.getKeys({ reverse: true, limit: 1 })) {
      return position;
    }
    return 0;
  }

  /** The position up to which changes may be missing. */
  floor(): number {
    return readPosition(this.#environment, FLOOR_KEY) ?? 0;
  }

  setFloor(position: number): void {
    writePosition(this.#environment, FLOOR_KEY, position);
  }

  /**
   * Stores a change behind all others.
   * @throws StoreFaultError where there is one at or behind that position; nothing is written
   */
  append(position: number, record: Buffer): void {
    // Appending fills pages to the brim, where LMDB would leave each of them half empty. The type leaves out what it returns.
    const appended: unknown = this.#environment.changes.putSync(position, record, { append: true });
    if (appended !== true) {
      throw new StoreFaultError(`change ${position} is not the last one of the store; restore the store from a backup`);
    }
  }

  remove(position: number): void {
    this.#environment.changes.removeSync(position);
  }

  /** The record of a change in a buffer of its own. */
  record(position: number): Buffer | undefined {
    const reused = this.peek(position);
    if (reused === undefined) {
      return undefined;
    }
    const record = Buffer.allocUnsafe(reused.length);
    record.set(reused.subarray(0, reused.length));
    return record;
  }

  /** The record of a change in a buffer that the next read from the store uses again. */
  peek(position: number): Buffer | undefined {
    return this.#environment.changes.getBinaryFast(position);
  }

  /**
   * The changes behind a position, in their order.
   * @throws HistoryExpiredError where some of them are no longer kept
   */
  behind(after: number, limit: number): readonly LoggedChange[] {
    const floor = this.floor();
    if (floor > 0 && after < floor) {
      throw new HistoryExpiredError(floor);
    }
    const found: LoggedChange[] = [];
    // LMDB's own limit would read one record more than it hands out.
    for (const { key, value } of this.#environment.changes.getRange({ start: after, exclusiveStart: true })) {
      found.push({ position: key, record: value });
      if (found.length >= limit) {
        break;
      }
    }
    return found;
  }
}
