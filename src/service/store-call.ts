import type { StoredAppImage } from '../domain/app-image/app-image.js';
import { StoreFaultError, StoreUnavailableError, TemplateTooLargeError } from '../domain/app-image/app-image-store.js';
import { AppImageError, type ErrorName, type FieldViolation, invalidRequest, quoteValue } from '../domain/errors.js';

/**
 * Runs a store call, which rejects and does not throw; see {@link toldError}. Each change passes here: a handler costs it less than an
 * asynchronous function that waits.
 */
export function guardStore<T>(fault: ErrorName, call: () => Promise<T>): Promise<T> {
  return call().catch((error: unknown) => {
    throw toldError(fault, error);
  });
}

/** As {@link guardStore}, for a call that does not wait. */
export function guardStoreSync(fault: ErrorName, call: () => void): void {
  try {
    call();
  } catch (error) {
    throw toldError(fault, error);
  }
}

/** What a caller is told of an error of the port; `fault` names what failed where nothing better does. */
function toldError(fault: ErrorName, error: unknown): unknown {
  if (error instanceof StoreUnavailableError) {
    return new AppImageError(
      'STORE_UNAVAILABLE',
      'the database cannot be reached; nothing is known to have changed, try again',
      { cause: error },
    );
  }
  if (error instanceof TemplateTooLargeError) {
    return invalidRequest([{ field: '', description: error.message }]);
  }
  if (error instanceof StoreFaultError) {
    return new AppImageError(fault, 'the database answered with a fault; the log has the details', { cause: error });
  }
  return error;
}

/** @throws AppImageError REQUEST_INVALID with all of them, where there are any */
export function refuseFaults(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) {
    throw invalidRequest(violations);
  }
}

/** @throws AppImageError APP_IMAGE_NOT_FOUND */
export function notFound(name: string): never {
  throw new AppImageError('APP_IMAGE_NOT_FOUND', `AppImage ${quoteValue(name)} does not exist`);
}

/**
 * Holds a change against the revision that its caller expects to stand.
 * @param ifRevision 0 for a template that must not exist; `undefined` for no condition
 * @throws AppImageError REVISION_CONFLICT
 */
export function expectRevision(
  current: StoredAppImage | undefined,
  name: string,
  ifRevision: number | undefined,
): void {
  const standing = current?.revision ?? 0;
  if (ifRevision === undefined || ifRevision === standing) {
    return;
  }
  const stands = standing === 0 ? 'does not exist' : `stands at revision ${standing}`;
  const expected = ifRevision === 0 ? 'that it does not exist' : `revision ${ifRevision}`;
  throw new AppImageError(
    'REVISION_CONFLICT',
    `AppImage ${quoteValue(name)} ${stands}, and if_revision demands ${expected}; look at it again and repeat the change`,
  );
}
