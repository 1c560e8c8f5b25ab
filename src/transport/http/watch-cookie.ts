import { invalidRequest } from '../../domain/errors.js';

/*
 * A browser's EventSource can set no header, and a token in a URL would end up in histories and logs. So a page exchanges its token for a
 * cookie that scripts cannot read, that goes to the watch alone, and that no request from another site carries.
 */

const NAME = 'appimage-watch';
const MAX_AGE_SECONDS = 3600;
/** Browsers drop cookies of more than 4096 bytes with their name and attributes. */
const MAX_VALUE_LENGTH = 3800;

/**
 * The value of `Set-Cookie` that lets an event source in.
 * @throws AppImageError REQUEST_INVALID where the token does not fit into a cookie
 */
export function watchCookie(token: string, path: string): string {
  const value = encodeURIComponent(token);
  if (value.length > MAX_VALUE_LENGTH) {
    throw invalidRequest([
      {
        field: '',
        description: `the token is too long for a cookie; use one of at most ${MAX_VALUE_LENGTH} characters`,
      },
    ]);
  }
  return `${NAME}=${value}; HttpOnly; Secure; SameSite=Strict; Path=${path}; Max-Age=${MAX_AGE_SECONDS}`;
}

/** The token in a `Cookie` header; `undefined` where there is none. */
export function tokenFromCookie(header: string | undefined): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [name, value] = pair.trim().split('=', 2);
    if (name === NAME && value !== undefined) {
      try {
        return decodeURIComponent(value);
      } catch {
        return undefined;
      }
    }
  }
  return undefined;
}
