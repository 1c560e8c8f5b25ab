import type { Principal } from './principal.js';

/** Finds a caller by its token. */
export interface Authenticator {
  /**
   * @param token the token as sent, or `undefined`
   * @throws AppImageError AUTH_FAILED, saying what is wrong with the token; RATE_LIMITED
   */
  authenticate(token: string | undefined): Principal;
}
