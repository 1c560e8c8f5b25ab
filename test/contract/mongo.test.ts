import { MongoClient } from 'mongodb';
import { describe, inject } from 'vitest';
import type { AppImageStore } from '../../src/domain/app-image/app-image-store.js';
import { openMongoAppImageStore } from '../../src/store/mongo/mongo-app-image-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { mongoTestDatabase } from '../support/mongo-test-database.js';
import { describeAppImageStore, type OpenedStore } from './app-image-store-contract.js';

const mongo = inject('mongo');
const HISTORY = { maxRevisions: 100, maxChanges: 100_000 };
const title = 'url' in mongo ? `MongoDB (${mongo.kind})` : 'MongoDB';

describe.skipIf('unavailable' in mongo)(`the contract of the store on ${title}`, () => {
  describeAppImageStore(title, openEmpty);
});

async function openEmpty(): Promise<OpenedStore> {
  const database = mongoTestDatabase('url' in mongo ? mongo.url : '');
  const opened: AppImageStore[] = [];
  const open = async (): Promise<AppImageStore> => {
    const store = await openMongoAppImageStore({ url: database.url, codec: appImageCodec, history: HISTORY });
    opened.push(store);
    return store;
  };
  return {
    store: await open(),
    second: open,
    damage: async (name) => {
      await using client = new MongoClient(database.url);
      const documents = client.db().collection<{ _id: string }>('app_images');
      await documents.replaceOne({ _id: name }, { deleted: false, image: 'not a document' }, { upsert: true });
    },
    cleanUp: async () => {
      await Promise.all(opened.map((store) => store[Symbol.asyncDispose]()));
      await database[Symbol.asyncDispose]();
    },
  };
}
