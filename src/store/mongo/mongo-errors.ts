import {
  MongoAPIError,
  MongoBulkWriteError,
  MongoClientClosedError,
  MongoError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoOperationTimeoutError,
  MongoServerClosedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from 'mongodb';
import { StoreFaultError, StoreUnavailableError } from '../../domain/app-image/app-image-store.js';

/** Nothing went wrong but the way to a server, or the time it took. */
const UNAVAILABLE_CLASSES = [
  MongoNetworkError,
  MongoServerSelectionError,
  MongoOperationTimeoutError,
  MongoNotConnectedError,
  MongoTopologyClosedError,
  MongoServerClosedError,
  MongoClientClosedError,
  // A write whose write concern was not met in time stands on the primary, but is not known to be durable.
  MongoWriteConcernError,
] as const;

/** The same for classes that the driver throws but does not export. */
const UNAVAILABLE_CLASS_NAMES: ReadonlySet<string> = new Set(['MongoPoolClosedError', 'MongoWaitQueueTimeoutError']);

/** Server codes of the same: another node has to take over, or the server had no time. Names as in MongoDB's error_codes.yml. */
const UNAVAILABLE_CODES: ReadonlySet<number> = new Set([
  6, // HostUnreachable
  7, // HostNotFound
  24, // LockTimeout
  50, // MaxTimeMSExpired
  64, // WriteConcernTimeout
  89, // NetworkTimeout
  91, // ShutdownInProgress
  112, // WriteConflict
  133, // FailedToSatisfyReadPreference
  134, // ReadConcernMajorityNotAvailableYet
  189, // PrimarySteppedDown
  202, // NetworkInterfaceExceededTimeLimit
  262, // ExceededTimeLimit
  462, // IngressRequestRateLimitExceeded
  9001, // SocketException
  10058, // LegacyNotPrimary
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
]);

const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;
const DUPLICATE_KEY = 11000;

/** Whether an insert was refused since its `_id` is taken. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/**
 * The one place where what the driver throws becomes an error of the port, decided by class and code. The original is kept as
 * `cause` for the log; neither ever holds a password.
 */
export function translateMongoError(error: unknown): StoreUnavailableError | StoreFaultError {
  if (error instanceof StoreUnavailableError || error instanceof StoreFaultError) {
    return error;
  }
  if (error instanceof MongoBulkWriteError && error.errorResponse instanceof Error) {
    // A bulk write wraps what kept it from its answer, and so hides the class of it.
    return translateMongoError(error.errorResponse);
  }
  const message = error instanceof Error ? error.message : String(error);
  if (isUnavailable(error)) {
    return new StoreUnavailableError(`MongoDB cannot be reached: ${message}`, { cause: error });
  }
  if (error instanceof MongoServerError && error.code === AUTHENTICATION_FAILED) {
    return new StoreFaultError(
      `MongoDB refused the user or the password of the store's URL, or its authMechanism: ${message}`,
      { cause: error },
    );
  }
  if (error instanceof MongoServerError && error.code === UNAUTHORIZED) {
    return new StoreFaultError(
      `the user of the store's URL lacks a right; it needs the role readWrite on the database: ${message}`,
      { cause: error },
    );
  }
  return new StoreFaultError(`MongoDB answered with a fault: ${message}`, { cause: error });
}

/** Runs calls of the driver, so that none of its errors comes through bare. */
export async function translatingErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translateMongoError(error);
  }
}

/**
 * What was wrong with a URL that the driver did not take. Its own words are passed on only where they repeat nothing that may be a
 * secret, since a mistyped URL can show a password anywhere in them.
 */
export function invalidUrl(url: string, error: unknown): StoreFaultError {
  const reason = error instanceof Error ? error.message : '';
  const authority = /^[^:]*:\/\/([^?]*)/.exec(url)?.[1] ?? url;
  const userInfo = authority.includes('@') ? authority.slice(0, authority.lastIndexOf('@')) : authority;
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : '';
  const secrets = [
    ...userInfo.split(/[:/?#@]/),
    ...query.split('&').map((parameter) => parameter.slice(parameter.indexOf('=') + 1)),
  ].filter((part) => part !== '');
  const shown = secrets.some((secret) => reason.toLowerCase().includes(secret.toLowerCase())) ? '' : `: ${reason}`;
  return new StoreFaultError(
    `the store's MongoDB URL is not valid${shown}; it looks like mongodb://user:password@host:27017/database, ` +
      'with special characters of user and password percent-encoded',
  );
}

function isUnavailable(error: unknown): boolean {
  if (UNAVAILABLE_CLASSES.some((unavailable) => error instanceof unavailable)) {
    return true;
  }
  if (error instanceof MongoServerError) {
    return typeof error.code === 'number' && UNAVAILABLE_CODES.has(error.code);
  }
  if (error instanceof MongoError) {
    return !(error instanceof MongoAPIError) && UNAVAILABLE_CLASS_NAMES.has(error.name);
  }
  // The look-up of mongodb+srv:// names fails with bare errors of node:dns.
  return error instanceof Error && 'syscall' in error;
}
