import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openLmdb } from 'lmdb';
import type { AppImageStore } from '../../src/domain/app-image/app-image-store.js';
import { openLmdbAppImageStore } from '../../src/store/lmdb/lmdb-app-image-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { describeAppImageStore, type OpenedStore } from './app-image-store-contract.js';

describeAppImageStore('LMDB', openOnTemporaryFolder);

async function openOnTemporaryFolder(): Promise<OpenedStore> {
  const path = await mkdtemp(join(tmpdir(), 'appimage-lmdb-'));
  const stores: AppImageStore[] = [];
  const second = async (): Promise<AppImageStore> => {
    const store = await openLmdbAppImageStore({ path, codec: appImageCodec });
    stores.push(store);
    return store;
  };
  return {
    store: await second(),
    second,
    damage: async (name) => {
      const root = openLmdb({ path, noSubdir: false, overlappingSync: false });
      root.openDB({ name: 'app-images', encoding: 'binary' }).putSync(name, Buffer.from('no record'));
      await root.close();
    },
    cleanUp: async () => {
      for (const store of stores) {
        await store[Symbol.asyncDispose]();
      }
      await rm(path, { recursive: true });
    },
  };
}
