import { afterAll, beforeAll, describe, inject } from 'vitest';
import type { ApiClient } from '../support/api-client.js';
import { mongoTestDatabase } from '../support/mongo-test-database.js';
import { startTestApp } from '../support/start-test-app.js';
import { describeAppImageApi } from './app-image-api-cases.js';
import { describeRegistryApi } from './registry-api-cases.js';

const CLIENTS = ['HTTP json', 'HTTP protobuf', 'HTTP/2 json', 'gRPC'];

/** Runs every case over every transport and encoding, on one store. */
function describeOnStore(kind: string, store: () => { url: string; dispose: () => Promise<void> }): void {
  describe(`the AppImage API on ${kind}`, () => {
    let clients: readonly ApiClient[] = [];
    let end = (): Promise<void> => Promise.resolve();

    beforeAll(async () => {
      const { url, dispose } = store();
      const app = await startTestApp({ store: url });
      clients = app.clients();
      end = async () => {
        await app[Symbol.asyncDispose]();
        await dispose();
      };
    });
    afterAll(() => end());

    for (const name of CLIENTS) {
      const connect = (): ApiClient => {
        const client = clients.find((candidate) => candidate.name === name);
        if (client === undefined) {
          throw new Error(`no client ${name}`);
        }
        return client;
      };
      describeAppImageApi(`over ${name}`, connect);
      describeRegistryApi(`and what the registry adds, over ${name}`, connect);
    }
  });
}

describeOnStore('LMDB', () => ({ url: 'lmdb', dispose: () => Promise.resolve() }));

const mongo = inject('mongo');
if ('url' in mongo) {
  describeOnStore('MongoDB', () => {
    const database = mongoTestDatabase(mongo.url);
    return { url: database.url, dispose: async () => database[Symbol.asyncDispose]() };
  });
} else {
  describe.skip(`the AppImage API on MongoDB: ${mongo.unavailable}`, () => undefined);
}
