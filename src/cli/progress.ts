import type { Terminal } from './terminal.js';

const BAR_WIDTH = 30;

/** A bar on standard error that shows how far a long command is. Without a terminal it shows nothing. */
export class Progress implements Disposable {
  readonly #terminal: Terminal;
  readonly #total: number;
  readonly #enabled: boolean;
  #done = 0;

  /** @param threshold a command with fewer steps is not worth a bar */
  constructor(terminal: Terminal, total: number, threshold: number) {
    this.#terminal = terminal;
    this.#total = total;
    this.#enabled = terminal.hasMovingTalk && total >= threshold;
    this.#draw();
  }

  get isShown(): boolean {
    return this.#enabled;
  }

  advance(steps: number): void {
    this.#done += steps;
    this.#draw();
  }

  /** Writes something else, without the bar in between. */
  around(write: () => void): void {
    this.#clear();
    write();
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.#clear();
  }

  #draw(): void {
    if (this.#enabled) {
      const filled = Math.round((BAR_WIDTH * this.#done) / this.#total);
      const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
      this.#terminal.drawOver(`[${bar}] ${this.#done}/${this.#total}`);
    }
  }

  #clear(): void {
    if (this.#enabled) {
      this.#terminal.drawOver('');
    }
  }
}
