import type { StoredAppImage } from '../domain/app-image/app-image.js';
import type { AppImageStore } from '../domain/app-image/app-image-store.js';
import { encodePageToken } from '../domain/app-image/page-token.js';
import {
  type ChangeOrigin,
  HistoryExpiredError,
  type Revision,
  RevisionMissingError,
} from '../domain/app-image/revision.js';
import { sameContent } from '../domain/app-image/same-content.js';
import { DNS_LABEL } from '../domain/app-image/text-rule.js';
import { AppImageError, invalidRequest, quoteValue } from '../domain/errors.js';
import { effectivePageSize, readPageRequest } from './app-image-service.js';
import { expectRevision, guardStore, notFound } from './store-call.js';

/** Names a revision: by number, by tag, or, where neither is given, the newest. */
export interface RevisionRef {
  /** 0 where it is not given. */
  readonly revision: number;
  /** Empty where it is not given. */
  readonly tag: string;
}

/** One page of a template's history. */
export interface RevisionPage {
  readonly revisions: readonly Revision[];
  /** Token of the next page; empty on the last one. */
  readonly nextPageToken: string;
}

/** Reads, goes back to, and tags the revisions of templates. Every method rejects with an {@link AppImageError}. */
export class RevisionService {
  readonly #store: AppImageStore;

  constructor(store: AppImageStore) {
    this.#store = store;
  }

  /**
   * Finds a revision.
   * @param prefix put before the field names of a fault: `from_` where a request names several revisions
   * @throws AppImageError APP_IMAGE_NOT_FOUND where there never was such a template, REVISION_NOT_FOUND, REQUEST_INVALID for both a number and a tag
   */
  async resolve(name: string, ref: RevisionRef, prefix = ''): Promise<Revision> {
    if (ref.revision < 0 || (ref.revision !== 0 && ref.tag !== '')) {
      throw invalidRequest([
        ref.revision < 0
          ? { field: `${prefix}revision`, description: `${ref.revision} is negative; revisions are 1, 2, ...` }
          : { field: `${prefix}tag`, description: 'a number and a tag together; give one of them' },
      ]);
    }
    return await guardStore('HISTORY_FAILED', async () => {
      const newest = await this.#newest(name);
      if (newest === undefined) {
        return notFound(name);
      }
      const revision = ref.tag === '' ? ref.revision : await this.#store.getTag(name, ref.tag);
      if (revision === undefined) {
        throw new AppImageError('REVISION_NOT_FOUND', `AppImage ${quoteValue(name)} has no tag ${quoteValue(ref.tag)}`);
      }
      if (revision === 0 || revision === newest.revision) {
        return newest;
      }
      return (await this.#store.getRevision(name, revision)) ?? revisionNotFound(name, revision);
    });
  }

  /**
   * Returns a page of the history, the newest revision first, deletes included.
   * @throws AppImageError APP_IMAGE_NOT_FOUND where there never was such a template, REQUEST_INVALID
   */
  async list(name: string, pageSize: bigint, pageToken: string): Promise<RevisionPage> {
    const before = readHistoryToken(readPageRequest(pageSize, pageToken), name, pageToken);
    const size = effectivePageSize(pageSize);
    const found = await guardStore('HISTORY_FAILED', () =>
      this.#store.listRevisions(name, { before, limit: size + 1 }),
    );
    if (found.length === 0 && before === undefined) {
      return notFound(name);
    }
    const revisions = found.slice(0, size);
    const last = revisions.at(-1);
    const more = found.length > size && last !== undefined;
    return { revisions, nextPageToken: more ? encodePageToken(`${name}/${last.revision}`) : '' };
  }

  /**
   * Makes an old revision the newest, also of a deleted template. Where the template stands at the same content already, nothing is written.
   * @param ifRevision as {@link expectRevision}
   * @throws AppImageError REQUEST_INVALID for a delete or no revision at all, and as {@link resolve}; REVISION_CONFLICT
   */
  async rollback(
    name: string,
    to: RevisionRef,
    ifRevision: number | undefined,
    origin: ChangeOrigin,
  ): Promise<Revision> {
    if (to.revision === 0 && to.tag === '') {
      throw invalidRequest([{ field: 'revision', description: 'neither a number nor a tag says where to go back to' }]);
    }
    const { content, revision } = await this.resolve(name, to);
    if (content === undefined) {
      throw invalidRequest([
        {
          field: 'revision',
          description: `revision ${revision} is a delete; go back to one with content, or delete the template`,
        },
      ]);
    }
    const stored = await guardStore('UPDATE_FAILED', () =>
      this.#store.change(
        name,
        (current) => {
          expectRevision(current, name, ifRevision);
          return current !== undefined && sameContent(current.appImage, content.appImage)
            ? { kind: 'keep' }
            : { kind: 'put', appImage: content.appImage };
        },
        origin,
      ),
    );
    return stored === undefined ? notFound(name) : await this.#recorded(stored);
  }

