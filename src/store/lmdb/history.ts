import type { AppImageCodec } from '../../domain/app-image/app-image.js';
import type { ChangesOptions, HistoryLimits, HistoryOptions, Revision } from '../../domain/app-image/revision.js';
import { ChangeLog } from './change-log.js';
import { decodeChange } from './change-record.js';
import type { Head } from './head.js';
import { Heads } from './heads.js';
import type { LmdbEnvironment } from './open-environment.js';
import { RetiredChanges } from './retired-changes.js';
import { Tags } from './tags.js';

/**
 * The history of all templates: what is kept of it, and how it is read. Every method works on the snapshot, or in the write transaction
 * that is being executed.
 */
export class History {
  readonly heads: Heads;
  readonly log: ChangeLog;
  readonly retired: RetiredChanges;
  readonly tags: Tags;
  readonly limits: HistoryLimits;
  readonly #codec: AppImageCodec;

  constructor(environment: LmdbEnvironment, codec: AppImageCodec, limits: HistoryLimits) {
    this.heads = new Heads(environment);
    this.log = new ChangeLog(environment);
    this.retired = new RetiredChanges(environment);
    this.tags = new Tags(environment);
    this.limits = limits;
    this.#codec = codec;
  }

  /** The position of a revision; `undefined` where it never was, or neither is among the newest of its name nor has a tag. */
  placeOf(name: string, revision: number): number | undefined {
    const head = this.heads.find(name);
    // What the order of all changes still keeps is not shown, so that what is shown does not depend on other templates.
    return head !== undefined && revision >= this.#oldestShown(head)
      ? head.placeOf(revision)
      : this.tags.of(name).find((each) => each.revision === revision)?.position;
  }

  revision(name: string, revision: number): Revision | undefined {
    const position = this.placeOf(name, revision);
    const record = position === undefined ? undefined : this.log.record(position);
    return position === undefined || record === undefined ? undefined : this.#decode(position, record);
  }

  /** The revisions that have a place, the newest first. */
  revisions(name: string, { before = Infinity, limit }: HistoryOptions): readonly Revision[] {
    const head = this.heads.find(name);
    if (head === undefined) {
      return [];
    }
    const numbers: number[] = [];
    const oldest = this.#oldestShown(head);
    for (let number = Math.min(head.revision, before - 1); number >= oldest && numbers.length < limit; number -= 1) {
      numbers.push(number);
    }
    const tagged = new Set(this.tags.of(name).map(({ revision }) => revision));
    const older = [...tagged].filter((each) => each < oldest && each < before).sort((a, b) => b - a);
    return [...numbers, ...older].slice(0, limit).flatMap((number) => this.revision(name, number) ?? []);
  }

  tag(name: string, tag: string): number | undefined {
    return this.tags.of(name).find((each) => each.tag === tag)?.revision;
  }

  /** @throws HistoryExpiredError where changes behind `after` are no longer kept */
  changes({ after, limit }: ChangesOptions): readonly Revision[] {
    return this.log.behind(after, limit).map(({ position, record }) => this.#decode(position, record));
  }

  #oldestShown(head: Head): number {
    return Math.max(head.retiredTo, head.revision - this.limits.maxRevisions) + 1;
  }

  #decode(position: number, record: Buffer): Revision {
    return decodeChange(this.#codec, position, record, (name, revision) =>
      this.tags.of(name).flatMap((each) => (each.revision === revision ? [each.tag] : [])),
    );
  }
}
