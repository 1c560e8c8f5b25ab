import { join } from 'node:path';
import type { AppImageCodec } from '../domain/app-image/app-image.js';
import { type AppImageStore, StoreFaultError } from '../domain/app-image/app-image-store.js';
import type { HistoryLimits } from '../domain/app-image/revision.js';

export interface OpenStoreOptions {
  /** `lmdb`, the path of an LMDB store, or a `mongodb://` or `mongodb+srv://` URL. */
  readonly store: string;
  /** Where `lmdb` without a path keeps its data. */
  readonly dataDir: string;
  readonly codec: AppImageCodec;
  /** How much of the history is kept. */
  readonly history: HistoryLimits;
}

/**
 * Opens the store that the configuration names. Each adapter is loaded only where it is used.
 * @throws StoreFaultError where the setting names no store that there is, or the store cannot be opened; never with a secret in it
 */
export async function openStore({ store, dataDir, codec, history }: OpenStoreOptions): Promise<AppImageStore> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(store)?.[1]?.toLowerCase();
  if (scheme === 'mongodb' || scheme === 'mongodb+srv') {
    const { openMongoAppImageStore } = await import('./mongo/mongo-app-image-store.js');
    return await openMongoAppImageStore({ url: store, codec, history });
  }
  if (scheme !== undefined) {
    throw new StoreFaultError(
      `store: no store is reached by ${scheme}://; it is "lmdb", the path of a folder, or a mongodb:// URL`,
    );
  }
  const { openLmdbAppImageStore } = await import('./lmdb/lmdb-app-image-store.js');
  return await openLmdbAppImageStore({ path: store === 'lmdb' ? join(dataDir, 'lmdb') : store, codec, history });
}
