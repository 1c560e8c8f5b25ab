import { type AppImageCodec, StructuredRevision } from '../../domain/app-image/app-image.js';
import type { HistoryOptions, Revision } from '../../domain/app-image/revision.js';
import { appImageOf } from './app-image-document.js';
import type { ChangeLog } from './change-log.js';
import {
  earlierPositionsOf,
  expectRevisionDocument,
  originOf,
  type RevisionDocument,
  reportingDamage,
} from './revision-document.js';
import type { RevisionHeads } from './revision-heads.js';
import type { RevisionTags, Tags } from './revision-tags.js';

const NO_TAGS: Tags = new Map();

/**
 * The revisions of a name, found from its newest one on. Kept are the newest `maxRevisions` and those with a tag; others are not shown, even
 * where they are still in the database, so that nothing depends on when they are deleted.
 */
export class RevisionHistory {
  readonly #log: ChangeLog;
  readonly #heads: RevisionHeads;
  readonly #tags: RevisionTags;
  readonly #codec: AppImageCodec;
  readonly #maxRevisions: number;

  constructor(
    log: ChangeLog,
    heads: RevisionHeads,
    tags: RevisionTags,
    { codec, maxRevisions }: { readonly codec: AppImageCodec; readonly maxRevisions: number },
  ) {
    this.#log = log;
    this.#heads = heads;
    this.#tags = tags;
    this.#codec = codec;
    this.#maxRevisions = maxRevisions;
  }

  /** One revision of a name, or `undefined` where it never was or is not kept. */
  async find(name: string, revision: number): Promise<Revision | undefined> {
    const { newest, tags } = await this.#stateOf(name);
    if (newest === undefined || !this.#isKept(revision, newest, tags)) {
      return undefined;
    }
    const [found] = await this.#load(newest, [revision], tags);
    return found;
  }

  /** A page of the history of a name, the newest revision first. */
  async list(name: string, { before, limit }: HistoryOptions): Promise<readonly Revision[]> {
    const { newest, tags } = await this.#stateOf(name);
    if (newest === undefined) {
      return [];
    }
    const last = newest.revision;
    const recent = Array.from({ length: Math.min(last, this.#maxRevisions) }, (_, index) => last - index);
    const tagged = [...new Set([...tags.values()].map(({ revision }) => revision))];
    const wanted = [...new Set([...recent, ...tagged])]
      .filter((revision) => revision < (before ?? Number.POSITIVE_INFINITY))
      .sort((a, b) => b - a)
      .slice(0, limit);
    return await this.#load(newest, wanted, tags);
  }

  /** The revisions of changes as the log has them, their tags with them. */
  async revisionsOf(documents: readonly RevisionDocument[]): Promise<readonly Revision[]> {
    const tags = await this.#tags.of(documents.map(({ name }) => name));
    return documents.map((document) => this.#revisionOf(expectRevisionDocument(document), tags.get(document.name)));
  }

  /**
   * The position of an earlier revision of a name, or `undefined` where it can no longer be found.
   * @param from the newest revision of the name, or any behind the wanted one
   */
  async positionOf(revision: number, from: RevisionDocument): Promise<number | undefined> {
    return (await this.#positionsOf([revision], from, NO_TAGS)).get(revision);
  }

  async #stateOf(name: string): Promise<{ newest: RevisionDocument | undefined; tags: Tags }> {
    const [newest, tags] = await Promise.all([this.#heads.newest(name), this.#tags.of([name])]);
    return { newest, tags: tags.get(name) ?? NO_TAGS };
  }

  #isKept(revision: number, newest: RevisionDocument, tags: Tags): boolean {
    return (
      (revision >= 1 && revision <= newest.revision && revision > newest.revision - this.#maxRevisions) ||
      [...tags.values()].some((target) => target.revision === revision)
    );
  }

  async #load(newest: RevisionDocument, wanted: readonly number[], tags: Tags): Promise<readonly Revision[]> {
    const positions = await this.#positionsOf(wanted, newest, tags);
    const read = [...positions.values()].filter((position) => position !== newest.position);
    const found = (await this.#log.at(read)).map(expectRevisionDocument);
    const byRevision = new Map(
      [newest, ...found].filter(({ name }) => name === newest.name).map((document) => [document.revision, document]),
    );
    return wanted.flatMap((revision) => {
      const document = byRevision.get(revision);
      return document === undefined ? [] : [this.#revisionOf(document, tags)];
    });
  }

  /** Goes back from revision to revision as far as needed; each knows the places of a hundred before it. */
  async #positionsOf(
    wanted: readonly number[],
    newest: RevisionDocument,
    tags: Tags,
  ): Promise<ReadonlyMap<number, number>> {
    const positions = new Map([...tags.values()].map(({ revision, position }) => [revision, position]));
    let from: RevisionDocument | undefined = newest;
    while (from !== undefined) {
      const current: RevisionDocument = from;
      positions.set(current.revision, current.position);
      const earlier = earlierPositionsOf(current);
      earlier.forEach((position, index) => {
        positions.set(current.revision - 1 - index, position);
      });
      const furthest = earlier.at(-1);
      const isComplete = wanted.every((revision) => positions.has(revision));
      const [next]: RevisionDocument[] = isComplete || furthest === undefined ? [] : await this.#log.at([furthest]);
      from = next === undefined ? undefined : expectRevisionDocument(next);
    }
    return new Map(
      wanted.flatMap((revision) => {
        const position = positions.get(revision);
        return position === undefined ? [] : [[revision, position] as const];
      }),
    );
  }

  #revisionOf(document: RevisionDocument, tags: Tags = NO_TAGS): Revision {
    const { _id, name, revision, position } = document;
    const content = document.deleted
      ? undefined
      : new StructuredRevision(
          this.#codec,
          revision,
          position,
          reportingDamage(_id, () => appImageOf(name, document)),
        );
    return {
      name,
      revision,
      position,
      content,
      contentHash: document.content_hash,
      timeMs: document.time_ms,
      origin: originOf(document),
      tags: [...tags].flatMap(([tag, target]) => (target.revision === revision ? [tag] : [])).sort(),
    };
  }
}
