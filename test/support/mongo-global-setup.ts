import type { TestProject } from 'vitest/node';
import { HOW_TO_GET_MONGO, type MongoKind, type ProvidedMongo, provideMongo } from './mongo-server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The MongoDB of this run, or why there is none. */
    mongo: { readonly url: string; readonly kind: MongoKind } | { readonly unavailable: string };
  }
}

let mongo: ProvidedMongo | undefined;

/** Starts the MongoDB of a test run. Under `CI=true` it is a failure not to have one. */
export async function setup(project: TestProject): Promise<void> {
  mongo = await provideMongo(say);
  if (mongo.unavailable === undefined) {
    project.provide('mongo', { url: mongo.url, kind: mongo.kind });
    return;
  }
  if (process.env['CI'] === 'true') {
    throw new Error(
      `the tests on MongoDB cannot run, and under CI=true they must: ${mongo.unavailable}. To have one, ${HOW_TO_GET_MONGO}.`,
    );
  }
  project.provide('mongo', { unavailable: mongo.unavailable });
}

/** Ends it, or says as the last lines of the run what was not tested. */
export async function teardown(): Promise<void> {
  if (mongo === undefined) {
    return;
  }
  if (mongo.unavailable === undefined) {
    await mongo[Symbol.asyncDispose]();
    return;
  }
  say(`The tests on MongoDB did NOT run: ${mongo.unavailable}.`);
  say(`To make them run, ${HOW_TO_GET_MONGO}.`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
