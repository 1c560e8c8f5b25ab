import type { AppImage, AppImageUpdate, StoredAppImage } from '../domain/app-image/app-image.js';
import type { AppImageStore, Decision, Visit } from '../domain/app-image/app-image-store.js';
import { type IfMatch, matchesRevision } from '../domain/app-image/if-match.js';
import { mergeAppImage } from '../domain/app-image/merge-app-image.js';
import { normaliseAppImage } from '../domain/app-image/normalise-app-image.js';
import { decodePageToken, encodePageToken } from '../domain/app-image/page-token.js';
import type { ChangeOrigin } from '../domain/app-image/revision.js';
import { type TemplateLimits, validateAppImage, validateUpdate } from '../domain/app-image/validate-app-image.js';
import { AppImageError, type ErrorName, type FieldViolation, invalidRequest, quoteValue } from '../domain/errors.js';
import { guardStore, guardStoreSync, notFound, refuseFaults } from './store-call.js';

/** One page of templates. */
export interface AppImagePage {
  readonly appImages: readonly StoredAppImage[];
  /** Token of the next page; empty on the last one. */
  readonly nextPageToken: string;
}

export const DEFAULT_PAGE_SIZE = 10;
export const MAX_PAGE_SIZE = 1000;
export const MAX_BATCH_NAMES = 1000;
/** Missing names that the message of a failed batch query spells out at most. */
const LISTED_MISSING_NAMES = 100;

/**
 * The use cases of the AppImage API. Every method rejects with an {@link AppImageError} that says what was wrong; a rejected
 * call has changed nothing.
 */
export class AppImageService {
  readonly #store: AppImageStore;
  readonly #limits: TemplateLimits;

  constructor(store: AppImageStore, limits: TemplateLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /**
   * Stores a new template.
   * @throws AppImageError REQUEST_INVALID with every fault, APP_IMAGE_EXISTS
   */
  create(appImage: AppImage, origin: ChangeOrigin): Promise<StoredAppImage> {
    const normal = normaliseAppImage(appImage);
    const violations = validateAppImage(normal, this.#limits);
    return this.#put('CREATE_FAILED', normal.name, violations, origin, (current) => {
      if (current !== undefined) {
        throw new AppImageError(
          'APP_IMAGE_EXISTS',
          `AppImage ${quoteValue(normal.name)} exists already; update it, or choose another name`,
        );
      }
      return normal;
    });
  }

  /**
   * Merges the given parts into a stored template.
   * @throws AppImageError REQUEST_INVALID, APP_IMAGE_NOT_FOUND, REVISION_CONFLICT
   */
  update(update: AppImageUpdate, ifMatch: IfMatch, origin: ChangeOrigin): Promise<StoredAppImage> {
    const violations = validateUpdate(update, this.#limits);
    return this.#put('UPDATE_FAILED', update.name, violations, origin, (current) => {
      const standing = expectStored(current, update.name, ifMatch);
      const merged = normaliseAppImage(mergeAppImage(standing.appImage, update));
      refuseFaults(validateAppImage(merged, this.#limits));
      return merged;
    });
  }

  /**
   * Removes a template.
   * @throws AppImageError APP_IMAGE_NOT_FOUND, REVISION_CONFLICT
   */
  async delete(name: string, ifMatch: IfMatch, origin: ChangeOrigin): Promise<void> {
    await guardStore('DELETE_FAILED', () =>
      this.#store.change(
        name,
        (current) => {
          expectStored(current, name, ifMatch);
          return { kind: 'delete' };
        },
        origin,
      ),
    );
  }

  /**
   * Returns a template.
   * @throws AppImageError APP_IMAGE_NOT_FOUND
   */
  async query(name: string): Promise<StoredAppImage> {
    return (await guardStore('QUERY_FAILED', () => this.#store.get(name))) ?? notFound(name);
  }

  /**
   * Does what {@link query} does, at once, where the store need not wait.
   * @param visit is handed the template, which is good only until it returns
   * @returns whether it did; else {@link query} is to be called
   * @throws AppImageError as {@link query} rejects with
   */
  querySync(name: string, visit: (stored: StoredAppImage) => void): boolean {
    let found = false;
    const visited = this.#visitSync('QUERY_FAILED', [name], (stored) => {
      if (stored !== undefined) {
        found = true;
        visit(stored);
      }
    });
    return visited && !found ? notFound(name) : visited;
  }

