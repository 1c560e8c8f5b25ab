import type { LmdbEnvironment } from './open-environment.js';
import { readPosition, UNMARKED_KEY, writePosition } from './root-positions.js';

const NOTHING = Buffer.of();

/**
 * Marks at those changes that their template's own history has let go of while the order of all changes kept them. They are the ones to look at
 * when the floor of that order passes them, so that a change need not look up which template stands behind one of long ago. Every method works
 * in the write transaction that is being executed.
 */
export class RetiredChanges {
  readonly #environment: LmdbEnvironment;

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment;
  }

  mark(position: number): void {
    this.#environment.retired.putSync(position, NOTHING);
  }

  /** The marked positions up to this one, in their order. Their marks are gone. */
  takeUpTo(position: number): readonly number[] {
    const { retired } = this.#environment;
    const positions = [...retired.getKeys({ end: position + 1 })];
    for (const each of positions) {
      retired.removeSync(each);
    }
    return positions;
  }

  /**
   * The position up to which changes may be retired without a mark, since a build that made none wrote them; 0 in a store of later ones.
   * @param last position of the newest change, which it is where nobody asked before
   */
  unmarkedTo(last: number): number {
    const known = readPosition(this.#environment, UNMARKED_KEY);
    if (known !== undefined) {
      return known;
    }
    writePosition(this.#environment, UNMARKED_KEY, last);
    return last;
  }
}
