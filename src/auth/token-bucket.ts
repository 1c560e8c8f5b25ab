/**
 * Lets a number of requests a second through on average. A second's worth of requests may come at once.
 */
export class TokenBucket {
  readonly #perMs: number;
  readonly #capacity: number;
  #level: number;
  #updatedAtMs: number;

  constructor(requestsPerSecond: number, nowMs: number) {
    this.#perMs = requestsPerSecond / 1000;
    this.#capacity = Math.max(1, requestsPerSecond);
    this.#level = this.#capacity;
    this.#updatedAtMs = nowMs;
  }

  /**
   * Asks for one request to be let through.
   * @param nowMs of a clock that never goes back
   * @returns 0 where it is, else after how many milliseconds it would be
   */
  take(nowMs: number): number {
    this.#level = Math.min(this.#capacity, this.#level + (nowMs - this.#updatedAtMs) * this.#perMs);
    this.#updatedAtMs = nowMs;
    if (this.#level >= 1) {
      this.#level -= 1;
      return 0;
    }
    return Math.ceil((1 - this.#level) / this.#perMs);
  }
}
