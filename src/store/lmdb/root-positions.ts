import type { LmdbEnvironment } from './open-environment.js';

/** Key in the root of the position up to which changes are no longer kept; absent before the first one goes. */
export const FLOOR_KEY = 'floor';
/** Key in the root of the position up to which retired changes have no marks; absent until the first change by a build that makes them. */
export const UNMARKED_KEY = 'unmarked';

const POSITION_BYTES = 6;

/** The position under a key of the root; `undefined` where there is none. */
export function readPosition({ root }: LmdbEnvironment, key: string): number | undefined {
  return root.getBinaryFast(key)?.readUIntBE(0, POSITION_BYTES);
}

/** Keeps a position under a key of the root, in the write transaction that is being executed. */
export function writePosition({ root }: LmdbEnvironment, key: string, position: number): void {
  const bytes = Buffer.allocUnsafe(POSITION_BYTES);
  bytes.writeUIntBE(position, 0, POSITION_BYTES);
  root.putSync(key, bytes);
}
