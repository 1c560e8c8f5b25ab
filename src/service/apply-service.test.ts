import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appImage } from '../../test/support/app-image-builders.js';
import { HISTORY, ORIGIN } from '../../test/support/stub-store.js';
import type { AppImageStore } from '../domain/app-image/app-image-store.js';
import { cachedStore } from '../store/cached-app-image-store.js';
import { openLmdbAppImageStore } from '../store/lmdb/lmdb-app-image-store.js';
import { appImageCodec } from '../transport/wire/app-image-codec.js';
import { ApplyService } from './apply-service.js';

describe('a dry run', () => {
  let path: string;
  let store: AppImageStore;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'appimage-apply-'));
    store = await openLmdbAppImageStore({ path, codec: appImageCodec, history: HISTORY });
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(path, { recursive: true });
  });

  const tagged = (tag: string) => appImage({ image: { name: 'app', tag } });

  it('answers what the real one would, whatever a read cache remembers, and writes nothing', async () => {
    const cached = cachedStore(store, { maxAgeMs: 60_000, maxBytes: 1024 * 1024, now: () => 0 });
    const service = new ApplyService(cached, { maxTemplateBytes: 1024 * 1024 });
    await cached.change('demo', () => ({ kind: 'put', appImage: tagged('1') }), ORIGIN);
    await cached.get('demo');
    // As another process does it, of which the cache knows nothing.
    await store.change('demo', () => ({ kind: 'put', appImage: tagged('2') }), ORIGIN);
    const apply = (tag: string, dryRun: boolean) =>
      service.apply([{ appImage: tagged(tag), ifRevision: 2 }], { dryRun, failOnWarnings: false }, ORIGIN);
    for (const tag of ['2', '3']) {
      const [wouldBe] = await apply(tag, true);
      expect(wouldBe?.error).toBeUndefined();
      expect(wouldBe?.outcome).toBe(tag === '2' ? 'UNCHANGED' : 'UPDATED');
      expect(await store.lastPosition()).toBe(2);
      expect(await apply(tag, false)).toEqual([wouldBe]);
    }
  });
});
