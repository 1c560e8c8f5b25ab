/** The operations of the store port. */
export const STORE_OPERATIONS = [
  'get',
  'getMany',
  'list',
  'change',
  'getRevision',
  'listRevisions',
  'getTag',
  'changeTag',
  'readChanges',
  'lastPosition',
  'listedThrough',
  'ping',
] as const;
export type StoreOperation = (typeof STORE_OPERATIONS)[number];

/**
 * How an operation ended: `refused` is a change that its decision turned down (the template is missing, say), which is no fault of the
 * store; `unavailable` is the error of the port by that name, and `fault` any other.
 */
export const STORE_OUTCOMES = ['ok', 'refused', 'unavailable', 'fault'] as const;
export type StoreOutcome = (typeof STORE_OUTCOMES)[number];

/** What is reported of every operation of a store. Called on the hot path: an implementation only counts. */
export interface StoreMetrics {
  storeOperationFinished(operation: StoreOperation, outcome: StoreOutcome, seconds: number): void;
}
