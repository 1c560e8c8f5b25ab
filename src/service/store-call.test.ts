import { describe, expect, it } from 'vitest';
import { StoreFaultError, StoreUnavailableError, TemplateTooLargeError } from '../domain/app-image/app-image-store.js';
import { guardStore, guardStoreSync } from './store-call.js';

describe('a call of the store', () => {
  it.each([
    [new StoreUnavailableError('away'), 'STORE_UNAVAILABLE', 'nothing is known to have changed'],
    [new StoreFaultError('broken'), 'UPDATE_FAILED', 'the log has the details'],
    [new TemplateTooLargeError('takes 17 bytes'), 'REQUEST_INVALID', 'takes 17 bytes'],
  ])('tells what a caller may know of %s', async (error, reason, words) => {
    const told = { reason, message: expect.stringContaining(words) };
    const reject = async (): Promise<never> => {
      throw error;
    };
    await expect(guardStore('UPDATE_FAILED', reject)).rejects.toMatchObject(told);
    const fail = (): never => {
      throw error;
    };
    expect(() => guardStoreSync('UPDATE_FAILED', fail)).toThrow(expect.objectContaining(told));
  });
});
