import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import type { Decide } from '../../src/domain/app-image/app-image-store.js';
import { HistoryExpiredError, type Revision, RevisionMissingError } from '../../src/domain/app-image/revision.js';
import { ChangeFeed } from '../../src/service/change-feed.js';
import { WatchService } from '../../src/service/watch-service.js';
import { ChangeLog } from '../../src/store/mongo/change-log.js';
import { MongoAppImageStore } from '../../src/store/mongo/mongo-app-image-store.js';
import { MongoDatabase } from '../../src/store/mongo/mongo-database.js';
import type { MongoHistoryOptions } from '../../src/store/mongo/mongo-history.js';
import { draftOf, placed } from '../../src/store/mongo/revision-document.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { appImage } from '../support/app-image-builders.js';
import { type MongoTestDatabase, mongoTestDatabase } from '../support/mongo-test-database.js';
import type { Acknowledged } from './mongo-child.js';

const mongo = inject('mongo');
const ORIGIN = { method: 'Test', tokenName: 'tester', certificateSubject: 'CN=tester', message: 'why' };
const LIMITS = { maxRevisions: 100, maxChanges: 100_000 };
/** With a server in one process on a small machine, and other tests beside it. */
const PATIENT_MS = 120_000;

describe.skipIf('unavailable' in mongo)('the history of the MongoDB store', () => {
  let own: MongoTestDatabase;
  let opened: MongoAppImageStore[];

  beforeEach(() => {
    own = mongoTestDatabase('url' in mongo ? mongo.url : '');
    opened = [];
  });
  afterEach(async () => {
    vi.useRealTimers();
    await Promise.all(opened.map((store) => store[Symbol.asyncDispose]()));
    await own[Symbol.asyncDispose]();
  });

  /** Another process, as far as the database can tell. */
  function open(options: MongoHistoryOptions = LIMITS): MongoAppImageStore {
    const store = new MongoAppImageStore(new MongoDatabase(own.url), appImageCodec, options);
    opened.push(store);
    return store;
  }

  it('has one order for all changes that several clients make at once, and a reader misses none meanwhile', {
    timeout: PATIENT_MS,
  }, async () => {
    const clients = Array.from({ length: 4 }, () => open());
    const reader = open();
    const names = ['a', 'b', 'c', 'd', 'e'];
    const each = 40;
    const writing = new AbortController();
    const reading = (async () => {
      const seen: Revision[] = [];
      for (let isLast = false; !isLast; ) {
        isLast = writing.signal.aborted;
        const changes = await reader.readChanges({ after: seen.at(-1)?.position ?? 0, limit: 7 });
        seen.push(...changes);
        isLast &&= changes.length === 0;
      }
      return seen;
    })();
    const acknowledged = await Promise.all(
      clients.flatMap((client, index) =>
        Array.from({ length: each }, async (_, number) => {
          const name = names[(index + number) % names.length] ?? '';
          return await client.change(name, put(name, `${index}-${number}`), ORIGIN);
        }),
      ),
    );
    writing.abort();
    const seen = await reading;
    expect(seen.map(({ position }) => position)).toEqual(numbersUpTo(clients.length * each));
    for (const name of names) {
      const ofName = seen.filter((change) => change.name === name);
      expect(ofName.map(({ revision }) => revision)).toEqual(numbersUpTo(ofName.length));
      expect(summary(await reader.get(name))).toEqual(summary(ofName.at(-1)?.content));
    }
    for (const stored of acknowledged) {
      expect(summary(seen[(stored?.position ?? 0) - 1]?.content)).toEqual(summary(stored));
    }
    expect(await reader.lastPosition()).toBe(seen.length);
  });

  it('keeps every acknowledged change exactly once, without a gap, where processes are killed', {
    timeout: PATIENT_MS,
  }, async () => {
    const acknowledged: Acknowledged[] = [];
    for (const round of numbersUpTo(3)) {
      await Promise.all(
        numbersUpTo(3).map(async (number) => {
          acknowledged.push(...(await writeUntilKilled(own.url, `p${round}${number}`, 15 + number * 10)));
        }),
      );
    }
    const store = open();
    const changes = await allChanges(store);
    expect(changes.map(({ position }) => position)).toEqual(numbersUpTo(changes.length));
    expect(acknowledged.length).toBeGreaterThan(200);
    const tags = changes.map(({ content }) => content?.appImage.image?.tag);
    expect(new Set(tags).size).toBe(tags.length);
    for (const { position, ...expected } of acknowledged) {
      expect(summary(changes[position - 1]?.content)).toEqual(expected);
    }
    const newest = new Map(changes.map((change) => [change.name, change]));
    await vi.waitFor(
      async () => {
        const shown = await store.getMany([...newest.keys()]);
        expect(shown.map(summary)).toEqual([...newest.values()].map(({ content }) => summary(content)));
      },
      { timeout: 15_000, interval: 200 },
    );
    for (const [name, { revision }] of newest) {
      expect((await store.change(name, put(name, 'after'), ORIGIN))?.revision).toBe(revision + 1);
    }
  });

  it('shows a change, and lets others follow it, whose writer died before it could show it', {
    timeout: PATIENT_MS,
  }, async () => {
    const writer = open();
    const [reader, next] = [open(), open()];
    await writer.change('app', put('app', 'first'), ORIGIN);
    await appendOnly(own.url, { name: 'app', revision: 2, position: 2, tag: 'second' });
    expect(summary(await writer.get('app'))?.tag).toBe('first');
    await vi.waitFor(async () => expect(summary(await reader.get('app'))?.tag).toBe('second'), { timeout: 15_000 });
    await appendOnly(own.url, { name: 'app', revision: 3, position: 3, tag: 'third' });
    const shown: unknown[] = [];
    const stored = await next.change(
      'app',
      (current) => {
        shown.push(current?.appImage.image?.tag);
        return put('app', 'fourth')(current);
      },
      ORIGIN,
    );
    expect(stored?.revision).toBe(4);
    expect(shown.at(-1)).toBe('third');
    const history = await next.listRevisions('app', { before: undefined, limit: 10 });
    expect(history.map(({ content }) => content?.appImage.image?.tag)).toEqual(['fourth', 'third', 'second', 'first']);
  });

  it('tells a watch from STATE of a change whose writer has not shown it yet', { timeout: PATIENT_MS }, async () => {
    await open().change('app', put('app', 'first'), ORIGIN);
    await appendOnly(own.url, { name: 'late', revision: 1, position: 2, tag: 'late' });
    await appendOnly(own.url, { name: 'app', revision: 2, position: 3, tag: 'second' });
    const reader = open({ ...LIMITS, maintenanceIntervalMs: undefined });
    expect([await reader.lastPosition(), await reader.listedThrough()]).toEqual([3, 1]);
    expect((await reader.list({ after: '', limit: 10 })).map(summary)).toMatchObject([{ name: 'app', tag: 'first' }]);

    using feed = new ChangeFeed(reader, { pollIntervalMs: 10, onFault: () => undefined });
    const watching = new WatchService(reader, feed, { checkpointIntervalMs: 60_000, maxBacklog: 1000 });
    const options = { start: 'STATE', resumeToken: '', namePrefix: '' } as const;
    const told: string[] = [];
    for await (const { events } of await watching.watch(options, new AbortController().signal)) {
      told.push(
        ...events.map((event) =>
          'revision' in event ? `${event.revision.name} ${event.revision.revision}` : event.type,
        ),
      );
      if (told.at(-1) === 'STATE_COMPLETE') {
        break;
      }
    }
    expect(told).toEqual(['app 1', 'late 1', 'app 2', 'STATE_COMPLETE']);
  });

  it('tells who changed what, when, how and why, deletes as well', async () => {
    const store = open();
    const beforeMs = Date.now();
    await store.change('app', put('app', 'first'), ORIGIN);
    await store.change('app', () => ({ kind: 'delete' }), { ...ORIGIN, method: 'Delete' });
    const [deletion, creation] = await store.listRevisions('app', { before: undefined, limit: 10 });
    expect(creation).toMatchObject({ name: 'app', revision: 1, position: 1, origin: ORIGIN, tags: [] });
    expect(creation?.contentHash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(creation?.timeMs).toBeGreaterThanOrEqual(beforeMs);
    expect(creation?.timeMs).toBeLessThanOrEqual(Date.now());
    expect(deletion).toMatchObject({ revision: 2, position: 2, content: undefined, contentHash: '' });
    expect(deletion?.origin.method).toBe('Delete');
    expect(await store.getRevision('app', 1)).toEqual(creation);
    expect(await store.getRevision('app', 3)).toBeUndefined();
    expect((await store.list({ after: '', limit: 10 })).length).toBe(0);
  });

  it('finds revisions further back than one of them knows the places of', { timeout: PATIENT_MS }, async () => {
    const store = open({ maxRevisions: 1000, maxChanges: 100_000 });
    for (const number of numbersUpTo(230)) {
      await store.change('app', put('app', String(number)), ORIGIN);
    }
    const all = await store.listRevisions('app', { before: undefined, limit: 1000 });
    expect(all.map(({ content }) => Number(content?.appImage.image?.tag))).toEqual(numbersUpTo(230).toReversed());
    expect((await store.getRevision('app', 3))?.position).toBe(3);
    const page = await store.listRevisions('app', { before: 15, limit: 3 });
    expect(page.map(({ revision }) => revision)).toEqual([14, 13, 12]);
  });

  it('never answers with a gap while changes are deleted, and deletes what is neither new nor tagged', {
    timeout: PATIENT_MS,
  }, async () => {
    const limits = { maxRevisions: 3, maxChanges: 40 };
    const writer = open({ ...limits, minTrimmedAgeMs: 0, maintenanceIntervalMs: 5 });
    const reader = open(limits);
    const names = ['a', 'b', 'c'];
    await writer.change('a', put('a', 'tagged'), ORIGIN);
    await writer.changeTag('a', 'stable', () => 1);
    const writing = new AbortController();
    const outcomes = { complete: 0, expired: 0 };
    const reading = (async () => {
      for (let after = 0; !writing.signal.aborted; ) {
        try {
          const changes = await reader.readChanges({ after, limit: 10 });
          expect(changes.map(({ position }) => position)).toEqual(changes.map((_, index) => after + 1 + index));
          outcomes.complete += changes.length;
          // Now and then far behind, where it is being deleted.
          after = changes.at(-1)?.position ?? Math.max(0, after - 45);
        } catch (error) {
          expect(error).toBeInstanceOf(HistoryExpiredError);
          const { earliest } = error as HistoryExpiredError;
          expect(earliest).toBeGreaterThan(after);
          outcomes.expired += 1;
          after = earliest;
        }
      }
    })();
    for (const number of numbersUpTo(200)) {
      const name = names[number % names.length] ?? '';
      await writer.change(name, put(name, String(number)), ORIGIN);
    }
    writing.abort();
    await reading;
    expect(outcomes.complete).toBeGreaterThan(0);
    expect(outcomes.expired).toBeGreaterThan(0);

    await expect(reader.readChanges({ after: 0, limit: 1 })).rejects.toMatchObject({ earliest: 201 - 40 });
    expect(await reader.readChanges({ after: 201 - 40, limit: 100 })).toHaveLength(40);
    for (const name of names) {
      const kept = await reader.listRevisions(name, { before: undefined, limit: 100 });
      const newest = kept[0]?.revision ?? 0;
      const expected = [newest, newest - 1, newest - 2, ...(name === 'a' ? [1] : [])];
      expect(kept.map(({ revision }) => revision)).toEqual(expected);
    }
    expect(summary((await reader.getRevision('a', 1))?.content)?.tag).toBe('tagged');
    expect((await reader.getRevision('a', 1))?.tags).toEqual(['stable']);
    expect(await reader.getRevision('a', 2)).toBeUndefined();
    // 40 changes for watches, a tagged revision, and up to three older ones of each name.
    await vi.waitFor(async () => expect(await changesStored(own.url)).toBeLessThanOrEqual(40 + 1 + 9), {
      timeout: 20_000,
      interval: 200,
    });
  });

  it('passes over no change that another process, which keeps fewer, has deleted', {
    timeout: PATIENT_MS,
  }, async () => {
    const other = open({ maxRevisions: 1, maxChanges: 5, minTrimmedAgeMs: 0, maintenanceIntervalMs: 5 });
    for (const number of numbersUpTo(4)) {
      await other.change('a', put('a', String(number)), ORIGIN);
      if (number !== 3) {
        await other.changeTag('a', `kept-${number}`, () => number);
      }
    }
    for (const number of numbersUpTo(20)) {
      await other.change('a', put('a', String(number)), ORIGIN);
    }
    await vi.waitFor(async () => expect(await changesStored(own.url)).toBeLessThanOrEqual(5 + 1 + 3), {
      timeout: 20_000,
    });
    const reader = open();
    const begin = await reader.readChanges({ after: 0, limit: 10 });
    expect(begin.map(({ position }) => position)).toEqual([1, 2]);
    const expired = await reader.readChanges({ after: 2, limit: 10 }).catch((error: unknown) => error);
    expect(expired).toBeInstanceOf(HistoryExpiredError);
    const { earliest } = expired as HistoryExpiredError;
    const end = await reader.readChanges({ after: earliest, limit: 100 });
    expect(end.map(({ position }) => position)).toEqual(numbersUpTo(24).slice(earliest));
  });

  it('gives out no position a second time, to a process that slept while it was taken and deleted', {
    timeout: PATIENT_MS,
  }, async () => {
    const limits = { maxRevisions: 1, maxChanges: 5 };
    const sleeper = open({ ...limits, maintenanceIntervalMs: undefined });
    await sleeper.change('a', put('a', 'first'), ORIGIN);
    const other = open({ ...limits, minTrimmedAgeMs: 0, maintenanceIntervalMs: 5 });
    for (const number of numbersUpTo(30)) {
      await other.change('a', put('a', String(number)), ORIGIN);
    }
    await vi.waitFor(async () => expect(await changesStored(own.url)).toBeLessThanOrEqual(10), { timeout: 20_000 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    const stored = await sleeper.change('a', put('a', 'awake'), ORIGIN);
    expect(stored).toMatchObject({ revision: 32, position: 32 });
    expect(summary(await other.get('a'))?.tag).toBe('awake');
  });

  it('moves a tag for several clients at once, one upon the other', { timeout: PATIENT_MS }, async () => {
    const clients = Array.from({ length: 4 }, () => open());
    const [first, second] = clients;
    for (const number of numbersUpTo(20)) {
      await first?.change('app', put('app', String(number)), ORIGIN);
    }
    const moved = await Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: 5 }, () => client.changeTag('app', 'stable', (current) => (current ?? 0) + 1)),
      ),
    );
    expect(moved.map(Number).sort((a, b) => a - b)).toEqual(numbersUpTo(20));
    expect(await second?.getTag('app', 'stable')).toBe(20);
    await expect(first?.changeTag('app', 'stable', () => 21)).rejects.toBeInstanceOf(RevisionMissingError);
    await expect(first?.changeTag('none', 'stable', () => 1)).rejects.toBeInstanceOf(RevisionMissingError);
    expect(await second?.getTag('app', 'stable')).toBe(20);
    expect(await first?.changeTag('app', 'stable', () => undefined)).toBeUndefined();
    expect(await second?.getTag('app', 'stable')).toBeUndefined();
    expect(await second?.changeTag('app', 'stable', (current) => (current === undefined ? 5 : 6))).toBe(5);
    expect((await first?.getRevision('app', 5))?.tags).toEqual(['stable']);
  });

  it('takes a thousand changes of a few names, and reads them back in pages', { timeout: PATIENT_MS }, async () => {
    const store = open();
    const names = numbersUpTo(16).map((number) => `app-${number}`);
    await Promise.all(
      names.map(async (name) => {
        for (const number of numbersUpTo(64)) {
          await store.change(name, put(name, String(number)), ORIGIN);
        }
      }),
    );
    const changes = await allChanges(open());
    expect(changes.map(({ position }) => position)).toEqual(numbersUpTo(1024));
  });

  it('tells listeners of own changes, until they are ended', async () => {
    const store = open();
    const [told, ended] = [vi.fn(), vi.fn()];
    store.onChange(told);
    store.onChange(ended)();
    await store.change('app', () => ({ kind: 'keep' }), ORIGIN);
    expect(told).not.toHaveBeenCalled();
    await store.change('app', put('app', 'first'), ORIGIN);
    await vi.waitFor(() => expect(told).toHaveBeenCalledOnce());
    expect(ended).not.toHaveBeenCalled();
  });
});

