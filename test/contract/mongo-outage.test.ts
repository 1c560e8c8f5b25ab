import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { type Decide, StoreFaultError, StoreUnavailableError } from '../../src/domain/app-image/app-image-store.js';
import { type MongoAppImageStore, openMongoAppImageStore } from '../../src/store/mongo/mongo-app-image-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { documentedAppImage } from '../support/app-image-fixtures.js';
import { type MongoTestDatabase, mongoTestDatabase } from '../support/mongo-test-database.js';
import { TcpProxy } from '../support/tcp-proxy.js';

const mongo = inject('mongo');
const HISTORY = { maxRevisions: 100, maxChanges: 100_000 };
const ORIGIN = { method: 'Test', tokenName: '', certificateSubject: '', message: '' };
/** What the port promises, and a second for the test itself. */
const PROMISED_MS = 6000;

// A server from outside may use TLS or name other hosts than the proxy's; the ones of the tests are plain and single.
const proxied = 'url' in mongo && mongo.kind !== 'uri';

describe.skipIf(!proxied)('the MongoDB store, when its database goes away', () => {
  let own: MongoTestDatabase;
  let proxy: TcpProxy;
  let proxiedUrl: string;
  let direct: MongoAppImageStore;
  let store: MongoAppImageStore;

  beforeAll(() => {
    own = mongoTestDatabase('url' in mongo ? mongo.url : '');
  });
  beforeEach(async () => {
    const { hostname, port, pathname } = new URL(own.url);
    proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
    proxiedUrl = `mongodb://127.0.0.1:${proxy.port}${pathname}`;
    direct = await openMongoAppImageStore({ url: own.url, codec: appImageCodec, history: HISTORY });
    store = await openMongoAppImageStore({ url: proxiedUrl, codec: appImageCodec, history: HISTORY });
    await store.change('there', put('there', 'v1'), ORIGIN);
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await direct[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });
  afterAll(() => own[Symbol.asyncDispose]());

  const outages: readonly {
    readonly outage: string;
    readonly begin: () => Promise<void>;
    readonly end: () => Promise<void>;
  }[] = [
    { outage: 'refuses connections', begin: () => proxy.refuse(), end: () => proxy.accept() },
    { outage: 'is a black hole', begin: async () => proxy.stall(), end: async () => proxy.resume() },
  ];

  it.each(outages)('is unavailable within 5 s where it $outage, and recovers by itself', async ({ begin, end }) => {
    await begin();
    const outcomes = await Promise.all(
      [
        () => store.get('there'),
        () => store.getMany(['there']),
        () => store.list({ after: '', limit: 10 }),
        () => store.change('there', put('there', 'v2'), ORIGIN),
        () => store.change('there', put('there', 'v3'), ORIGIN),
        () => store.ping(),
      ].map(timed),
    );
    for (const { error, elapsedMs } of outcomes) {
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(elapsedMs).toBeLessThan(PROMISED_MS);
    }
    await end();
    await eventually(() => store.ping());
    await expect(store.change('there', put('there', 'v4'), ORIGIN)).resolves.toMatchObject({ name: 'there' });
    expect((await direct.get('there'))?.appImage.image?.tag).toBe('v4');
  });

  it('opens and is unavailable while the database is down, and works once it is there', async () => {
    await proxy.refuse();
    await using late = await openMongoAppImageStore({ url: proxiedUrl, codec: appImageCodec, history: HISTORY });
    for (const _ of ['first', 'second']) {
      const { error, elapsedMs } = await timed(() => late.ping());
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(elapsedMs).toBeLessThan(PROMISED_MS);
    }
    await proxy.accept();
    await expect(late.get('there')).resolves.toMatchObject({ name: 'there' });
  });

  it('goes on after all its connections were cut', async () => {
    proxy.cut();
    await eventually(() => store.get('there'));
    proxy.cut();
    await eventually(() => store.change('there', put('there', 'v5'), ORIGIN));
    expect((await direct.get('there'))?.appImage.image?.tag).toBe('v5');
  });

  it('finds out that a create was stored whose answer was lost', async () => {
    const lost = proxy.once('lose-answer', (bytes) => bytes.includes('write_id') && bytes.includes('created'));
    const stored = store.change('created', put('created', 'v1'), ORIGIN);
    await lost;
    await expect(stored).resolves.toMatchObject({ revision: 1 });
    await expect(direct.get('created')).resolves.toMatchObject({ revision: 1 });
  });

  it.each(['lose-answer', 'lose-request'] as const)('makes a change exactly once in spite of a %s', async (fault) => {
    await direct.change('once', put('once', 'v1'), ORIGIN);
    const before = (await direct.get('once'))?.revision ?? Number.NaN;
    const lost = proxy.once(fault, (bytes) => bytes.includes('write_id') && bytes.includes('once'));
    const stored = store.change('once', put('once', 'v2'), ORIGIN);
    await lost;
    await expect(stored).resolves.toMatchObject({ revision: before + 1 });
    await expect(direct.get('once')).resolves.toMatchObject({ revision: before + 1 });
  });

  it('finds out that its change was stored where another came between a lost answer and the next attempt', async () => {
    const lost = proxy.once(
      'lose-answer',
      (bytes) => bytes.includes('write_id') && bytes.includes('raced'),
      () => proxy.stall(),
    );
    const stored = store.change('raced', put('raced', 'mine'), ORIGIN);
    await lost;
    await direct.change('raced', put('raced', 'other'), ORIGIN);
    proxy.resume();
    await expect(stored).resolves.toMatchObject({ revision: 1 });
    await expect(direct.get('raced')).resolves.toMatchObject({ revision: 2, appImage: { image: { tag: 'other' } } });
    const history = await direct.listRevisions('raced', { before: undefined, limit: 10 });
    expect(history.map(({ content }) => content?.appImage.image?.tag)).toEqual(['other', 'mine']);
  });

  it('refuses every call once it is closed', async () => {
    await store[Symbol.asyncDispose]();
    await expect(store.get('there')).rejects.toThrow(StoreUnavailableError);
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
  });
});

describe.skipIf('unavailable' in mongo || mongo.kind !== 'ferretdb')('the MongoDB store with wrong credentials', () => {
  it('reports a fault that names no password', async () => {
    const { hostname, port } = new URL('url' in mongo ? mongo.url : '');
    const url = `mongodb://user:geheim@${hostname}:${port}/db`;
    await using store = await openMongoAppImageStore({ url, codec: appImageCodec, history: HISTORY });
    const { error } = await timed(() => store.get('a'));
    expect(error).toBeInstanceOf(StoreFaultError);
    expect(String(error)).toContain('refused the user or the password');
    expect(`${String(error)} ${JSON.stringify(error)} ${String((error as Error).cause)}`).not.toContain('geheim');
  });
});

function put(name: string, tag: string): Decide {
  return () => ({
    kind: 'put',
    appImage: { ...documentedAppImage(), name, image: { name: 'app', tag, id: '', sign: '' } },
  });
}

async function timed(call: () => Promise<unknown>): Promise<{ error: unknown; elapsedMs: number }> {
  const startMs = performance.now();
  try {
    await call();
    return { error: undefined, elapsedMs: performance.now() - startMs };
  } catch (error) {
    return { error, elapsedMs: performance.now() - startMs };
  }
}

/** The same call until it succeeds, as a client would that was told to try again. */
async function eventually(call: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await call();
      return;
    } catch (error) {
      if (attempt === 5) {
        throw error;
      }
    }
  }
}
