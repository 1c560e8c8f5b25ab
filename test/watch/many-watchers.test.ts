import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WatchRequest, WatchResponse } from '../../gen/appimage/v1/registry.js';
import { type ApiClient, type ClientCredentials, grpcClient } from '../support/api-client.js';
import { ServerProcess } from '../support/server-process.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import { grpcConnection } from './watch-clients.js';

// More by hand: WATCHERS=1000 npx vitest run test/watch/many-watchers.test.ts
const WATCHERS = Number(process.env['WATCHERS'] ?? 200);
const WATCHERS_PER_CONNECTION = 100;
const CHANGES_PER_SECOND = 500;
const SECONDS = 5;
const TICKS_PER_SECOND = 50;
const TEMPLATES = 100;
/** A client that shares a connection among a hundred watches does well to raise the 64 KiB that HTTP/2 begins with. */
const WINDOW_BYTES = 8 * 1024 * 1024;

let certificates: TemporaryCertificates;
let dataDir: string;
let server: ServerProcess;
let who: ClientCredentials & { readonly token: string };

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  const { ca, client, token, directory } = certificates;
  who = { ca, cert: client.certificate, key: client.key, token };
  dataDir = await mkdtemp(join(tmpdir(), 'appimage-watchers-'));
  server = await ServerProcess.start([`--certs-dir=${directory}`, `--data-dir=${dataDir}`]);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});

/** A change as `name revision`, and when it was stored. */
interface Change {
  readonly id: string;
  readonly storedAtMs: number;
}

// All watchers get the same messages: what is to be measured is the server, and not how fast one client decodes for a thousand.
const decoded = new Map<string, readonly Change[]>();

function changesOf(message: Buffer): readonly Change[] {
  const key = hash('sha1', message);
  let changes = decoded.get(key);
  if (changes === undefined) {
    changes = WatchResponse.decode(message).events.flatMap(({ revision }) =>
      revision === undefined
        ? []
        : [{ id: `${revision.name} ${revision.revision}`, storedAtMs: revision.createTime?.getTime() ?? 0 }],
    );
    decoded.set(key, changes);
  }
  return changes;
}

class Watcher {
  readonly messages: { readonly receivedAtMs: number; readonly changes: readonly Change[] }[] = [];
  readonly begun: Promise<void>;
  received = 0;

  constructor(client: Client) {
    const metadata = new Metadata();
    metadata.set('token', who.token);
    const call = client.makeServerStreamRequest(
      '/appimage.v1.AppImageRegistryService/Watch',
      (bytes: Uint8Array) => Buffer.from(bytes),
      (bytes: Buffer) => bytes,
      WatchRequest.encode(WatchRequest.fromPartial({})).finish(),
      metadata,
    );
    call.on('error', () => undefined);
    this.begun = new Promise((resolve) => {
      call.on('data', (message: Buffer) => {
        const changes = changesOf(message);
        this.messages.push({ receivedAtMs: Date.now(), changes });
        this.received += changes.length;
        resolve();
      });
    });
  }

  get seen(): string[] {
    return this.messages.flatMap(({ changes }) => changes.map(({ id }) => id));
  }

  get delaysMs(): number[] {
    return this.messages.flatMap(({ receivedAtMs, changes }) =>
      changes.map(({ storedAtMs }) => receivedAtMs - storedAtMs),
    );
  }
}

function template(name: string, count: number): object {
  return {
    name,
    image: { name: 'app' },
    deploy_templates: [{ name: 'app', containers: [{ name: 'main' }] }],
    config_templates: { count: String(count) },
  };
}

async function change(api: ApiClient): Promise<string[]> {
  const changed: Promise<string>[] = [];
  const revisions = new Map<string, number>();
  for (let tick = 0; tick < SECONDS * TICKS_PER_SECOND; tick += 1) {
    for (let index = 0; index < CHANGES_PER_SECOND / TICKS_PER_SECOND; index += 1) {
      const name = `t-${(changed.length * 7) % TEMPLATES}`;
      const revision = (revisions.get(name) ?? 0) + 1;
      revisions.set(name, revision);
      const method = revision === 1 ? 'createAppImage' : 'updateAppImage';
      changed.push(
        api.call(method, template(name, changed.length)).then(({ code, message }) => {
          expect([code, message]).toEqual([0, 'success']);
          return `${name} ${revision}`;
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1000 / TICKS_PER_SECOND));
  }
  return await Promise.all(changed);
}

it(`${WATCHERS} watchers each see every one of ${CHANGES_PER_SECOND} changes a second, all in the same order`, {
  timeout: 180_000,
}, async () => {
  const connections = Array.from({ length: Math.ceil(WATCHERS / WATCHERS_PER_CONNECTION) }, () =>
    grpcConnection(server.grpcAddress, who, { 'grpc-node.flow_control_window': WINDOW_BYTES }),
  );
  const watchers = connections.flatMap((connection, index) =>
    Array.from(
      { length: Math.min(WATCHERS_PER_CONNECTION, WATCHERS - index * WATCHERS_PER_CONNECTION) },
      () => new Watcher(connection),
    ),
  );
  await Promise.all(watchers.map(({ begun }) => begun));
  const api = grpcClient(server.grpcAddress, who);
  const startedAt = performance.now();
  const changes = await change(api);
  const writingMs = performance.now() - startedAt;
  await expect
    .poll(() => watchers.every(({ received }) => received >= changes.length), { timeout: 60_000, interval: 50 })
    .toBe(true);

  const [first] = watchers;
  // Writers of one template overtake each other, so which of them got which number is not known; that each number was given is.
  expect((first?.seen ?? []).toSorted()).toEqual(changes.toSorted());
  const order = first?.seen.join();
  expect(watchers.filter(({ seen }) => seen.join() !== order)).toEqual([]);
  const delays = Float64Array.from(watchers.flatMap(({ delaysMs }) => delaysMs)).sort();
  const at = (share: number): number => delays[Math.floor(share * (delays.length - 1))] ?? Number.NaN;
  process.stdout.write(
    `${WATCHERS} watchers, ${Math.round((changes.length / writingMs) * 1000)} changes/s, ${delays.length} events: ` +
      `delay p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms; ${decoded.size} different messages\n`,
  );
  for (const connection of connections) {
    connection.close();
  }
  await api[Symbol.asyncDispose]();
});
