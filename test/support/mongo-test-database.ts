import { randomBytes } from 'node:crypto';
import { MongoClient } from 'mongodb';

/** A database of a test's own, dropped when disposed of. */
export interface MongoTestDatabase extends AsyncDisposable {
  readonly url: string;
}

/** Names a database that nobody else uses. MongoDB makes it with the first write. */
export function mongoTestDatabase(serverUrl: string): MongoTestDatabase {
  const url = withDatabase(serverUrl, `appimage-test-${randomBytes(6).toString('hex')}`);
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await using client = new MongoClient(url);
      await client.db().dropDatabase();
    },
  };
}

/** The same URL with another database. Users are looked up where the URL looked them up before. */
function withDatabase(url: string, database: string): string {
  const parts = /^(?<server>[^:]+:\/\/[^/?]*)(?:\/(?<database>[^?]*))?(?:\?(?<query>.*))?$/.exec(url)?.groups;
  if (parts === undefined) {
    throw new Error('MONGODB_URI is no URL of the form mongodb://host:port/database');
  }
  const query = new URLSearchParams(parts['query'] ?? '');
  if (!query.has('authSource') && parts['server']?.includes('@') === true && parts['database']) {
    query.set('authSource', parts['database']);
  }
  const search = query.size === 0 ? '' : `?${query.toString()}`;
  return `${parts['server']}/${database}${search}`;
}
