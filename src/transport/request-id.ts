import { randomBytes } from 'node:crypto';

/**
 * What a caller's request id may look like: visible ASCII without quotes, backslash and angle brackets, so that it can stand in a header,
 * a log line and a message as it is.
 */
const ACCEPTED = /^[!#-&(-;=?-[\]-_a-~]{1,128}$/;

/** Tells the ids of this process from those of any other. */
const PROCESS_PREFIX = randomBytes(8).toString('hex');

let made = 0;

/** The request id that a caller sent in `x-request-id`, if it is fit to be repeated, otherwise a new one. */
export function requestIdFrom(header: string | string[] | undefined): string {
  return typeof header === 'string' && ACCEPTED.test(header) ? header : newRequestId();
}

/** A request id that no other request has, in this process or another. */
export function newRequestId(): string {
  made += 1;
  return `${PROCESS_PREFIX}-${made.toString(36)}`;
}
