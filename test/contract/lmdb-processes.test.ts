import { existsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AppImageStore, StoreUnavailableError } from '../../src/domain/app-image/app-image-store.js';
import type { Revision } from '../../src/domain/app-image/revision.js';
import { openLmdbAppImageStore } from '../../src/store/lmdb/lmdb-app-image-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { ORIGIN } from '../support/stub-store.js';
import { brief, changesBehind, historyOf } from './contract-templates.js';
import { contentAfter, LIMITS, nthChange, WRITERS } from './lmdb-child.js';
import { Child } from './lmdb-child-process.js';

/** Processes that are killed while they write, half of them at a time with another one. */
const KILL_ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 20);
const LONGEST_LIFE_MS = 80;
const TIMEOUT_MS = 60_000 + KILL_ROUNDS * 3000;

describe('an LMDB store shared by processes', () => {
  let path: string;
  let store: AppImageStore;
  let children: Child[];

  beforeEach(async () => {
    children = [];
    path = await mkdtemp(join(tmpdir(), 'appimage-lmdb-'));
    store = await openLmdbAppImageStore({ path, codec: appImageCodec, history: LIMITS.AMPLE });
  });
  afterEach(async () => {
    await Promise.all(children.map((child) => child.kill()));
    await store[Symbol.asyncDispose]();
    await rm(path, { recursive: true });
  });

  function start(
    action: string,
    prefix: string,
    { program, limits = 'AMPLE' }: { program?: readonly string[]; limits?: keyof typeof LIMITS } = {},
  ): Child {
    const child = new Child([action, path, prefix, limits], program);
    children.push(child);
    return child;
  }

  it(
    `keeps every acknowledged change, and none in part, when its writers are killed (${KILL_ROUNDS} times)`,
    async () => {
      const acknowledged = new Map<string, number>();
      const lane = async (letter: string): Promise<void> => {
        for (let round = 0; round < KILL_ROUNDS / 2; round += 1) {
          const prefix = `${letter}${round}`;
          const child = start('write', prefix);
          await child.saysAnything();
          await delay(Math.random() * LONGEST_LIFE_MS);
          await child.kill();
          const told = lastChanges(prefix, child.lines);
          await expectOutcomes(store, told);
          for (const [name, change] of told) {
            acknowledged.set(name, change);
          }
        }
      };
      await Promise.all([lane('a'), lane('b')]);
      await expectWholeHistory(store, acknowledged);

      await store[Symbol.asyncDispose]();
      store = await openLmdbAppImageStore({ path, codec: appImageCodec, history: LIMITS.AMPLE });
      await expectOutcomes(store, acknowledged);
      for (const [name, change] of acknowledged) {
        const next = await store.change(name, nthChange(name, 1), ORIGIN);
        expect([change + 1, change + 2]).toContain(next?.revision);
      }
      expect([...acknowledged.values()].some((change) => change > 1)).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'forgets what is old and nothing else when its writers are killed',
    async () => {
      const acknowledged = new Map<string, number>();
      for (let round = 0; round < 6; round += 1) {
        const writers = ['a', 'b'].map((letter) => start('write', `${letter}${round}`, { limits: 'SCARCE' }));
        await Promise.all(writers.map((child) => child.saysAnything()));
        await delay(Math.random() * LONGEST_LIFE_MS);
        await Promise.all(writers.map((child) => child.kill()));
        for (const [index, child] of writers.entries()) {
          for (const [name, change] of lastChanges(`${index === 0 ? 'a' : 'b'}${round}`, child.lines)) {
            acknowledged.set(name, change);
          }
        }
        await expectOutcomes(store, acknowledged);
        await expectRecentHistory(store, acknowledged);
      }
      expect(await store.lastPosition()).toBeGreaterThan(LIMITS.SCARCE.maxChanges);
    },
    TIMEOUT_MS,
  );

  it('goes on when a process dies in the middle of a transaction, and stores nothing of that', async () => {
    const child = start('die-in-change', 'victim');
    const mine = Array.from({ length: 50 }, (_, index) => `mine-${index}`);
    const changes = mine.map((name) => store.change(name, nthChange(name, 1), ORIGIN));
    await child.ended;
    expect(child.lines).toEqual(['in-change']);
    await Promise.all(changes);
    await store.change('after', nthChange('after', 1), ORIGIN);
    expect(await store.getMany(['victim-0', 'victim-1'])).toEqual([undefined, undefined]);
    expect((await store.getMany([...mine, 'after'])).map((stored) => stored?.revision)).toEqual(
      [...mine, 'after'].map(() => 1),
    );
  });

  it('rejects a change as unavailable while another process holds the lock, but goes on reading', async () => {
    await store.change('before', nthChange('before', 1), ORIGIN);
    const child = start('stop-in-change', 'holder');
    await child.says('in-change');

    const change = store.change('refused', nthChange('refused', 1), ORIGIN);
    expect((await store.get('before'))?.revision).toBe(1);
    await expect(change).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(store.ping()).rejects.toBeInstanceOf(StoreUnavailableError);
    expect((await store.get('before'))?.revision).toBe(1);

    await child.kill();
    await store.change('later', nthChange('later', 1), ORIGIN);
    await expect(store.ping()).resolves.toBeUndefined();
    expect((await store.list({ after: '', limit: 10 })).map(({ name }) => name)).toEqual(['before', 'later']);
  });

  it('shows a change of another process to a read that begins when it is acknowledged, in the same turn of the event loop', async () => {
    const child = start('change-once', 'shared');
    await child.says('ready');
    writeFileSync(`${path}/shared-go`, '');
    // Nothing else runs here until the other process is done, so a snapshot that lasted for a turn would still be in use.
    const before = store.get('shared');
    while (!existsSync(`${path}/shared-done`)) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
    const [after, many, page] = [store.get('shared'), store.getMany(['shared']), store.list({ after: '', limit: 1 })];
    expect(await before).toBeUndefined();
    expect((await after)?.revision).toBe(1);
    expect((await many)[0]?.revision).toBe(1);
    expect((await page)[0]?.revision).toBe(1);
    await child.ended;
  });

  it('rejects every change of a transaction that the disk does not take, stores none of them, and goes on', async () => {
    // The limit on the size of files stands for a disk that is full.
    const child = start('fill', 'filler', { program: ['sh', '-c', 'ulimit -f 4096; exec "$0" "$@"'] });
    expect(await child.ended).toBe(0);
    const report = JSON.parse(child.lines.at(-1) ?? '') as FillReport;
    expect(report.batches).toBeGreaterThan(0);
    expect(report.failures).toEqual(
      Array.from({ length: WRITERS }, () => ({ name: 'StoreFaultError', hasCause: true })),
    );
    expect(report.stored).toBe(0);
    expect(report.deleted).toBe(true);
    expect(report.laterRevision).toBe(2);
    expect(await store.get('filler-0-0')).toBeUndefined();
    expect((await store.get('filler-0-1'))?.appImage).toEqual(contentAfter('filler-0-1', 2));
  });
});

interface FillReport {
  readonly stored: number;
  readonly failures: readonly unknown[];
  readonly deleted: boolean;
  readonly laterRevision: number;
  readonly batches: number;
}

/** The last change of each name that a writer told of; 0 for a name that it did not get to. */
function lastChanges(prefix: string, lines: readonly string[]): Map<string, number> {
  const last = new Map(Array.from({ length: WRITERS }, (_, writer) => [`${prefix}-${writer}`, 0]));
  for (const line of lines) {
    const [name, change] = line.split(' ');
    last.set(name ?? '', Number(change));
  }
  return last;
}

/** Each name stands after the change that was acknowledged last, or after the one that was in flight. */
async function expectOutcomes(store: AppImageStore, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  const found = await store.getMany([...acknowledged.keys()]);
  for (const [index, [name, change]] of [...acknowledged].entries()) {
    const stored = found[index];
    const outcomes = [change, change + 1].map((each) => ({
      name,
      revision: each === 0 || contentAfter(name, each) === undefined ? undefined : each,
      content: each === 0 ? undefined : contentAfter(name, each),
    }));
    expect(outcomes).toContainEqual({ name, revision: stored?.revision, content: stored?.appImage });
  }
}

/** The order of all changes has no gap, has every change that was acknowledged, and agrees with the templates and the history of each. */
async function expectWholeHistory(store: AppImageStore, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  const changes = await changesBehind(store, 0);
  expect(changes.map(({ position }) => position)).toEqual(changes.map((_, index) => index + 1));
  for (const [name, told] of acknowledged) {
    const own = changes.filter((change) => change.name === name);
    expect([told, told + 1]).toContain(own.length);
    expect(own.map(({ revision }) => revision)).toEqual(own.map((_, index) => index + 1));
    expect(own.map(({ content }) => content?.appImage)).toEqual(own.map((_, index) => contentAfter(name, index + 1)));
    expect((await historyOf(store, name)).map(brief)).toEqual(own.toReversed().map(brief));
    await expectNewest(store, name, own.at(-1), told);
  }
}

/** The newest changes are there without a gap, and so are the newest revisions of every name. */
async function expectRecentHistory(store: AppImageStore, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  const last = await store.lastPosition();
  const earliest = Math.max(0, last - LIMITS.SCARCE.maxChanges);
  if (earliest > 0) {
    await expect(store.readChanges({ after: earliest - 1, limit: 1 })).rejects.toMatchObject({ earliest });
  }
  const changes = await changesBehind(store, earliest);
  expect(changes.map(({ position }) => position)).toEqual(changes.map((_, index) => earliest + 1 + index));
  for (const [name, told] of acknowledged) {
    const history = await historyOf(store, name);
    const newest = history[0]?.revision ?? 0;
    expect([told, told + 1]).toContain(newest);
    expect(history.slice(0, 3).map(({ revision }) => revision)).toEqual(
      [newest, newest - 1, newest - 2].filter((revision) => revision > 0),
    );
    expect(history.map(({ content }) => content?.appImage)).toEqual(
      history.map(({ revision }) => contentAfter(name, revision)),
    );
    await expectNewest(store, name, history[0], told);
  }
}

/** What stands of a template is its newest revision, and the tag points at the change that was told of last, or the one before. */
async function expectNewest(
  store: AppImageStore,
  name: string,
  newest: Revision | undefined,
  told: number,
): Promise<void> {
  const stored = await store.get(name);
  expect([stored?.revision, stored?.position]).toEqual(
    newest?.content === undefined ? [undefined, undefined] : [newest.revision, newest.position],
  );
  expect([told, told - 1]).toContain((await store.getTag(name, 'told')) ?? 0);
}
