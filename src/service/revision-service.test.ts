import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appImage } from '../../test/support/app-image-builders.js';
import { ORIGIN, stubStore } from '../../test/support/stub-store.js';
import type { AppImageStore } from '../domain/app-image/app-image-store.js';
import { openLmdbAppImageStore } from '../store/lmdb/lmdb-app-image-store.js';
import { appImageCodec } from '../transport/wire/app-image-codec.js';
import { RevisionService } from './revision-service.js';

const ROLLBACK = { ...ORIGIN, method: 'Rollback' };

describe('a rollback', () => {
  let path: string;
  let store: AppImageStore;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'appimage-rollback-'));
    store = await openLmdbAppImageStore({ path, codec: appImageCodec, history: { maxRevisions: 1, maxChanges: 1000 } });
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(path, { recursive: true });
  });

  const put = (tag: string) =>
    store.change('demo', () => ({ kind: 'put', appImage: appImage({ image: { name: 'app', tag } }) }), ORIGIN);

  it('answers with the revision that it made, though others have made more than are kept since', async () => {
    await put('1');
    await store.changeTag('demo', 'good', () => 1);
    await put('2');
    const revisions = new RevisionService(
      stubStore({
        getRevision: (name, revision) => store.getRevision(name, revision),
        listRevisions: (name, options) => store.listRevisions(name, options),
        getTag: (name, tag) => store.getTag(name, tag),
        readChanges: (options) => store.readChanges(options),
        change: async (name, decide, origin) => {
          const stored = await store.change(name, decide, origin);
          await put('3');
          await put('4');
          return stored;
        },
      }),
    );
    const made = await revisions.rollback('demo', { revision: 0, tag: 'good' }, undefined, ROLLBACK);
    expect(made).toMatchObject({ name: 'demo', revision: 3, origin: ROLLBACK });
    expect(made.content?.appImage.image?.tag).toBe('1');
    expect(await store.getRevision('demo', 3)).toBeUndefined();
  });
});
