import type { Authenticator } from './authenticator.js';
import type { Principal } from './principal.js';
import { takeFrom } from './token-authenticator.js';
import { TokenBucket } from './token-bucket.js';
import { ANONYMOUS_NAME } from './token-files.js';

/** Lets everybody do everything: for NOTLS where no tokens are configured. */
export class AnonymousAuthenticator implements Authenticator {
  readonly #principal: Principal = { tokenName: ANONYMOUS_NAME, role: 'admin' };
  readonly #requestsPerSecond: number;
  readonly #bucket: TokenBucket | undefined;

  /** @param requestsPerSecond that all callers together may make on average; 0 for any number */
  constructor(requestsPerSecond: number) {
    this.#requestsPerSecond = requestsPerSecond;
    this.#bucket = requestsPerSecond === 0 ? undefined : new TokenBucket(requestsPerSecond, performance.now());
  }

  authenticate(): Principal {
    if (this.#bucket !== undefined) {
      takeFrom(this.#bucket, this.#principal, this.#requestsPerSecond);
    }
    return this.#principal;
  }
}