  /** The revision that a change has left, which may not be the newest any more. */
  async #recorded({ name, revision, position }: StoredAppImage): Promise<Revision> {
    return await guardStore('HISTORY_FAILED', async () => {
      const kept = await this.#store.getRevision(name, revision);
      // Where others have changed the template so often meanwhile that its own history has let go of it, the order of all changes still has it.
      return kept ?? (await this.#changeAt(position)) ?? revisionNotFound(name, revision);
    });
  }

  async #changeAt(position: number): Promise<Revision | undefined> {
    try {
      const [change] = await this.#store.readChanges({ after: position - 1, limit: 1 });
      return change?.position === position ? change : undefined;
    } catch (error) {
      if (error instanceof HistoryExpiredError) {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * Points a tag at a revision and returns its number.
   * @param revision 0 for the newest
   * @param ifRevision 0 for a tag that must not exist, another number for where it must point; `undefined` for no condition
   * @throws AppImageError REQUEST_INVALID, APP_IMAGE_NOT_FOUND, REVISION_NOT_FOUND, TAG_CONFLICT
   */
  async setTag(name: string, tag: string, revision: number, ifRevision: number | undefined): Promise<number> {
    expectTag(tag);
    const target = await this.resolve(name, { revision, tag: '' });
    await this.#changeTag(name, tag, (current) => {
      expectTagAt(name, tag, current, ifRevision);
      return target.revision;
    });
    return target.revision;
  }

  /**
   * Removes a tag.
   * @throws AppImageError REVISION_NOT_FOUND where there is none, TAG_CONFLICT
   */
  async deleteTag(name: string, tag: string, ifRevision: number | undefined): Promise<void> {
    await this.#changeTag(name, tag, (current) => {
      if (current === undefined) {
        throw new AppImageError('REVISION_NOT_FOUND', `AppImage ${quoteValue(name)} has no tag ${quoteValue(tag)}`);
      }
      expectTagAt(name, tag, current, ifRevision);
      return undefined;
    });
  }

  async #changeTag(
    name: string,
    tag: string,
    decide: (current: number | undefined) => number | undefined,
  ): Promise<void> {
    try {
      await guardStore('HISTORY_FAILED', () => this.#store.changeTag(name, tag, decide));
    } catch (error) {
      if (error instanceof RevisionMissingError) {
        throw new AppImageError(
          'REVISION_NOT_FOUND',
          `AppImage ${quoteValue(name)} no longer has the revision that the tag was to point at`,
        );
      }
      throw error;
    }
  }

  async #newest(name: string): Promise<Revision | undefined> {
    const [newest] = await this.#store.listRevisions(name, { before: undefined, limit: 1 });
    return newest;
  }
}

function revisionNotFound(name: string, revision: number): never {
  throw new AppImageError(
    'REVISION_NOT_FOUND',
    `AppImage ${quoteValue(name)} has no revision ${revision}: it never was, or is no longer kept`,
  );
}

function expectTag(tag: string): void {
  if (!DNS_LABEL.allows(tag)) {
    throw invalidRequest([{ field: 'tag', description: `${quoteValue(tag)} ${DNS_LABEL.explain(tag)}` }]);
  }
}

function expectTagAt(name: string, tag: string, current: number | undefined, ifRevision: number | undefined): void {
  if (ifRevision === undefined || ifRevision === (current ?? 0)) {
    return;
  }
  const points = current === undefined ? 'does not exist' : `points at revision ${current}`;
  throw new AppImageError(
    'TAG_CONFLICT',
    `tag ${quoteValue(tag)} of AppImage ${quoteValue(name)} ${points}, and if_revision demands ${ifRevision === 0 ? 'that it does not exist' : `revision ${ifRevision}`}`,
  );
}

/** A history token names the template as well, so that one of another template is refused. */
function readHistoryToken(decoded: string, name: string, token: string): number | undefined {
  if (decoded === '') {
    return undefined;
  }
  const revision = decoded.startsWith(`${name}/`) ? Number(decoded.slice(name.length + 1)) : Number.NaN;
  if (!Number.isSafeInteger(revision)) {
    throw invalidRequest([
      { field: 'page_token', description: `${quoteValue(token)} is not a token of this template's history` },
    ]);
  }
  return revision;
}
