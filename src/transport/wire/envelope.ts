import type { AppImageError } from '../../domain/errors.js';
import type { Encoding } from './method.js';

/** Placeholder until the codec lands in the next commits. */
export function encodeFailure(_error: AppImageError, _encoding: Encoding): Uint8Array {
  return new Uint8Array();
}
