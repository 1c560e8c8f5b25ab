import { randomBytes } from 'node:crypto';

/** What may stand in a log line, a header and gRPC metadata alike: visible ASCII, not too long. */
const SANE_REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** Tells processes and restarts apart, so that a counter is enough for the rest: random bytes for each request would cost more. */
const processPrefix = `${randomBytes(8).toString('hex')}-`;
let made = 0;

/**
 * The id under which a request is logged and answered: the caller's own (`x-request-id`) where it is 1 to 128 visible ASCII
 * characters, else a new one that no other process makes.
 */
export function requestIdFrom(value: string | undefined): string {
  if (value !== undefined && SANE_REQUEST_ID.test(value)) {
    return value;
  }
  made += 1;
  return processPrefix + made.toString(36);
}
