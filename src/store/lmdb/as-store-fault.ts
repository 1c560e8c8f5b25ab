import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import { HistoryExpiredError, RevisionMissingError } from '../../domain/app-image/revision.js';

/** Errors of the port, and of the stored data, pass; what LMDB reports is wrapped. */
export function asStoreFault<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (
      cause instanceof StoreFaultError ||
      cause instanceof HistoryExpiredError ||
      cause instanceof RevisionMissingError
    ) {
      throw cause;
    }
    throw new StoreFaultError('LMDB reported a fault; check the folder of the store and its disk', { cause });
  }
}