function put(name: string, tag: string): Decide {
  return () => ({ kind: 'put', appImage: appImage({ name, image: { name: 'app', tag } }) });
}

function summary(stored: Revision['content']) {
  return stored && { name: stored.name, revision: stored.revision, tag: stored.appImage.image?.tag };
}

function numbersUpTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

async function allChanges(store: MongoAppImageStore): Promise<Revision[]> {
  const all: Revision[] = [];
  for (;;) {
    const page = await store.readChanges({ after: all.at(-1)?.position ?? 0, limit: 300 });
    if (page.length === 0) {
      return all;
    }
    all.push(...page);
  }
}

/** What a process leaves that dies between the two writes of a change; the revisions before it stand at the first positions. */
async function appendOnly(url: string, { name, revision, position, tag }: Acknowledged): Promise<void> {
  await using database = new MongoDatabase(url);
  const content = { appImage: appImage({ name, image: { name: 'app', tag } }), hash: 'sha256:' };
  const draft = draftOf({ name, revision, writeId: tag, timeMs: Date.now(), origin: ORIGIN, content });
  const earlier = numbersUpTo(revision - 1).toReversed();
  const appended = await new ChangeLog(database).append([
    placed(draft, { position, earlier, writer: 'died', writerSettled: 0 }),
  ]);
  expect(appended).toBe(true);
}

async function changesStored(url: string): Promise<number> {
  await using client = new MongoClient(url);
  const collections = await client.db().listCollections({}, { nameOnly: true }).toArray();
  const logs = collections.filter(({ name }) => name.startsWith('app_image_changes'));
  const counts = await Promise.all(logs.map(({ name }) => client.db().collection(name).countDocuments()));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Runs a process until it has acknowledged so many changes and is killed in the middle of further ones. */
async function writeUntilKilled(url: string, id: string, count: number): Promise<Acknowledged[]> {
  const script = new URL('mongo-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, url, id], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const acknowledged: Acknowledged[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    acknowledged.push(JSON.parse(line) as Acknowledged);
    if (acknowledged.length === count) {
      void delay(Math.random() * 20).then(() => child.kill('SIGKILL'));
    }
  });
  const closed = once(lines, 'close');
  await Promise.all([exited, closed]);
  expect(child.signalCode).toBe('SIGKILL');
  return acknowledged;
}
