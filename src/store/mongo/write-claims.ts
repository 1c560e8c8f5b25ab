import type { Collection } from 'mongodb';
import { StoreFaultError, StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import { isDuplicateKey, translateMongoError } from './mongo-errors.js';

/** Someone is about to write this revision of this name. */
export interface WriteClaimDocument {
  /** Round, revision and name. */
  readonly _id: string;
}

/** How long after claiming a writer may still send its write. */
export const HOLD_MS = 2000;
/** How long others leave a claim alone that they have seen. More than {@link HOLD_MS}, or two could write at once. */
export const TAKEOVER_MS = 2500;

/**
 * Makes conditional replacements exclusive on servers where they are not atomic: before a writer replaces a revision, it inserts a claim on
 * the next one, and inserts are atomic everywhere. A claim whose writer died is passed over in a further round once it has
 * stood for {@link TAKEOVER_MS} on the clock of the one who waits, so no clocks need agree. One object serves one change.
 */
export class WriteClaims {
  readonly #claims: Collection<WriteClaimDocument>;
  readonly #name: string;
  #revision = 0;
  #round = 0;
  #seenAtMs: number | undefined;

  constructor(claims: Collection<WriteClaimDocument>, name: string) {
    this.#claims = claims;
    this.#name = name;
  }

  /**
   * Runs a write of a revision while this process alone has the claim on it; `false` where another has it.
   * `write` gets a check to call before it sends anything, which throws when the claim has been held for too long.
   */
  async run(revision: number, write: (checkHold: () => void) => Promise<boolean>): Promise<boolean> {
    if (this.#revision !== revision) {
      this.#revision = revision;
      this.#round = 0;
      this.#seenAtMs = undefined;
    }
    const claimedAtMs = performance.now();
    if (!(await this.#insert())) {
      this.#noteRefusal();
      return false;
    }
    const checkHold = () => {
      if (performance.now() - claimedAtMs > HOLD_MS) {
        throw new StoreUnavailableError('MongoDB was too slow for a conditional write');
      }
    };
    try {
      const written = await write(checkHold);
      await this.#release(claimedAtMs);
      return written;
    } catch (error) {
      // With an unknown outcome the claim stays: whatever was sent gets its time before another may write.
      if (error instanceof StoreFaultError) {
        await this.#release(claimedAtMs);
      }
      throw error;
    }
  }

  async #insert(): Promise<boolean> {
    try {
      await this.#claims.insertOne({ _id: this.#id() });
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) {
        return false;
      }
      throw translateMongoError(error);
    }
  }

  /** Gives the claim up, unless it is so old that another may be writing on it: that one is left, and harms nobody. */
  async #release(claimedAtMs: number): Promise<void> {
    if (performance.now() - claimedAtMs > HOLD_MS) {
      return;
    }
    try {
      await this.#claims.deleteOne({ _id: this.#id() });
    } catch {
      // The write is decided already, and its outcome is what the caller must get.
    }
  }

  #noteRefusal(): void {
    const nowMs = performance.now();
    this.#seenAtMs ??= nowMs;
    if (nowMs - this.#seenAtMs >= TAKEOVER_MS) {
      this.#round += 1;
      this.#seenAtMs = undefined;
    }
  }

  #id(): string {
    return `${this.#round}.${this.#revision}.${this.#name}`;
  }
}
