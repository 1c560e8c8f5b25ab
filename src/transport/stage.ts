/** Items that take a step together at most, so that the first of thousands does not wait for the last. */
const MOST_TOGETHER = 256;

/**
 * One step on the way from requests to their answers, which all those that reach it in a turn of the event loop take together ("cohort scheduling",
 * Larus and Parkes, USENIX 2002). Taken from one request to the next, each step would drive the code of the others out of the processor's
 * nearest caches, and wait for its own to come back.
 */
export class Stage<T> {
  readonly #schedule: (run: () => void) => void;
  readonly #step: (item: T) => void;
  #waiting: T[] = [];

  /**
   * @param schedule has something run when no more items are to be expected in this turn: `setImmediate` behind what arrives,
   *   `queueMicrotask` behind what is being answered
   * @param step must not throw
   */
  constructor(schedule: (run: () => void) => void, step: (item: T) => void) {
    this.#schedule = schedule;
    this.#step = step;
  }

  /** Has an item take the step soon, behind those that came before it. */
  add(item: T): void {
    if (this.#waiting.push(item) === 1) {
      this.#schedule(this.#run);
    }
  }

  readonly #run = (): void => {
    const items = this.#waiting;
    this.#waiting = items.splice(MOST_TOGETHER);
    if (this.#waiting.length > 0) {
      this.#schedule(this.#run);
    }
    for (const item of items) {
      this.#step(item);
    }
  };
}
