import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

/**
 * A way into a pipe on which writing never waits for the reader, so that it needs no thread. It is opened anew, since the descriptor that a
 * process is given shares its mode with all who were given it. Linux can do that; elsewhere, or without the right to, there is none.
 */
export class NonBlockingPipe {
  #fd: number | undefined;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @param fd descriptor of anything; it stays as it is. */
  static into(fd: number): NonBlockingPipe | undefined {
    try {
      return fstatSync(fd).isFIFO()
        ? new NonBlockingPipe(openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK))
        : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Writes as much as the pipe has room for, and returns the rest. After a fault, such as a reader that went away, all is rest; so is text
   * that is not ASCII, since it might be cut in the middle of a character.
   */
  write(text: string): string {
    return this.#fd === undefined || Buffer.byteLength(text) !== text.length
      ? text
      : text.slice(this.#tryWrite(this.#fd, text));
  }

  close(): void {
    if (this.#fd !== undefined) {
      closeSync(this.#fd);
      this.#fd = undefined;
    }
  }

  /** How many bytes were written. */
  #tryWrite(fd: number, text: string): number {
    try {
      return writeSync(fd, text);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) {
        this.close();
      }
      return 0;
    }
  }
}
