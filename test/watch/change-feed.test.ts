import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AppImageStore, StoreUnavailableError } from '../../src/domain/app-image/app-image-store.js';
import { ChangeFeed } from '../../src/service/change-feed.js';
import { encodeResumeToken } from '../../src/service/resume-token.js';
import { type WatchBatch, type WatchEvent, type WatchOptions, WatchService } from '../../src/service/watch-service.js';
import { openStore } from '../../src/store/open-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { appImage } from '../support/app-image-builders.js';

/** From before the first change. */
const BEGINNING = encodeResumeToken({ position: 0, inState: false, stateAfter: undefined });

let folder: string;
let opened: AppImageStore;
let reads: number;
let fault: Error | undefined;
let store: AppImageStore;
let faults: unknown[];
let feed: ChangeFeed;
let service: WatchService;
let ended: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'appimage-feed-'));
  opened = await openStore({
    store: 'lmdb',
    dataDir: folder,
    codec: appImageCodec,
    history: { maxRevisions: 100, maxChanges: 100_000 },
  });
  reads = 0;
  fault = undefined;
  faults = [];
  // The store itself, but for what a database that is away does.
  store = Object.create(opened, {
    kind: { value: 'lmdb' },
    ...Object.fromEntries(
      (['get', 'list', 'change', 'getRevision', 'readChanges', 'lastPosition', 'onChange'] as const).map((name) => [
        name,
        {
          value: (...parameters: never[]): unknown => {
            if (name === 'readChanges') {
              reads += 1;
            }
            if (fault !== undefined && name !== 'onChange') {
              return Promise.reject(fault);
            }
            return (opened[name] as (...all: never[]) => unknown).apply(opened, parameters);
          },
        },
      ]),
    ),
  }) as AppImageStore;
  feed = new ChangeFeed(store, { pollIntervalMs: 20, onFault: (error) => faults.push(error) });
  service = new WatchService(store, feed, { checkpointIntervalMs: 100, maxBacklog: 1000 });
  ended = new AbortController();
});

afterEach(async () => {
  ended.abort();
  feed[Symbol.dispose]();
  await opened[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function put(name: string, filler = ''): Promise<void> {
  await opened.change(
    name,
    () => ({ kind: 'put', appImage: appImage({ name, configTemplates: new Map([['filler', filler]]) }) }),
    { method: 'Apply', tokenName: 'tester', certificateSubject: '', message: '' },
  );
}

interface Follower {
  readonly batches: WatchBatch[];
  readonly done: Promise<unknown>;
}

async function follow(options: Partial<WatchOptions> = {}): Promise<Follower> {
  const batches: WatchBatch[] = [];
  const stream = await service.watch({ start: 'NOW', resumeToken: '', namePrefix: '', ...options }, ended.signal);
  const run = async (): Promise<unknown> => {
    try {
      for await (const batch of stream) {
        batches.push(batch);
      }
      return undefined;
    } catch (error) {
      return error;
    }
  };
  return { batches, done: run() };
}

function namesIn(batches: readonly WatchBatch[]): string[] {
  return batches.flatMap(({ events }) =>
    events.flatMap((event: WatchEvent) => ('revision' in event ? [event.revision.name] : [])),
  );
}

describe('the feed of changes', () => {
  it('does not read the store while nobody watches', async () => {
    await put('before');
    const follower = await follow();
    await vi.waitFor(() => expect(follower.batches).toHaveLength(1));
    await put('a');
    await vi.waitFor(() => expect(namesIn(follower.batches)).toEqual(['a']));
    ended.abort();
    await follower.done;
    const after = reads;
    await put('b');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(reads).toBe(after);
    ended = new AbortController();
    const later = await follow({ resumeToken: follower.batches.at(-1)?.resumeToken ?? '' });
    await put('c');
    await vi.waitFor(() => expect(namesIn(later.batches)).toEqual(['b', 'c']));
  });

  it('hands the same batches to everyone who asks for the same, made once', async () => {
    const followers = await Promise.all([follow(), follow(), follow({ namePrefix: 'x' }), follow({ namePrefix: 'x' })]);
    await vi.waitFor(() => expect(followers.every(({ batches }) => batches.length > 0)).toBe(true));
    await put('x-1');
    await put('y-1');
    await vi.waitFor(() => expect(namesIn(followers[0]?.batches ?? [])).toEqual(['x-1', 'y-1']));
    const [one, two, three, four] = followers.map(({ batches }) =>
      batches.filter((each) => namesIn([each]).length > 0),
    );
    expect(one?.every((batch, index) => batch === two?.[index])).toBe(true);
    expect(namesIn(three ?? [])).toEqual(['x-1']);
    expect(three?.[0]).toBe(four?.[0]);
  });

  it('survives a database that goes away and comes back: watches wait, and miss nothing', async () => {
    const follower = await follow();
    await vi.waitFor(() => expect(follower.batches).toHaveLength(1));
    fault = new StoreUnavailableError('away');
    await vi.waitFor(() => expect(faults).toHaveLength(1));
    await put('meanwhile');
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(faults).toHaveLength(1);
    expect(namesIn(follower.batches)).toEqual([]);
    await expect(follow()).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    fault = undefined;
    await vi.waitFor(() => expect(namesIn(follower.batches)).toEqual(['meanwhile']));
    fault = new StoreUnavailableError('away again');
    await vi.waitFor(() => expect(faults).toHaveLength(2));
  });

  it('puts no more than about a mebibyte into one batch, and no more than one template if that is larger', async () => {
    const sizes = Array.from({ length: 12 }, (_, index) => (index === 5 ? 1_500_000 : 300_000));
    for (const [index, size] of sizes.entries()) {
      await put(`big-${String(index).padStart(2, '0')}`, 'x'.repeat(size));
    }
    const names = sizes.map((_, index) => `big-${String(index).padStart(2, '0')}`);
    for (const options of [{ start: 'STATE' }, { resumeToken: BEGINNING }] as const) {
      const follower = await follow(options);
      await vi.waitFor(() => expect(namesIn(follower.batches)).toEqual(names));
      for (const { events } of follower.batches) {
        const bytes = events.map((event) =>
          'revision' in event ? (event.revision.content?.encoded.protobuf.length ?? 0) : 0,
        );
        expect(events.length === 1 || bytes.reduce((sum, each) => sum + each, 0) <= 1024 * 1024).toBe(true);
      }
    }
  });

  it('is at an end when it is disposed of, and so are the watches', async () => {
    const follower = await follow();
    await vi.waitFor(() => expect(follower.batches).toHaveLength(1));
    feed[Symbol.dispose]();
    expect(await follower.done).toBeUndefined();
  });
});
