/** How long each request of a window took: every one is kept, so that percentiles are exact. */
export class Latencies {
  #values = new Float64Array(1 << 17);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  add(milliseconds: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count] = milliseconds;
    this.#count += 1;
  }

  /** Percentiles, in microseconds; 0 where there was no request. */
  percentilesUs(shares: readonly number[]): number[] {
    const sorted = this.#values.subarray(0, this.#count).toSorted();
    return shares.map((share) => (sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0) * 1000);
  }
}
