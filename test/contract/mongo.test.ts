import { describe, inject } from 'vitest';
import type { AppImageStore } from '../../src/domain/app-image/app-image-store.js';
import type { HistoryLimits } from '../../src/domain/app-image/revision.js';
import { openMongoAppImageStore } from '../../src/store/mongo/mongo-app-image-store.js';
import { MongoDatabase } from '../../src/store/mongo/mongo-database.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { mongoTestDatabase } from '../support/mongo-test-database.js';
import { describeAppImageStore, type OpenedStore } from './app-image-store-contract.js';

const mongo = inject('mongo');
const title = 'url' in mongo ? `MongoDB (${mongo.kind})` : 'MongoDB';

describe.skipIf('unavailable' in mongo)(`the contract of the store on ${title}`, () => {
  describeAppImageStore(title, openEmpty);
});

async function openEmpty(history: HistoryLimits): Promise<OpenedStore> {
  const database = mongoTestDatabase('url' in mongo ? mongo.url : '');
  const opened: AppImageStore[] = [];
  const open = async (): Promise<AppImageStore> => {
    const store = await openMongoAppImageStore({ url: database.url, codec: appImageCodec, history });
    opened.push(store);
    return store;
  };
  return {
    store: await open(),
    second: open,
    damage: async (name) => {
      await using connection = new MongoDatabase(database.url);
      const { dbName, collectionName } = await connection.appImagesWith(name);
      const documents = connection.client.db(dbName).collection<{ _id: string }>(collectionName);
      await documents.replaceOne({ _id: name }, { deleted: false, image: 'not a document' }, { upsert: true });
    },
    cleanUp: async () => {
      await Promise.all(opened.map((store) => store[Symbol.asyncDispose]()));
      await database[Symbol.asyncDispose]();
    },
  };
}
