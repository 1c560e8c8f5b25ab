import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ORIGIN, stubStore } from '../../test/support/stub-store.js';
import { type AppImage, type StoredAppImage, StructuredRevision } from '../domain/app-image/app-image.js';
import { appImageCodec } from '../transport/wire/app-image-codec.js';
import { cachedStore } from './cached-app-image-store.js';

const appImage = (name: string): AppImage => ({
  name,
  image: undefined,
  configTemplates: new Map(),
  deployTemplates: [],
  labels: new Map(),
  annotations: new Map(),
});

/** A store of one process that another one writes to, with a clock that the test turns. */
function setUp(maxBytes = 1024 * 1024) {
  const stored = new Map<string, StoredAppImage>();
  const put = (name: string): StoredAppImage => {
    const next = new StructuredRevision(appImageCodec, (stored.get(name)?.revision ?? 0) + 1, 1, appImage(name));
    stored.set(name, next);
    return next;
  };
  const reads: string[] = [];
  const clock = { nowMs: 0 };
  let held: Promise<void> = Promise.resolve();
  const store = cachedStore(
    stubStore({
      get: async (name) => {
        reads.push(name);
        const found = stored.get(name);
        await held;
        return found;
      },
      getMany: async (names) => {
        reads.push(...names);
        return names.map((name) => stored.get(name));
      },
      change: async (name) => put(name),
    }),
    { maxAgeMs: 1000, maxBytes, now: () => clock.nowMs },
  );
  const change = (name: string) => store.change(name, () => ({ kind: 'keep' }), ORIGIN);
  /** Has reads wait for their answer until the function that is returned is called. */
  const hold = (): (() => void) => {
    let release = (): void => undefined;
    held = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      held = Promise.resolve();
      release();
    };
  };
  return { store, put, stored, change, reads, clock, hold };
}

describe('a cached store', () => {
  it('asks once within the bound, and again behind it', async () => {
    const { store, put, reads, clock } = setUp();
    put('a');
    await store.get('a');
    put('a');
    clock.nowMs = 1000;
    expect((await store.get('a'))?.revision).toBe(1);
    clock.nowMs = 1001;
    expect((await store.get('a'))?.revision).toBe(2);
    expect(reads).toEqual(['a', 'a']);
  });

  it('asks for the rest of a batch only, and keeps the order and the repeats', async () => {
    const { store, put, reads } = setUp();
    put('a');
    put('b');
    await store.get('b');
    const found = await store.getMany(['a', 'b', 'none', 'a', 'b']);
    expect(found.map((one) => one?.name)).toEqual(['a', 'b', undefined, 'a', 'b']);
    expect(reads).toEqual(['b', 'a', 'none', 'a']);
    expect(await store.getMany(['a', 'b'])).toHaveLength(2);
    expect(reads).toHaveLength(4);
  });

  it('never answers with less than a change that was made through it', async () => {
    const { store, put, change } = setUp();
    put('a');
    await store.get('a');
    await change('a');
    expect((await store.get('a'))?.revision).toBe(2);
  });

  it('does not keep what was read while a change of it was made', async () => {
    const { store, put, change, hold } = setUp();
    put('a');
    const release = hold();
    const reading = store.get('a');
    await change('a');
    release();
    expect((await reading)?.revision).toBe(1);
    expect((await store.get('a'))?.revision).toBe(2);
  });

  it('does not remember that a template is missing', async () => {
    const { store, put } = setUp();
    expect(await store.get('a')).toBeUndefined();
    put('a');
    expect(await store.get('a')).toBeDefined();
  });

  it('lets those go first that were asked for longest ago where there are too many', async () => {
    const { store, put, reads } = setUp(2 * 1100);
    for (const name of ['a', 'b', 'c']) {
      put(name);
      await store.get(name);
    }
    await store.get('c');
    await store.get('b');
    await store.get('a');
    expect(reads).toEqual(['a', 'b', 'c', 'a']);
  });

  it('keeps none that is too large for it', async () => {
    const { store, put, reads } = setUp(1000);
    put('a');
    await store.get('a');
    await store.get('a');
    expect(reads).toEqual(['a', 'a']);
  });

  it('lets go of what is too old as soon as it keeps something else', async () => {
    const { store, put, stored, clock } = setUp();
    const read = async (name: string): Promise<WeakRef<StoredAppImage>> => {
      const reference = new WeakRef(put(name));
      await store.get(name);
      stored.delete(name);
      return reference;
    };
    const old = await read('a');
    clock.nowMs = 1001;
    const young = await read('b');
    await collectGarbage();
    expect(old.deref()).toBeUndefined();
    expect(young.deref()).toBeDefined();
  });
});

/** Runs V8's collector. What a `WeakRef` was made of, or asked for, in a turn is kept until its end. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await new Promise(setImmediate);
  collect();
}
