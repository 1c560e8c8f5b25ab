import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Revision } from '../../src/domain/app-image/revision.js';
import { openStore } from '../../src/store/open-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { type ClientCredentials, grpcClient } from '../support/api-client.js';
import { mongoTestDatabase } from '../support/mongo-test-database.js';
import { ServerProcess } from '../support/server-process.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import { putTemplate } from './put-template.js';
import { changesIn, grpcConnection, type SeenEvent, type SeenWatch, watchGrpc, watchSse } from './watch-clients.js';

// More rounds by hand: KILL_ROUNDS=50 npx vitest run test/watch/killed-servers.test.ts
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 4);
const NAMES = 12;
const CHANGES_BETWEEN_KILLS = 5;

let certificates: TemporaryCertificates;
let folder: string;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  folder = await mkdtemp(join(tmpdir(), 'appimage-killed-'));
});

afterAll(async () => {
  await certificates[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function who(): ClientCredentials & { readonly token: string } {
  const { ca, client, token } = certificates;
  return { ca, cert: client.certificate, key: client.key, token };
}

/** Two servers on one store, of which each is killed and started again now and then. */
class Servers implements AsyncDisposable {
  readonly #store: string;
  readonly #dataDir: string;
  readonly #running: ServerProcess[] = [];

  constructor(store: string, dataDir: string) {
    this.#store = store;
    this.#dataDir = dataDir;
  }

  async start(): Promise<void> {
    await this.restart(0);
    await this.restart(1);
  }

  /** One that runs, or did a moment ago. */
  pick(): ServerProcess {
    const server = this.#running[Math.floor(Math.random() * this.#running.length)];
    if (server === undefined) {
      throw new Error('no server was started');
    }
    return server;
  }

  async restart(index: number): Promise<void> {
    await this.#running[index]?.end('SIGKILL');
    this.#running[index] = await ServerProcess.start(
      [`--certs-dir=${certificates.directory}`, `--data-dir=${this.#dataDir}`, '--checkpoint-interval-ms=200'],
      { env: { APPIMAGE_STORE: this.#store } },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((server) => server.end('SIGTERM')));
  }
}

/** A client that goes on with its last token, at whichever server, whenever its watch ends. */
class FaithfulWatcher {
  readonly events: SeenEvent[] = [];
  /** Connections that got something. */
  connections = 0;
  readonly faults: string[] = [];
  readonly #servers: Servers;
  readonly #transport: 'grpc' | 'sse';
  readonly #start: 'NOW' | 'STATE';
  #stopped = false;
  #watch: SeenWatch | undefined;
  readonly #done: Promise<void>;

  constructor(servers: Servers, transport: 'grpc' | 'sse', start: 'NOW' | 'STATE') {
    this.#servers = servers;
    this.#transport = transport;
    this.#start = start;
    this.#done = this.#run();
  }

  /** Cuts the connection, as a network does. */
  cut(): void {
    this.#watch?.cancel();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.cut();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const server = this.#servers.pick();
      const token = this.events.at(-1)?.token;
      const query = { start: this.#start, ...(token === undefined ? {} : { resumeToken: token }) };
      const connection = this.#transport === 'grpc' ? grpcConnection(server.grpcAddress, who()) : undefined;
      const watch =
        connection === undefined ? watchSse(server.origin, who(), query) : watchGrpc(connection, who().token, query);
      this.#watch = watch;
      const seen = this.events.length;
      let taken = 0;
      const take = (): void => {
        this.events.push(...watch.events.slice(taken));
        taken = watch.events.length;
      };
      void watch.until(() => {
        take();
        return false;
      });
      const { code, message } = await watch.ended;
      take();
      connection?.close();
      this.connections += this.events.length > seen ? 1 : 0;
      if (code !== 0) {
        this.faults.push(`${code}: ${message}`);
      }
      await sleep(20);
    }
  }
}

async function history(store: string, dataDir: string): Promise<Revision[]> {
  const opened = await openStore({
    store,
    dataDir,
    codec: appImageCodec,
    history: { maxRevisions: 100, maxChanges: 100_000 },
  });
  await using _ = opened;
  const all: Revision[] = [];
  for (let after = 0; ; ) {
    const page = await opened.readChanges({ after, limit: 1000 });
    all.push(...page);
    const last = page.at(-1);
    if (last === undefined) {
      return all;
    }
    after = last.position;
  }
}

/** Kills servers while watchers follow what they store, holds what each has seen against the history, and returns how much that was. */
async function changesFollowed(store: string, dataDir: string): Promise<number> {
  const servers = new Servers(store, dataDir);
  await servers.start();
  const writing = new AbortController();
  const write = async (lane: number): Promise<void> => {
    for (let index = 0; !writing.signal.aborted; index += 1) {
      await using client = grpcClient(servers.pick().grpcAddress, who());
      const name = `k-${(lane * 5 + index) % NAMES}`;
      await (index % 7 === 6
        ? client.call('deleteAppImage', { name })
        : putTemplate(client, name, { lane: String(lane) })
      ).catch(() => undefined);
    }
  };
  // Something that stands before anybody watches.
  await using first = grpcClient(servers.pick().grpcAddress, who());
  await Promise.all(Array.from({ length: 150 }, (_, index) => putTemplate(first, `old-${index}`)));

  const live = [new FaithfulWatcher(servers, 'grpc', 'NOW'), new FaithfulWatcher(servers, 'sse', 'NOW')];
  await expect.poll(() => live.every(({ events }) => events.length > 0), { timeout: 20_000 }).toBe(true);
  const lanes = Array.from({ length: 4 }, (_, lane) => write(lane));
  const fromState = [new FaithfulWatcher(servers, 'grpc', 'STATE'), new FaithfulWatcher(servers, 'sse', 'STATE')];
  const followed = (): number => Math.max(...live.map(({ events }) => changesIn(events).length));
  for (let round = 0; round < ROUNDS; round += 1) {
    // However slow the machine is, there is something that a kill can interrupt.
    await expect.poll(followed, { timeout: 20_000 }).toBeGreaterThan(CHANGES_BETWEEN_KILLS * (round + 1));
    await sleep(100 + Math.random() * 400);
    live[round % 2]?.cut();
    fromState[round % 2]?.cut();
    await servers.restart(round % 2);
  }
  writing.abort();
  await Promise.all(lanes);

  const marked = 'the-last-one';
  await using client = grpcClient(servers.pick().grpcAddress, who());
  await putTemplate(client, marked);
  const watchers = [...live, ...fromState];
  await expect
    .poll(() => watchers.every(({ events }) => events.some(({ name }) => name === marked)), { timeout: 30_000 })
    .toBe(true);
  await Promise.all(watchers.map((watcher) => watcher.stop()));
  await servers[Symbol.asyncDispose]();

  const truth = await history(store, dataDir);
  const ids = truth.map(
    ({ name, revision, content }) => `${content === undefined ? 'DELETE' : 'PUT'} ${name} ${revision}`,
  );
  const begun = ids.slice(150);
  for (const watcher of live) {
    expect(watcher.connections).toBeGreaterThan(1);
    expect(changesIn(watcher.events)).toEqual(begun);
  }
  const standing = new Map(
    truth.map(({ name, revision, content }) => [name, content === undefined ? undefined : revision]),
  );
  for (const { events } of fromState) {
    const seen = new Map<string, number | undefined>();
    for (const { type, name, revision } of events.filter((event) => event.name !== '')) {
      seen.set(name, type === 'PUT' ? revision : undefined);
    }
    const there = (map: ReadonlyMap<string, number | undefined>): string[] =>
      [...map].flatMap(([name, revision]) => (revision === undefined ? [] : [`${name} ${revision}`])).toSorted();
    expect(there(seen)).toEqual(there(standing));
    expect(new Set(changesIn(events)).size).toBe(changesIn(events).length);
    // Behind the marker the changes are the history to its end, without a gap.
    const marker = events.findIndex(({ type }) => type === 'STATE_COMPLETE');
    const behind = changesIn(events.slice(marker));
    expect(behind).toEqual(ids.slice(ids.length - behind.length));
  }
  expect(watchers.flatMap(({ faults }) => faults.filter((fault) => !fault.startsWith('13151')))).toEqual([]);
  return begun.length;
}

describe(`watchers whose servers are killed under a write load, ${ROUNDS} times`, () => {
  it('end up with exactly the history on LMDB', { timeout: 180_000 }, async () => {
    expect(await changesFollowed('lmdb', join(folder, 'lmdb'))).toBeGreaterThan(CHANGES_BETWEEN_KILLS * ROUNDS);
  });

  const mongo = inject('mongo');
  it.skipIf(!('url' in mongo))('end up with exactly the history on MongoDB', { timeout: 180_000 }, async () => {
    if ('url' in mongo) {
      await using database = mongoTestDatabase(mongo.url);
      expect(await changesFollowed(database.url, join(folder, 'mongo'))).toBeGreaterThan(
        CHANGES_BETWEEN_KILLS * ROUNDS,
      );
    }
  });
});
