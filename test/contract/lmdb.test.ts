import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { open as openLmdb } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppImageCodec } from '../../src/domain/app-image/app-image.js';
import { type AppImageStore, type Decide, StoreFaultError } from '../../src/domain/app-image/app-image-store.js';
import { openLmdbAppImageStore } from '../../src/store/lmdb/lmdb-app-image-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { appImage } from '../support/app-image-builders.js';
import { HISTORY, ORIGIN } from '../support/stub-store.js';
import { describeAppImageStore, type OpenedStore } from './app-image-store-contract.js';

describeAppImageStore('LMDB', async (history): Promise<OpenedStore> => {
  const path = await temporaryFolder();
  const stores: AppImageStore[] = [];
  const second = async (): Promise<AppImageStore> => {
    const store = await openLmdbAppImageStore({ path, codec: appImageCodec, history });
    stores.push(store);
    return store;
  };
  return {
    store: await second(),
    second,
    damage: async (name) => await writeBehind(path, name, Buffer.from('no record')),
    cleanUp: async () => {
      for (const store of stores) {
        await store[Symbol.asyncDispose]();
      }
      await rm(path, { recursive: true });
    },
  };
});

describe('an LMDB store', () => {
  let path: string;
  let stores: AppImageStore[];

  beforeEach(async () => {
    stores = [];
    path = await temporaryFolder();
  });
  afterEach(async () => {
    for (const store of stores) {
      await store[Symbol.asyncDispose]();
    }
    await rm(path, { recursive: true });
  });

  async function open(folder = path, codec: AppImageCodec = appImageCodec): Promise<AppImageStore> {
    const store = await openLmdbAppImageStore({ path: folder, codec, history: HISTORY });
    stores.push(store);
    return store;
  }

  /** What opening a folder rejects with. */
  async function refusal(folder: string): Promise<StoreFaultError> {
    const [outcome] = await Promise.allSettled([open(folder)]);
    if (outcome.status === 'rejected' && outcome.reason instanceof StoreFaultError) {
      return outcome.reason;
    }
    throw new Error(`${folder} was to be refused with a StoreFaultError`);
  }

  it('finds a template under its own name and under no other string', async () => {
    const store = await open();
    const names = ['0', 'a', 'app', '!a', '~~', 'x'.repeat(64), 'y'.repeat(255)];
    for (const name of names) {
      await store.change(name, () => ({ kind: 'put', appImage: appImage({ name }) }), ORIGIN);
    }
    const unit = fc.oneof(fc.nat(0xffff), fc.nat(0x20), fc.constantFrom(0x1b, 0x61, 0x7f, 0xd800, 0xdc00));
    const units = fc.array(unit, { maxLength: 300 }).map((codes) => String.fromCharCode(...codes));
    const nearly = fc
      .tuple(
        fc.constantFrom(...names),
        fc.nat(255),
        fc.oneof(
          fc.constant(''),
          unit.map((code) => String.fromCharCode(code)),
        ),
      )
      .map(([name, at, piece]) => name.slice(0, at) + piece + name.slice(at));
    await fc.assert(
      fc.asyncProperty(fc.oneof(units, nearly), async (text) => {
        expect((await store.get(text))?.name).toBe(names.includes(text) ? text : undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it('makes the folder where it is missing, and lets nobody else read it', async () => {
    const folder = join(path, 'data.d', 'store.v1');
    await open(folder);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect((await readdir(folder)).sort()).toEqual(['data.mdb', 'lock.mdb']);
    expect((await stat(join(folder, 'data.mdb'))).mode & 0o077).toBe(0);
  });

  it('finishes the changes under way before it is closed', async () => {
    const store = await open();
    const changes = Array.from({ length: 200 }, (_, index) =>
      store.change(`app-${index}`, put(`app-${index}`), ORIGIN),
    );
    await store[Symbol.asyncDispose]();
    const settled = await Promise.all(changes);
    expect(settled.map((stored) => stored?.revision)).toEqual(changes.map(() => 1));
    expect(await (await open()).list({ after: '', limit: 1000 })).toHaveLength(200);
  });

  it('keeps changes of one name in the order in which they were asked for', async () => {
    const store = await open();
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        store.change(
          'app',
          () => {
            seen.push(index);
            return { kind: 'put', appImage: appImage({ name: 'app' }) };
          },
          ORIGIN,
        ),
      ),
    );
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('takes templates that grow it far beyond what it began with', async () => {
    const store = await open();
    const body = 'x'.repeat(1024 * 1024);
    for (let batch = 0; batch < 4; batch += 1) {
      const names = Array.from({ length: 8 }, (_, index) => `app-${batch}-${index}`);
      await Promise.all(names.map((name) => store.change(name, put(name, body), ORIGIN)));
    }
    const found = await store.list({ after: '', limit: 100 });
    expect(found).toHaveLength(32);
    expect(found.every((stored) => stored.appImage.configTemplates.get('app.conf') === body)).toBe(true);
  });

  it('refuses a template that is too large for a record, and keeps what was stored with it', async () => {
    const store = await open();
    const [small, large] = await Promise.allSettled([
      store.change('small', put('small'), ORIGIN),
      store.change('large', put('large', 'x'.repeat(9 * 1024 * 1024)), ORIGIN),
    ]);
    expect(small.status).toBe('fulfilled');
    expect(large).toMatchObject({ status: 'rejected', reason: { name: 'TemplateTooLargeError' } });
    expect(await store.get('large')).toBeUndefined();
    expect((await store.get('small'))?.revision).toBe(1);
  });

  it('encodes JSON anew that another version of the encoding wrote, and leaves its own as it is', async () => {
    const encode: AppImageCodec['encode'] = (given) => ({
      ...appImageCodec.encode(given),
      json: Buffer.from('{"older":true}'),
    });
    const older: AppImageCodec = { ...appImageCodec, encode, lend: encode };
    await (await open(path, older)).change('app', put('app'), ORIGIN);
    const newer = await open(path, { ...appImageCodec, jsonVersion: 1 });
    const expected = Buffer.from(appImageCodec.encode(appImage({ name: 'app' })).json).toString();
    const [listed] = await newer.list({ after: '', limit: 1 });
    for (const stored of [await newer.get('app'), (await newer.getMany(['app']))[0], listed]) {
      expect(stored?.revision).toBe(1);
      expect(Buffer.from(stored?.encoded.json ?? []).toString()).toBe(expected);
    }
    const stored = await (await open(path, older)).get('app');
    expect(Buffer.from(stored?.encoded.json ?? []).toString()).toBe('{"older":true}');
  });

  it('says that a template was stored by another build', async () => {
    const store = await open();
    await writeBehind(path, 'app', Buffer.from([9, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]));
    await expect(store.get('app')).rejects.toThrow(/"app" is stored in format 9.*run the build that wrote it/);
    await expect(store.list({ after: '', limit: 1 })).rejects.toBeInstanceOf(StoreFaultError);
  });

  describe('that cannot be opened says where and what would be right', () => {
    it('when a file is in place of the folder', async () => {
      const file = join(path, 'file');
      await writeFile(file, '');
      for (const folder of [file, join(file, 'below')]) {
        expect((await refusal(folder)).message).toBe(
          `cannot open the store in ${folder}: a file is in its place; give the path of a folder, which is made where it is missing`,
        );
      }
    });

    it('when its data file is something else', async () => {
      for (const content of ['x', 'x'.repeat(100_000), '\0'.repeat(8192)]) {
        await writeFile(join(path, 'data.mdb'), content);
        expect((await refusal(path)).message).toContain(`${join(path, 'data.mdb')} is no LMDB file`);
      }
    });

    it('when its data file is cut short', async () => {
      await (await open())[Symbol.asyncDispose]();
      for (const size of [5000, 3000, 10]) {
        await truncate(join(path, 'data.mdb'), size);
        expect((await refusal(path)).message).toContain('restore the file from a backup');
      }
    });

    it('when another program keeps its data there, and leaves that alone', async () => {
      const other = openLmdb({ path, noSubdir: false, overlappingSync: false });
      await other.put('theirs', 1);
      await other.close();
      expect((await refusal(path)).message).toContain('another program');
      const again = openLmdb({ path, noSubdir: false, overlappingSync: false });
      expect([...again.getKeys()]).toEqual(['theirs']);
      await again.close();
    });

    it('when it may not be written', async () => {
      // Not even root makes folders here.
      expect((await refusal('/sys/appimage-store')).message).toMatch(
        /^cannot open the store in \/sys\/appimage-store: the (user of this process may not read and write it|file system is read-only); .*choose/,
      );
    });

    it('but opens where a crash left an empty data file', async () => {
      await writeFile(join(path, 'data.mdb'), '');
      expect((await (await open()).change('app', put('app'), ORIGIN))?.revision).toBe(1);
    });
  });
});

async function temporaryFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'appimage-lmdb-'));
}

/** Writes a record as no store of ours would. */
async function writeBehind(path: string, name: string, record: Buffer): Promise<void> {
  const root = openLmdb({ path, noSubdir: false, overlappingSync: false });
  root.openDB({ name: 'app-images', encoding: 'binary' }).putSync(name, record);
  await root.close();
}

function put(name: string, body?: string): Decide {
  return () => ({
    kind: 'put',
    appImage: appImage(body === undefined ? { name } : { name, configTemplates: new Map([['app.conf', body]]) }),
  });
}
