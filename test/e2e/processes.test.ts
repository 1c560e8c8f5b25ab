import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type ApiClient, grpcClient, httpClient } from '../support/api-client.js';
import { mongoTestDatabase } from '../support/mongo-test-database.js';
import { ServerProcess } from '../support/server-process.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import { smallTemplate } from '../wire/app-image-api-cases.js';

let folder: string;
let certificates: TemporaryCertificates;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'appimage-processes-'));
  certificates = await TemporaryCertificates.create();
});
afterAll(async () => {
  await certificates[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function start(store: string, dataDir = join(folder, 'data'), flags: readonly string[] = []): Promise<ServerProcess> {
  return ServerProcess.start([`--certs-dir=${certificates.directory}`, `--data-dir=${dataDir}`, ...flags], {
    env: { APPIMAGE_STORE: store },
  });
}

function who() {
  const { certificate: cert, key } = certificates.client;
  return { ca: certificates.ca, cert, key, token: certificates.token };
}

/** 200 concurrent updates of one template, each setting another key, spread over three processes and both transports. */
async function updateFromAllSides(store: string): Promise<number> {
  const servers = await Promise.all([start(store), start(store), start(store)]);
  const clients: ApiClient[] = servers.flatMap((server) => [
    httpClient(server.origin, 'json', who()),
    grpcClient(server.grpcAddress, who()),
  ]);
  try {
    const clientOf = (index: number): ApiClient => {
      const client = clients[index % clients.length];
      if (client === undefined) {
        throw new Error('no clients');
      }
      return client;
    };
    await clientOf(0).call('createAppImage', smallTemplate('hot'));
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        clientOf(index).call('updateAppImage', {
          name: 'hot',
          config_templates: { [`key-${index}`]: 'x' },
          update_mask: `configTemplates.key-${index}`,
        }),
      ),
    );
    expect(replies.filter((reply) => reply.code !== 0)).toEqual([]);
    const stored = await clientOf(1).call('queryAppImage', { name: 'hot' });
    return Object.keys(stored.data?.['config_templates'] ?? {}).length;
  } finally {
    await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()));
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

describe('several processes on one store', () => {
  it('lose none of 200 concurrent updates of one template on LMDB', async () => {
    expect(await updateFromAllSides('lmdb')).toBe(200);
  });

  const mongo = inject('mongo');
  it.skipIf(!('url' in mongo))('lose none of 200 concurrent updates of one template on MongoDB', async () => {
    if ('url' in mongo) {
      await using database = mongoTestDatabase(mongo.url);
      expect(await updateFromAllSides(database.url)).toBe(200);
    }
  });
});

describe('a server that is killed', () => {
  // More rounds by hand: KILL_ROUNDS=100 npx vitest run test/e2e/processes.test.ts
  const rounds = Number(process.env['KILL_ROUNDS'] ?? 5);

  it(`under a write load keeps every acknowledged write and no half one, ${rounds} times`, async () => {
    const dataDir = join(folder, 'killed');
    const acknowledged = new Set<string>();
    for (let round = 0; round < rounds; round += 1) {
      const server = await start('lmdb', dataDir);
      const client = httpClient(server.origin, 'json', who());
      const write = async (lane: number): Promise<void> => {
        for (let index = 0; ; index += 1) {
          const name = `k-${round}-${lane}-${index}`;
          const { code } = await client.call('createAppImage', {
            ...smallTemplate(name),
            config_templates: { name, again: name },
          });
          if (code === 0) {
            acknowledged.add(name);
          }
        }
      };
      const lanes = Array.from({ length: 8 }, (_, lane) => write(lane).catch(() => undefined));
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 150));
      await server.end('SIGKILL');
      await Promise.all(lanes);
      await Promise.resolve(client[Symbol.asyncDispose]()).catch(() => undefined);
    }
    expect(acknowledged.size).toBeGreaterThan(0);

    await using server = await start('lmdb', dataDir);
    await using client = httpClient(server.origin, 'json', who());
    const found = new Set<string>();
    for (let page_token = '', more = true; more; ) {
      const page = (await client.call('listAppImage', { page_size: 1000, page_token })).data as unknown as {
        appimage_list: { name: string; config_templates: Record<string, string> }[];
        next_page_token: string;
      };
      for (const { name, config_templates } of page.appimage_list) {
        expect(config_templates).toEqual({ name, again: name });
        found.add(name);
      }
      page_token = page.next_page_token;
      more = page_token !== '';
    }
    expect([...acknowledged].filter((name) => !found.has(name))).toEqual([]);
  });
});

describe('a server that is asked to end', () => {
  it('finishes what is in flight, closes the store and exits with 0', async () => {
    const server = await start('lmdb', join(folder, 'ended'));
    const client = httpClient(server.origin, 'json', who());
    const inFlight = Promise.all(
      Array.from({ length: 50 }, (_, index) => client.call('createAppImage', smallTemplate(`e-${index}`))),
    );
    await client.call('createAppImage', smallTemplate('begun'));
    const ended = server.end('SIGTERM');
    expect((await inFlight).map(({ code }) => code)).toEqual(Array.from({ length: 50 }, () => 0));
    expect(await ended).toBe(0);
    await client[Symbol.asyncDispose]();
  });

  it('says what is wrong with its settings and exits with 64', async () => {
    await expect(start('lmdb', join(folder, 'never'), ['--log-level=loud'])).rejects.toThrow(
      /ended with 64.*"loud".*--log-level.*trace/s,
    );
  });
});
