import type { CommandStartedEvent } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { AppImage } from '../../src/domain/app-image/app-image.js';
import { type Decide, StoreFaultError } from '../../src/domain/app-image/app-image-store.js';
import { MongoAppImageStore } from '../../src/store/mongo/mongo-app-image-store.js';
import { MongoDatabase } from '../../src/store/mongo/mongo-database.js';
import { draftOf, placed, type RevisionDocument } from '../../src/store/mongo/revision-document.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { appImage } from '../support/app-image-builders.js';
import { documentedAppImage } from '../support/app-image-fixtures.js';
import { type MongoTestDatabase, mongoTestDatabase } from '../support/mongo-test-database.js';

const mongo = inject('mongo');
const HISTORY = { maxRevisions: 100, maxChanges: 100_000 };
const ORIGIN = { method: 'Test', tokenName: '', certificateSubject: '', message: '' };

describe.skipIf('unavailable' in mongo)('the MongoDB store', () => {
  const serverUrl = 'url' in mongo ? mongo.url : '';
  let own: MongoTestDatabase;
  let database: MongoDatabase;
  let store: MongoAppImageStore;
  let commands: string[];

  beforeAll(() => {
    own = mongoTestDatabase(serverUrl);
  });
  beforeEach(async () => {
    database = new MongoDatabase(own.url, { monitorCommands: true });
    // Nothing in the background, whose commands would be counted.
    store = new MongoAppImageStore(database, appImageCodec, { ...HISTORY, maintenanceIntervalMs: undefined });
    await store.ping();
    commands = [];
    database.client.on('commandStarted', ({ commandName }: CommandStartedEvent) => commands.push(commandName));
  });
  afterEach(() => store[Symbol.asyncDispose]());
  afterAll(() => own[Symbol.asyncDispose]());

  function openOther(): MongoAppImageStore {
    return new MongoAppImageStore(new MongoDatabase(own.url), appImageCodec, HISTORY);
  }

  it('answers a query in one round trip', async () => {
    await store.change('query', put('query'), ORIGIN);
    commands.length = 0;
    await store.get('query');
    expect(commands).toEqual(['find']);
  });

  it('answers a batch query of 1000 names, all there, in one round trip', async () => {
    // One collection, as on every server that uses an index.
    const single = new MongoDatabase(own.url, { monitorCommands: true, allowsParts: false });
    await using other = new MongoAppImageStore(single, appImageCodec, { ...HISTORY, maintenanceIntervalMs: undefined });
    const names = Array.from({ length: 1000 }, (_, index) => `batch-${index}`);
    const appImages = await single.appImagesWith('batch');
    await appImages.insertMany(names.map((name) => documentNamed(name)));
    await other.ping();
    single.client.on('commandStarted', ({ commandName }: CommandStartedEvent) => commands.push(commandName));
    const found = await other.getMany(names.toReversed());
    expect(found.map((entry) => entry?.name)).toEqual(names.toReversed());
    expect(commands).toEqual(['find']);
  });

  it('asks the database nothing for a batch of no names', async () => {
    await expect(store.getMany([])).resolves.toEqual([]);
    expect(commands).toEqual([]);
  });

  it('keeps keys that a document could not have as field names', async () => {
    const configTemplates = new Map([
      ['', 'empty'],
      ['$set', 'dollar'],
      ['__proto__', 'prototype'],
      ['a.b.c', 'dots'],
      ['nul\0', 'nul \0 in key and value'],
    ]);
    await store.change('keys', put('keys', { configTemplates }), ORIGIN);
    const found = await store.get('keys');
    expect([...(found?.appImage.configTemplates ?? [])]).toEqual([...configTemplates]);
  });

  it.each([2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, 0n])('keeps the int64 %s exactly', async (seconds) => {
    const probe = documentedAppImage().deployTemplates[0]?.containers[0]?.livenessProbe;
    const [deployTemplate] = documentedAppImage().deployTemplates;
    const [container] = deployTemplate?.containers ?? [];
    if (probe === undefined || deployTemplate === undefined || container === undefined) {
      throw new Error('the documented example has a liveness probe');
    }
    const livenessProbe = { ...probe, terminationGracePeriodSeconds: seconds };
    const deployTemplates = [{ ...deployTemplate, containers: [{ ...container, livenessProbe }] }];
    await store.change('int64', put('int64', { deployTemplates }), ORIGIN);
    const found = await store.get('int64');
    expect(found?.appImage.deployTemplates).toStrictEqual(deployTemplates);
  });

  it('goes on counting revisions after a delete, and shows a deleted name nowhere', async () => {
    await store.change('gone', put('gone'), ORIGIN);
    await store.change('gone', () => ({ kind: 'delete' }), ORIGIN);
    await expect(store.get('gone')).resolves.toBeUndefined();
    await expect(store.getMany(['gone'])).resolves.toEqual([undefined]);
    expect((await store.list({ after: 'gom', limit: 1000 })).map(({ name }) => name)).not.toContain('gone');
    await expect(store.change('gone', put('gone'), ORIGIN)).resolves.toMatchObject({ revision: 3 });
  });

  it('loses none of the changes that several processes make to one template at once', async () => {
    await store.change('hot', put('hot', { configTemplates: new Map() }), ORIGIN);
    const stores = Array.from({ length: 4 }, () => openOther());
    try {
      await Promise.all(
        stores.flatMap((other, process) =>
          Array.from({ length: 15 }, (_, index) =>
            other.change(
              'hot',
              (current) => {
                const configTemplates = new Map(current?.appImage.configTemplates).set(`${process}-${index}`, 'set');
                return { kind: 'put', appImage: template('hot', { configTemplates }) };
              },
              ORIGIN,
            ),
          ),
        ),
      );
    } finally {
      await Promise.all(stores.map((other) => other[Symbol.asyncDispose]()));
    }
    const found = await store.get('hot');
    expect(found?.revision).toBe(61);
    expect(found?.appImage.configTemplates.size).toBe(60);
  });

  it('lets one of several processes create a template', async () => {
    const stores = Array.from({ length: 4 }, () => openOther());
    try {
      const exists = new Error('exists');
      const outcomes = await Promise.allSettled(
        stores.map((other) =>
          other.change(
            'first',
            (current) => {
              if (current !== undefined) {
                throw exists;
              }
              return { kind: 'put', appImage: template('first') };
            },
            ORIGIN,
          ),
        ),
      );
      const refusals = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refusals.map(({ reason }) => reason as unknown)).toEqual([exists, exists, exists]);
      await expect(store.get('first')).resolves.toMatchObject({ revision: 1 });
    } finally {
      await Promise.all(stores.map((other) => other[Symbol.asyncDispose]()));
    }
  });

  it('reports a document of an unknown schema as a fault that names it, wherever it is read', async () => {
    const appImages = await database.appImagesWith('newer');
    await appImages.insertOne({ ...documentNamed('newer'), schema: 3 });
    try {
      for (const read of [
        () => store.get('newer'),
        () => store.getMany(['newer']),
        () => store.list({ after: 'newe', limit: 1 }),
        () => store.change('newer', put('newer'), ORIGIN),
      ]) {
        await expect(read()).rejects.toThrow(StoreFaultError);
        await expect(read()).rejects.toThrow(/"newer".*schema is not 2/);
      }
    } finally {
      await appImages.deleteOne({ _id: 'newer' });
    }
  });

  it.each(['x'.repeat(2000), '\ud800'])('knows no template of a name that it cannot store', async (name) => {
    await expect(store.get(name)).resolves.toBeUndefined();
    await expect(store.getMany([name, name])).resolves.toEqual([undefined, undefined]);
    await expect(store.change(name, put(name), ORIGIN)).rejects.toThrow(StoreFaultError);
  });

  it('reports a template that is too large for the database as a fault', async () => {
    const configTemplates = new Map([['big', 'x'.repeat(17 * 1024 * 1024)]]);
    await expect(store.change('big', put('big', { configTemplates }), ORIGIN)).rejects.toThrow(StoreFaultError);
    await expect(store.get('big')).resolves.toBeUndefined();
  });
});

function documentNamed(name: string): RevisionDocument {
  const content = { appImage: appImage({ name }), hash: 'sha256:' };
  const draft = draftOf({ name, revision: 1, writeId: 'w', timeMs: 0, origin: ORIGIN, content });
  return { ...placed(draft, { position: 1, earlier: [], writer: 'test', writerSettled: 0 }), _id: name };
}

function template(name: string, changes: Partial<AppImage> = {}): AppImage {
  return { ...documentedAppImage(), ...changes, name };
}

function put(name: string, changes?: Partial<AppImage>): Decide {
  return () => ({ kind: 'put', appImage: template(name, changes) });
}
