import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import { RevisionMissingError } from '../../domain/app-image/revision.js';
import { quoteValue } from '../../domain/errors.js';
import { changeIdentity } from './change-record.js';
import { Head } from './head.js';
import type { History } from './history.js';
import type { Tag } from './tags.js';

/** Changes that drop behind the floor with each new one. One would do to keep pace; the others catch up after the limit was lowered. */
const EXPIRED_PER_CHANGE = 3;

/** A change that its template's own history lets go of. */
interface RetiredChange {
  readonly position: number;
  /** Whether a tag keeps it though the order of all changes does not. */
  readonly isKept: boolean;
}

/**
 * Writes the history, inside of write transactions only. A change is removed by what lets go of it last:
 *
 * - the order of all changes, which keeps what is above its floor, when {@link end} raises that;
 * - the newest revisions of a name, when {@link append} retires one of them;
 * - the last tag that points at it, when {@link setTag} or {@link removeTag} takes that away.
 */
export class HistoryWriter {
  readonly #history: History;
  #last = 0;
  #floor = 0;
  #appended = 0;
  /** See {@link RetiredChanges.unmarkedTo}. It stays as it is once it is known. */
  #unmarkedTo: number | undefined;

  constructor(history: History) {
    this.#history = history;
  }

  /** Begins a transaction: another process may have written since the one before. */
  begin(): void {
    this.#last = this.#history.log.last();
    this.#floor = this.#history.log.floor();
    this.#appended = 0;
    this.#unmarkedTo ??= this.#history.retired.unmarkedTo(this.#last);
  }

  /** Ends a transaction. Returns whether there were changes in it. */
  end(): boolean {
    this.#raiseFloor();
    return this.#appended > 0;
  }

  /** The head that the next change of a name makes upon the one that it finds. Writes nothing. */
  next(previous: Head | undefined): Head {
    const position = this.#last + 1;
    return previous?.next(position, this.#history.limits.maxRevisions) ?? Head.first(position);
  }

  /**
   * Stores the change that makes `head`, which {@link next} made upon `previous`. The head itself is the caller's to store.
   * @throws StoreFaultError where what has to be read first is damaged; nothing is written
   */
  append(name: string, previous: Head | undefined, head: Head, record: Buffer): void {
    const retired = previous === undefined ? [] : this.#retiredBy(name, previous, head);
    this.#history.log.append(head.position, record);
    this.#last = head.position;
    this.#appended += 1;
    for (const { position, isKept } of retired) {
      if (position > this.#floor) {
        this.#history.retired.mark(position);
      } else if (!isKept) {
        this.#history.log.remove(position);
      }
    }
  }

  /**
   * Points a tag at a revision.
   * @throws RevisionMissingError where there is no such revision; nothing is written
   */
  setTag(name: string, tag: string, revision: number): void {
    const position = this.#history.placeOf(name, revision);
    if (position === undefined) {
      throw new RevisionMissingError(`template ${quoteValue(name)} has no revision ${revision}, or has it no longer`);
    }
    const { tags } = this.#history;
    const others = tags.of(name).filter((each) => each.tag !== tag);
    this.#replaceTags(name, [...others, { tag, revision, position }]);
  }

  removeTag(name: string, tag: string): void {
    this.#replaceTags(
      name,
      this.#history.tags.of(name).filter((each) => each.tag !== tag),
    );
  }

  #replaceTags(name: string, next: readonly Tag[]): void {
    const { heads, log, tags } = this.#history;
    const retiredTo = heads.find(name)?.retiredTo ?? 0;
    const released = tags
      .of(name)
      .filter(({ revision }) => revision <= retiredTo && !next.some((each) => each.revision === revision));
    tags.set(name, next);
    for (const { position } of released) {
      if (position <= this.#floor) {
        log.remove(position);
      }
    }
  }

  /** The changes that are no longer among the newest revisions of their name once `head` is. */
  #retiredBy(name: string, previous: Head, head: Head): readonly RetiredChange[] {
    const retired: RetiredChange[] = [];
    for (let revision = previous.retiredTo + 1; revision <= head.retiredTo; revision += 1) {
      const position = previous.placeOf(revision);
      if (position !== undefined) {
        retired.push({ position, isKept: position <= this.#floor && this.#isTagged(name, revision) });
      }
    }
    return retired;
  }

  #raiseFloor(): void {
    const { log, limits, retired } = this.#history;
    const from = this.#floor;
    const to = Math.min(this.#last - limits.maxChanges, from + this.#appended * EXPIRED_PER_CHANGE);
    if (to <= from) {
      return;
    }
    log.setFloor(to);
    for (let position = from + 1; position <= Math.min(to, this.#unmarkedTo ?? to); position += 1) {
      this.#removeUnkept(position);
    }
    for (const position of retired.takeUpTo(to)) {
      this.#removeUnkept(position);
    }
  }

  #removeUnkept(position: number): void {
    if (this.#isUnkept(position)) {
      this.#history.log.remove(position);
    }
  }

  /** Whether neither the number of its revision nor a tag keeps a change. */
  #isUnkept(position: number): boolean {
    const { heads, log } = this.#history;
    try {
      const record = log.peek(position);
      if (record === undefined) {
        return false;
      }
      const { name, revision } = changeIdentity(position, record);
      return revision <= (heads.find(name)?.retiredTo ?? 0) && !this.#isTagged(name, revision);
    } catch (error) {
      // What is damaged stays for those who repair it, and must not make changes of other templates fail.
      if (error instanceof StoreFaultError) {
        return false;
      }
      throw error;
    }
  }

  #isTagged(name: string, revision: number): boolean {
    return this.#history.tags.of(name).some((each) => each.revision === revision);
  }
}
