/** Smaller answers come from Node's own pool, or are not worth the bookkeeping. */
export const SMALLEST_LENT_BYTES = 64 * 1024;
/** What is kept for answers to come, in bytes: twice the largest batch of usual templates. */
const MOST_KEPT_BYTES = 8 * 1024 * 1024;

/**
 * Memory for large answers, used again and again. New memory of that size comes from the operating system page by page, each of which is
 * cleared first and touched for the first time, and the collector, which only sees how much there is of it, goes through the whole heap
 * for it again and again: a batch of 100 templates took twice the time.
 */
export class AnswerMemory {
  /** What nobody uses, the last one given back at the end: it is the one that is still in the processor's caches. */
  readonly #free: Buffer[] = [];
  #freeBytes = 0;

  /** Memory of at least so many bytes with anything in it. */
  lend(bytes: number): Buffer {
    const index = this.#free.findLastIndex(({ length }) => length >= bytes);
    const [found] = index < 0 ? [] : this.#free.splice(index, 1);
    if (found === undefined) {
      // Powers of two, so that answers of about the same size fit into the same memory.
      return Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(Math.max(bytes, SMALLEST_LENT_BYTES))));
    }
    this.#freeBytes -= found.length;
    return found;
  }

  /** Takes back what was lent, which nobody may read any more. What never comes back is the collector's. */
  takeBack(memory: Buffer): void {
    if (this.#freeBytes + memory.length <= MOST_KEPT_BYTES) {
      this.#free.push(memory);
      this.#freeBytes += memory.length;
    }
  }
}
