import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MongoClient } from 'mongodb';
import { buildFerretDb, type RunningServer, startFerretDb } from './ferretdb.js';

const START_TIMEOUT_MS = 20_000;

/** Where the server of the tests comes from. */
export type MongoKind = 'uri' | 'mongod' | 'ferretdb';

/** A server for the tests, or why there is none. */
export type ProvidedMongo =
  | (RunningServer & { readonly kind: MongoKind; readonly unavailable?: undefined })
  | { readonly unavailable: string };

/** How to make the tests on MongoDB run where they did not. */
export const HOW_TO_GET_MONGO =
  'set MONGODB_URI, put mongod on the PATH, or install Go (https://go.dev/dl/), with which FerretDB is built';

/**
 * Provides a real server that speaks MongoDB's protocol: the one of `MONGODB_URI`, else a `mongod` of the PATH, else FerretDB, built with
 * Go. Whoever calls this ends it.
 */
export async function provideMongo(progress: (line: string) => void): Promise<ProvidedMongo> {
  const url = process.env['MONGODB_URI'];
  if (url !== undefined && url !== '') {
    return { kind: 'uri', url, [Symbol.asyncDispose]: async () => {} };
  }
  if (await runs('mongod', '--version')) {
    return { ...(await startMongod()), kind: 'mongod' };
  }
  if (!(await runs('go', 'version'))) {
    return { unavailable: 'MONGODB_URI is not set, and neither mongod nor go is on the PATH' };
  }
  try {
    return { ...(await startFerretDb(await buildFerretDb(progress))), kind: 'ferretdb' };
  } catch (error) {
    return {
      unavailable: `FerretDB could not be built or started: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

async function runs(program: string, argument: string): Promise<boolean> {
  try {
    await promisify(execFile)(program, [argument]);
    return true;
  } catch {
    return false;
  }
}

async function startMongod(): Promise<RunningServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'appimage-mongod-'));
  const port = await freePort();
  const server = spawn(
    'mongod',
    ['--dbpath', dataDir, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket', '--quiet'],
    { stdio: 'ignore' },
  );
  const exited = once(server, 'exit');
  const stop = async () => {
    server.kill('SIGTERM');
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  };
  const url = `mongodb://127.0.0.1:${port}/`;
  try {
    await using client = new MongoClient(url, { serverSelectionTimeoutMS: START_TIMEOUT_MS });
    await Promise.race([
      client.connect(),
      exited.then(([code]) => Promise.reject(new Error(`mongod ended with code ${code}`))),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
