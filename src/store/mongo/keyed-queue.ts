/** Runs tasks of the same key one after the other, in the order of the calls; tasks of different keys do not wait for each other. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Keys that have a task running or waiting. */
  get size(): number {
    return this.#tails.size;
  }

  /** Settles as the task does, once its turn has come. A failed task does not hold up the ones behind it. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const turn = this.#tails.get(key);
    const result = turn === undefined ? task() : turn.then(task);
    const tail = settled(result);
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) {
        this.#tails.delete(key);
      }
    }
  }
}

async function settled(result: Promise<unknown>): Promise<void> {
  try {
    await result;
  } catch {
    // Whoever called for the task gets its failure.
  }
}