  /**
   * Returns the templates of these names in the order asked for, repeats included: all or none.
   * @throws AppImageError REQUEST_INVALID, or APP_IMAGE_NOT_FOUND with every name that is missing
   */
  async batchQuery(names: readonly string[]): Promise<readonly StoredAppImage[]> {
    validateBatch(names);
    const found = await guardStore('BATCH_QUERY_FAILED', () => this.#store.getMany(names));
    const appImages = found.filter((stored) => stored !== undefined);
    if (appImages.length < names.length) {
      throw missingNames([...new Set(names.filter((_, index) => found[index] === undefined))]);
    }
    return appImages;
  }

  /** Does what {@link batchQuery} does, at once, as {@link querySync} does for {@link query}. */
  batchQuerySync(names: readonly string[], visit: (stored: StoredAppImage) => void): boolean {
    validateBatch(names);
    const missing = new Set<string>();
    const visited = this.#visitSync('BATCH_QUERY_FAILED', names, (stored, name) => {
      if (stored === undefined) {
        missing.add(name);
      } else if (missing.size === 0) {
        visit(stored);
      }
    });
    if (missing.size > 0) {
      throw missingNames([...missing]);
    }
    return visited;
  }

  /**
   * Returns a page of templates, ordered by name.
   * @param pageSize 0 for {@link DEFAULT_PAGE_SIZE}, at most {@link MAX_PAGE_SIZE}: more is cut down to it
   * @throws AppImageError REQUEST_INVALID for a negative size or a token that is not ours
   */
  async list(pageSize: bigint, pageToken: string): Promise<AppImagePage> {
    const after = readPageRequest(pageSize, pageToken);
    const size = effectivePageSize(pageSize);
    // One template more than the page holds tells whether another page follows.
    const found = await guardStore('LIST_FAILED', () => this.#store.list({ after, limit: size + 1 }));
    const appImages = found.slice(0, size);
    const last = appImages.at(-1);
    return { appImages, nextPageToken: found.length > size && last !== undefined ? encodePageToken(last.name) : '' };
  }

  /**
   * Does what {@link list} does, at once, as {@link querySync} does for {@link query}.
   * @param visit is handed each template, which is good only until it returns, and how many are still to come
   * @returns the token of the next page, or `undefined` where {@link list} is to be called
   */
  listSync(
    pageSize: bigint,
    pageToken: string,
    visit: (stored: StoredAppImage, left: number) => void,
  ): string | undefined {
    const store = this.#store;
    if (store.visitPageSync === undefined) {
      return undefined;
    }
    const after = readPageRequest(pageSize, pageToken);
    const size = effectivePageSize(pageSize);
    let count = 0;
    let nextPageToken = '';
    guardStoreSync('LIST_FAILED', () =>
      // One template more than the page holds tells whether another page follows.
      store.visitPageSync?.({ after, limit: size + 1 }, (stored, left) => {
        count += 1;
        const more = count + left > size;
        if (count <= size) {
          visit(stored, more ? left - 1 : left);
        }
        if (count === size && more) {
          nextPageToken = encodePageToken(stored.name);
        }
      }),
    );
    return nextPageToken;
  }

  /** Whether the store answers. Never rejects. */
  async ready(): Promise<boolean> {
    try {
      await this.#store.ping();
      return true;
    } catch {
      return false;
    }
  }

  /** Returns whether the store need not wait, and so has been asked. */
  #visitSync(fault: ErrorName, names: readonly string[], visit: Visit): boolean {
    const store = this.#store;
    if (store.visitSync === undefined) {
      return false;
    }
    guardStoreSync(fault, () => store.visitSync?.(names, visit));
    return true;
  }

  /** Stores what `next` makes of what stands, unless the request has faults already. */
  #put(
    fault: ErrorName,
    name: string,
    violations: readonly FieldViolation[],
    origin: ChangeOrigin,
    next: (current: StoredAppImage | undefined) => AppImage,
  ): Promise<StoredAppImage> {
    if (violations.length > 0) {
      return Promise.reject(invalidRequest(violations));
    }
    const decide = (current: StoredAppImage | undefined): Decision => ({ kind: 'put', appImage: next(current) });
    return guardStore(fault, () => this.#store.change(name, decide, origin)).then((stored) => {
      if (stored === undefined) {
        throw new AppImageError(fault, `AppImage ${quoteValue(name)} could not be stored`);
      }
      return stored;
    });
  }
}

/**
 * What a page token names; the empty string for the first page.
 * @throws AppImageError REQUEST_INVALID for a negative size or a token that is not ours
 */
export function readPageRequest(pageSize: bigint, pageToken: string): string {
  const violations: FieldViolation[] = [];
  if (pageSize < 0n) {
    violations.push({
      field: 'page_size',
      description: `${pageSize} is negative; use 0 for the default of ${DEFAULT_PAGE_SIZE}`,
    });
  }
  const after = pageToken === '' ? '' : decodePageToken(pageToken);
  if (after === undefined) {
    violations.push({
      field: 'page_token',
      description: `${quoteValue(pageToken)} is not a token of this service; pass next_page_token as it was returned`,
    });
  }
  refuseFaults(violations);
  return after ?? '';
}

/** The size of a page for what a caller asked: 0 for the default, more than the most is the most. `asked` is not negative. */
export function effectivePageSize(asked: bigint): number {
  return asked === 0n ? DEFAULT_PAGE_SIZE : Number(asked > BigInt(MAX_PAGE_SIZE) ? MAX_PAGE_SIZE : asked);
}

function missingNames(missing: readonly string[]): AppImageError {
  const listed = missing.slice(0, LISTED_MISSING_NAMES).map(quoteValue).join(', ');
  const more = missing.length > LISTED_MISSING_NAMES ? `, and ${missing.length - LISTED_MISSING_NAMES} more` : '';
  return new AppImageError('APP_IMAGE_NOT_FOUND', `AppImages do not exist: ${listed}${more}`);
}

function validateBatch(names: readonly string[]): void {
  if (names.length === 0 || names.length > MAX_BATCH_NAMES) {
    throw invalidRequest([
      { field: 'names', description: `${names.length} names; 1 to ${MAX_BATCH_NAMES} are allowed` },
    ]);
  }
  if (names.includes('')) {
    throw invalidRequest(
      names.flatMap((name, index) =>
        name === '' ? [{ field: `names[${index}]`, description: `the name at index ${index} is empty` }] : [],
      ),
    );
  }
}

function expectStored(current: StoredAppImage | undefined, name: string, ifMatch: IfMatch): StoredAppImage {
  if (current === undefined) {
    return notFound(name);
  }
  if (!matchesRevision(ifMatch, current.revision)) {
    throw new AppImageError(
      'REVISION_CONFLICT',
      `AppImage ${quoteValue(name)} stands at revision ${current.revision}, which If-Match does not name; query it again and repeat the change`,
    );
  }
  return current;
}
