import { randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import { StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import type { Deadline } from './deadline.js';
import { isDuplicateKey, translateMongoError, translatingErrors } from './mongo-errors.js';

/** One step of a tag: that it was pointed at a revision, or removed. The highest of its numbers counts. */
export interface TagDocument {
  /** Name, tag and number of the step, as JSON. */
  readonly _id: string;
  readonly name: string;
  readonly tag: string;
  readonly step: number;
  /** `null` where the tag was removed. */
  readonly revision: number | null;
  /** Of the revision, in the log. */
  readonly position: number;
  readonly time_ms: number;
  readonly write_id: string;
}

/** Where a tag points. */
export interface TagTarget {
  readonly revision: number;
  readonly position: number;
}

/** The tags of one name, and where they point. */
export type Tags = ReadonlyMap<string, TagTarget>;

/** How often the wait between two conflicts is doubled. */
const MAX_CONFLICT_BACKOFF_STEPS = 4;

/**
 * Tags as steps that are only ever inserted, since that is atomic on every server. A step that was overtaken stays for a while, and keeps
 * its revision from being deleted: someone may be setting another tag on it, believing it to be kept.
 */
export class RevisionTags {
  readonly #tags: Collection<TagDocument>;
  readonly #keepOvertakenMs: number;

  constructor(tags: Collection<TagDocument>, keepOvertakenMs: number) {
    this.#tags = tags;
    this.#keepOvertakenMs = keepOvertakenMs;
  }

  /** The tags of these names; a name without any is not there. */
  async of(names: readonly string[]): Promise<ReadonlyMap<string, Tags>> {
    const tags = new Map<string, Map<string, TagTarget>>();
    for (const { name, tag, revision, position } of newestSteps(await this.#steps(names)).values()) {
      if (revision !== null) {
        const ofName = tags.get(name) ?? new Map<string, TagTarget>();
        tags.set(name, ofName.set(tag, { revision, position }));
      }
    }
    return tags;
  }

  /** Positions that must not be deleted, since a tag of these names points at them, or did until a while ago. */
  async heldPositions(names: readonly string[]): Promise<ReadonlySet<number>> {
    return new Set((await this.#steps(names)).map(({ position }) => position));
  }

  /**
   * Points a tag where `decide` says, as the port promises.
   * @param locate finds a revision; it throws where that does not exist
   */
  async change(
    name: string,
    tag: string,
    decide: (current: number | undefined) => number | undefined,
    locate: (revision: number) => Promise<TagTarget>,
    deadline: Deadline,
  ): Promise<number | undefined> {
    for (let attempt = 0; ; attempt += 1) {
      const steps = (await this.#steps([name])).filter((step) => step.tag === tag);
      const standing = newestSteps(steps).get(key(name, tag));
      deadline.check();
      const current = standing?.revision ?? undefined;
      const revision = decide(current);
      if (revision === current) {
        return current;
      }
      const position = revision === undefined ? 0 : (await locate(revision)).position;
      const next = {
        _id: JSON.stringify([name, tag, (standing?.step ?? 0) + 1]),
        name,
        tag,
        step: (standing?.step ?? 0) + 1,
        revision: revision ?? null,
        position,
        time_ms: Date.now(),
        write_id: randomUUID(),
      };
      if (await this.#insert(next, deadline)) {
        await this.#forgetOvertaken(steps);
        return revision;
      }
      deadline.extend();
      await deadline.backOff(Math.min(attempt, MAX_CONFLICT_BACKOFF_STEPS));
    }
  }

  async #steps(names: readonly string[]): Promise<readonly TagDocument[]> {
    const [name] = names;
    if (name === undefined) {
      return [];
    }
    return await translatingErrors(() =>
      this.#tags.find({ name: names.length === 1 ? name : { $in: [...new Set(names)] } }).toArray(),
    );
  }

  /** Whether the step was inserted, sent until that is known; `false` where another has its number. */
  async #insert(step: TagDocument, deadline: Deadline): Promise<boolean> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#tags.insertOne(step);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) {
          const { _id } = step;
          const found = await translatingErrors(() => this.#tags.findOne({ _id }));
          if (found !== null) {
            return found.write_id === step.write_id;
          }
          // What took the number is not confirmed by the majority yet, so reads do not show it.
          await deadline.backOff(attempt);
          continue;
        }
        const translated = translateMongoError(error);
        if (!(translated instanceof StoreUnavailableError)) {
          throw translated;
        }
        await deadline.backOff(attempt, translated);
      }
    }
  }

  /** Deletes steps, of those that were overtaken just now, that were overtaken a while ago. */
  async #forgetOvertaken(steps: readonly TagDocument[]): Promise<void> {
    const sorted = steps.toSorted((a, b) => a.step - b.step);
    const forgotten = sorted.filter((_, index) => {
      const overtakenAtMs = sorted[index + 1]?.time_ms;
      return overtakenAtMs !== undefined && overtakenAtMs < Date.now() - this.#keepOvertakenMs;
    });
    try {
      for (const { _id } of forgotten) {
        await this.#tags.deleteOne({ _id });
      }
    } catch {
      // The tag is where it was to be, and the next step deletes what this one could not.
    }
  }
}

/** The step that counts, by name and tag. */
function newestSteps(steps: readonly TagDocument[]): ReadonlyMap<string, TagDocument> {
  const newest = new Map<string, TagDocument>();
  for (const step of steps) {
    const others = newest.get(key(step.name, step.tag));
    if (others === undefined || step.step > others.step) {
      newest.set(key(step.name, step.tag), step);
    }
  }
  return newest;
}

function key(name: string, tag: string): string {
  return JSON.stringify([name, tag]);
}
