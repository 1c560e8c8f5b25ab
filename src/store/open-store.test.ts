import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appImageCodec as codec } from '../transport/wire/app-image-codec.js';
import { openStore } from './open-store.js';

const history = { maxRevisions: 100, maxChanges: 1000 };

describe('openStore', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'appimage-open-store-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('keeps an LMDB store without a path in the data folder', async () => {
    await using store = await openStore({ store: 'lmdb', dataDir, codec, history });
    expect(store.kind).toBe('lmdb');
    await expect(readdir(dataDir)).resolves.toEqual(['lmdb']);
  });

  it('keeps an LMDB store where a path says', async () => {
    await using store = await openStore({ store: join(dataDir, 'elsewhere'), dataDir: '/nowhere', codec, history });
    expect(store.kind).toBe('lmdb');
    await expect(readdir(dataDir)).resolves.toEqual(['elsewhere']);
  });

  it.each(['mongodb://127.0.0.1:1/db', 'mongodb+srv://db.invalid'])(
    'opens %s without waiting for the database',
    async (url) => {
      await using store = await openStore({ store: url, dataDir, codec, history });
      expect(store.kind).toBe('mongodb');
    },
  );

  it('refuses the URL of another database, and repeats nothing of it but the scheme', async () => {
    const opening = openStore({ store: 'mysql://user:geheim@host/db', dataDir, codec, history });
    await expect(opening).rejects.toThrow(/mysql:\/\/; it is "lmdb", the path of a folder, or a mongodb:\/\/ URL/);
    await expect(opening).rejects.not.toThrow(/geheim/);
  });
});
