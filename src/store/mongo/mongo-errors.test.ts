import { BSON, MongoClient, MongoNetworkError, MongoServerError } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { StoreFaultError, StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import { MongoDatabase } from './mongo-database.js';
import { isDuplicateKey, translateMongoError } from './mongo-errors.js';
import { MONGO_TIMEOUTS } from './mongo-timeouts.js';

describe('translateMongoError', () => {
  it.each([
    ['a lost connection', new MongoNetworkError('closed')],
    ['a primary that stepped down', serverError(189)],
    ['a server that shuts down', serverError(91)],
    ['an operation that ran out of time', serverError(50)],
    ['a name that cannot be looked up', Object.assign(new Error('querySrv ENOTFOUND'), { syscall: 'querySrv' })],
  ])('takes %s as the store being unavailable', (_, error) => {
    const translated = translateMongoError(error);
    expect(translated).toBeInstanceOf(StoreUnavailableError);
    expect(translated.cause).toBe(error);
  });

  it.each([
    ['an unknown command', serverError(59)],
    ['refused credentials', serverError(18)],
    ['a missing right', serverError(13)],
    ['a value that BSON cannot hold', new BSON.BSONError('no')],
    ['a bug', new TypeError('undefined')],
  ])('takes %s as a fault', (_, error) => {
    expect(translateMongoError(error)).toBeInstanceOf(StoreFaultError);
  });

  it('leaves errors of the port as they are', () => {
    const error = new StoreUnavailableError('closed');
    expect(translateMongoError(error)).toBe(error);
  });

  it('tells a taken name from other faults by its code', () => {
    expect(isDuplicateKey(serverError(11000))).toBe(true);
    expect(isDuplicateKey(serverError(11001))).toBe(false);
  });
});

describe('a MongoDB URL', () => {
  it.each([
    'mongodb://user:geheim@x@host/',
    'mongodb://user:gehe/im@host/',
    'mongodb://host:geheim',
    'mongodb://geheim/x@host/',
    'mongodb://user:%geheim@host/',
    'mongodb+srv://user:geheim@host:99/',
    'mongodb://user:geheim@host/?authMechanism=geheim',
    'mongodb://user:geheim@host/?tls=geheim',
    'http://user:geheim@host/',
  ])('is refused in words that repeat no password: %s', (url) => {
    const error = catching(() => new MongoDatabase(url));
    expect(error).toBeInstanceOf(StoreFaultError);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/geheim|gehe|im@/);
    expect(String(error)).toContain('mongodb://user:password@host:27017/database');
  });

  it('is refused with the reason, where that gives nothing away', () => {
    expect(String(catching(() => new MongoDatabase('mongodb://host/?retryWites=1')))).toContain(
      'option retrywites is not supported',
    );
  });

  it.each([
    ['mongodb://h1,h2:1/', 'appimage'],
    ['mongodb://h', 'appimage'],
    ['mongodb://h/?replicaSet=x/y', 'appimage'],
    ['mongodb://u:p@h1,h2/templates?w=1', 'templates'],
  ])('names the database: %s', (url, database) => {
    expect(new MongoDatabase(url).changes(undefined).dbName).toBe(database);
  });

  it('cannot weaken what makes an acknowledged write durable and seen', () => {
    const database = new MongoDatabase(
      'mongodb://h/?w=1&journal=false&readConcernLevel=local&readPreference=secondary&retryWrites=true',
    );
    for (const collection of [database.changes(undefined), database.tags, database.markers, database.claims]) {
      expect(collection.writeConcern).toMatchObject({ w: 'majority', journal: true });
      expect(collection.readConcern).toMatchObject({ level: 'majority' });
      expect(collection.readPreference).toMatchObject({ mode: 'primary' });
    }
  });
});

describe('the timeouts', () => {
  it('are in order, within the 5 s that the port promises', () => {
    const { connectMs, serverSelectionMs, waitQueueMs, writeConcernMs, socketMs, operationMs } = MONGO_TIMEOUTS;
    expect(connectMs).toBeLessThan(serverSelectionMs);
    expect([waitQueueMs, writeConcernMs]).toEqual([serverSelectionMs, serverSelectionMs]);
    expect(serverSelectionMs).toBeLessThan(socketMs);
    expect(socketMs).toBeLessThan(operationMs);
    expect(operationMs).toBeLessThan(5000);
  });

  it('cannot be changed by the URL', () => {
    const { options } = new MongoDatabase('mongodb://h/?socketTimeoutMS=99999&serverSelectionTimeoutMS=1').client;
    expect(options.socketTimeoutMS).toBe(MONGO_TIMEOUTS.socketMs);
    expect(options.serverSelectionTimeoutMS).toBe(MONGO_TIMEOUTS.serverSelectionMs);
    expect(options.retryWrites).toBe(false);
    expect(new MongoClient('mongodb://h/').options.retryWrites).toBe(true);
  });
});

function serverError(code: number): MongoServerError {
  return new MongoServerError({ code, errmsg: 'refused' });
}

function catching(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
