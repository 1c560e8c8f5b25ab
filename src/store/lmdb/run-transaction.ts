import { setTimeout as delay } from 'node:timers/promises';
import type { LmdbEnvironment } from './open-environment.js';

/** Commits what `body` writes. LMDB waits for its lock and the disk on another thread; `body` runs on this one. */
export async function runTransaction({ root }: LmdbEnvironment, body: () => void): Promise<void> {
  try {
    await root.transaction(body);
  } catch (error) {
    throw await commitError(error);
  }
}

/**
 * lmdb-js keeps the error of a failed commit in a promise of its own, which would end the process if nobody handled it. It
 * leaves that promise pending for two of the error codes, so the wait for it is short.
 */
async function commitError(failure: unknown): Promise<unknown> {
  return failure instanceof Error && 'commitError' in failure
    ? await Promise.race([rejectionOf(failure.commitError), delay(100, failure, { ref: false })])
    : failure;
}

async function rejectionOf(promise: unknown): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}
