/**
 * The SHA-256 of one token, so that the next request with it need not compute that. It tells nothing of whether the token is still in force,
 * which is looked up by the digest each time.
 */
export class RememberedDigest {
  #token = '';
  #digest = '';

  /** The digest of a token if that is the one remembered. It takes as long for any other token of the same length. */
  of(token: string): string | undefined {
    return sameInConstantTime(token, this.#token) ? this.#digest : undefined;
  }

  /** Remembers this token in place of the last. */
  remember(token: string, digest: string): void {
    this.#token = token;
    this.#digest = digest;
  }

  forget(): void {
    this.remember('', '');
  }
}

/** Goes on after a difference, since how early it stopped would tell a caller how far a guess is right. */
function sameInConstantTime(one: string, other: string): boolean {
  if (one.length !== other.length || one === '') {
    return false;
  }
  let difference = 0;
  for (let index = 0; index < one.length; index += 1) {
    difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  }
  return difference === 0;
}
