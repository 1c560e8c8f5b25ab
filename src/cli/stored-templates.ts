import type { AppImage } from '../domain/app-image/app-image.js';
import { ERRORS } from '../domain/errors.js';
import { CliError } from './cli-error.js';
import type { RegistryClient } from './registry-client.js';
import { remoteError } from './remote-error.js';

/** Templates asked for at once, and calls made at once. */
const BATCH = 500;
const CONCURRENT_CALLS = 16;
const PAGE = 500;

/** A stored template and the revision it is at. */
export interface StoredTemplate {
  readonly appImage: AppImage;
  readonly revision: number | undefined;
}

/** Runs a call for each item, a bounded number at a time, and keeps the order. */
export async function forEachAtOnce<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      results[index] = await run(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_CALLS, items.length) }, worker));
  return results;
}

/** The stored templates of these names; those that do not exist are missing from the map. */
export async function fetchTemplates(
  client: RegistryClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, AppImage>> {
  const found = new Map<string, AppImage>();
  for (let start = 0; start < names.length; start += BATCH) {
    for (const appImage of await fetchBatch(client, names.slice(start, start + BATCH))) {
      found.set(appImage.name, appImage);
    }
  }
  return found;
}

/** A batch answers nothing at all where one is missing, so then each is asked for alone. */
async function fetchBatch(client: RegistryClient, names: readonly string[]): Promise<readonly AppImage[]> {
  try {
    return (await client.call('batchQuery', { header: undefined, names: [...names] })).data;
  } catch (error) {
    if (!isNotFound(error)) {
      throw error;
    }
  }
  const found = await forEachAtOnce(names, async (name) => fetchTemplate(client, name));
  return found.flatMap((stored) => (stored === undefined ? [] : [stored.appImage]));
}

/** One stored template with its revision; `undefined` where there is none. */
export async function fetchTemplate(client: RegistryClient, name: string): Promise<StoredTemplate | undefined> {
  try {
    const { response, revision } = await client.ask('query', { header: undefined, name });
    return response.data === undefined ? undefined : { appImage: response.data, revision };
  } catch (error) {
    if (isNotFound(error)) {
      return undefined;
    }
    throw error;
  }
}

/** Every stored template in the order of the names, page by page. */
export async function* listTemplates(client: RegistryClient): AsyncGenerator<AppImage> {
  let pageToken = '';
  do {
    const { data } = await client.call('list', { header: undefined, pageSize: BigInt(PAGE), pageToken });
    yield* data?.appimageList ?? [];
    pageToken = data?.nextPageToken ?? '';
  } while (pageToken !== '');
}

export function isNotFound(error: unknown): boolean {
  return error instanceof CliError && error.serverCode === ERRORS.APP_IMAGE_NOT_FOUND.code;
}

/** Deletes a template; tells whether there was one. */
export async function deleteTemplate(
  client: RegistryClient,
  name: string,
  ifRevision: bigint | undefined,
): Promise<boolean> {
  const { response, wasRetried } = await client.attempt(
    'delete',
    { header: undefined, name },
    ifRevision === undefined ? {} : { ifMatch: `"${ifRevision}"`, isIdempotent: false },
  );
  const error = remoteError(response.status);
  if (error !== undefined && isNotFound(error)) {
    // The attempt whose answer was lost may be the one that deleted it.
    return wasRetried;
  }
  if (error !== undefined) {
    throw error;
  }
  return true;
}
