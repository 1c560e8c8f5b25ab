import { CallError } from './template-errors.js';

const BYTES_PER_STEP = 64;

/** Counts the work of one rendering, and ends it at the limit. */
export class StepCounter {
  readonly #limit: number;
  #left: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#left = limit;
  }

  /** Throws CallError (`limit`) when nothing is left. */
  take(steps = 1): void {
    this.#left -= steps;
    if (this.#left < 0) throw new CallError(`rendering takes more than the limit of ${this.#limit} steps`, 'limit');
  }

  /** Takes a step for every 64 bytes read or built. */
  takeBytes(bytes: number): void {
    this.take(Math.ceil(bytes / BYTES_PER_STEP));
  }
}
