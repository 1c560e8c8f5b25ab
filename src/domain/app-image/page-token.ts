import { createHash } from 'node:crypto';

/**
 * A page token names the last template of the page before it. It holds no secret and refers to no state, so it works on
 * every process and never expires; its check sum tells a token of ours from one that was altered or made up.
 */
const CHECK_BYTES = 9;

/** The token of the page behind the template of this name. */
export function encodePageToken(lastName: string): string {
  return Buffer.concat([check(lastName), Buffer.from(lastName)]).toString('base64url');
}

/** The name in a token, or `undefined` where the token is not one that {@link encodePageToken} made. */
export function decodePageToken(token: string): string | undefined {
  const bytes = Buffer.from(token, 'base64url');
  const name = bytes.toString('utf8', CHECK_BYTES);
  return name !== '' && encodePageToken(name) === token ? name : undefined;
}

function check(name: string): Buffer {
  return createHash('sha256').update('appimage list page v1\0').update(name).digest().subarray(0, CHECK_BYTES);
}
