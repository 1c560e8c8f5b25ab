import type { LoadDriver } from './load-driver.js';

/**
 * Keeps the generator's thread looking for answers instead of sleeping, and tells how much of the time it found any. Without this, a
 * server would pay for waking the generator's core, which costs more on a virtual machine than a whole request, and would pay the
 * more the slower it is.
 */
export class BusyPoll {
  readonly #driver: LoadDriver;
  readonly #startedAt = performance.now();
  #turnAt = this.#startedAt;
  #arrivals: number;
  #idleMs = 0;
  #ended = false;

  constructor(driver: LoadDriver) {
    this.#driver = driver;
    this.#arrivals = driver.arrivals;
    setImmediate(this.#turn);
  }

  /** @returns for how long there was something to do, in milliseconds: turns of the event loop in which data had arrived */
  end(): number {
    this.#ended = true;
    return performance.now() - this.#startedAt - this.#idleMs;
  }

  readonly #turn = (): void => {
    if (this.#ended) {
      return;
    }
    const now = performance.now();
    const { arrivals } = this.#driver;
    if (arrivals === this.#arrivals) {
      this.#idleMs += now - this.#turnAt;
    }
    this.#arrivals = arrivals;
    this.#turnAt = now;
    setImmediate(this.#turn);
  };
}
