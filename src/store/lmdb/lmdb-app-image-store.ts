import { setTimeout as delay } from 'node:timers/promises';
import { type StoredAppImage, StructuredRevision } from '../../domain/app-image/app-image.js';
import {
  type AppImageStore,
  type Decide,
  type Decision,
  type ListOptions,
  StoreFaultError,
  StoreUnavailableError,
} from '../../domain/app-image/app-image-store.js';
import { quoteValue } from '../../domain/errors.js';
import { GroupCommit } from './group-commit.js';
import { type LmdbEnvironment, openEnvironment } from './open-environment.js';
import { decodeRevision, encodeRevision, RecordCodec, type VersionedAppImageCodec } from './record.js';

export interface LmdbAppImageStoreOptions {
  /** Folder of the store; made where it is missing. Several processes may share it, but only on one machine. */
  readonly path: string;
  readonly codec: VersionedAppImageCodec;
}

/** A change rejects after this time; the port allows 5 s. */
const CHANGE_TIMEOUT_MS = 4500;

/** A name that can be a key: far longer ones than the contract's labels, far shorter ones than LMDB's limit. */
const STORABLE_NAME = /^[!-~]{1,255}$/;
const MAX_NAME_BYTES = 255;

/**
 * Opens the embedded store. A process that shares the folder with others must open it once only: LMDB tells that a process is alive
 * by a lock on a file, which the process loses when it closes any of its handles on that file.
 * @throws StoreFaultError that names the path, what is wrong with it and what would be right
 */
export async function openLmdbAppImageStore({ path, codec }: LmdbAppImageStoreOptions): Promise<AppImageStore> {
  return new LmdbAppImageStore(await openEnvironment(path), new RecordCodec(codec));
}

class LmdbAppImageStore implements AppImageStore {
  readonly kind = 'lmdb';
  readonly #environment: LmdbEnvironment;
  readonly #records: RecordCodec;
  readonly #commits: GroupCommit;
  #closing: Promise<void> | undefined;

  constructor(environment: LmdbEnvironment, records: RecordCodec) {
    this.#environment = environment;
    this.#records = records;
    this.#commits = new GroupCommit((body) => runTransaction(environment, body), CHANGE_TIMEOUT_MS);
  }

  async get(name: string): Promise<StoredAppImage | undefined> {
    return this.#read(() => this.#find(name));
  }

  async getMany(names: readonly string[]): Promise<readonly (StoredAppImage | undefined)[]> {
    return this.#read(() => names.map((name) => this.#find(name)));
  }

  async list({ after, limit }: ListOptions): Promise<readonly StoredAppImage[]> {
    return this.#read(() => {
      const page: StoredAppImage[] = [];
      // LMDB's own limit would read one record more than it hands out.
      for (const { key, value } of this.#environment.live.getRange(rangeAfter(after))) {
        page.push(this.#records.decode(key, value));
        if (page.length >= limit) {
          break;
        }
      }
      return page;
    });
  }

  async change(name: string, decide: Decide): Promise<StoredAppImage | undefined> {
    this.#assertOpen();
    return STORABLE_NAME.test(name)
      ? await this.#commits.run(() => this.#changeInTransaction(name, decide))
      : changeUnstorable(name, decide);
  }

  async ping(): Promise<void> {
    this.#read(() => this.#environment.deleted.getBinaryFast('ping'));
    if (this.#commits.stalled) {
      throw new StoreUnavailableError('a write transaction does not come to its end');
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (!(await this.#commits.settled())) {
      // Closing now would block this thread until the transaction ends.
      throw new StoreUnavailableError(
        'a write transaction does not come to its end; the store closes with the process',
      );
    }
    await this.#environment.root.close();
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) {
      throw new StoreUnavailableError('the store is closed');
    }
  }

  #read<T>(action: () => T): T {
    this.#assertOpen();
    return asStoreFault(() => {
      // lmdb-js keeps a snapshot for a turn of the event loop, but another process may have stored something since.
      this.#environment.root.resetReadTxn();
      return action();
    });
  }

  /** The record of a name in the snapshot, or in the write transaction that is being executed. */
  #find(name: string): StoredAppImage | undefined {
    if (!STORABLE_NAME.test(name)) {
      return undefined;
    }
    const reused = this.#environment.live.getBinaryFast(name);
    if (reused === undefined) {
      return undefined;
    }
    const record = Buffer.allocUnsafe(reused.length);
    record.set(reused.subarray(0, reused.length));
    return this.#records.decode(name, record);
  }

  #changeInTransaction(name: string, decide: Decide): StoredAppImage | undefined {
    const current = asStoreFault(() => this.#find(name));
    const decision = decide(current);
    if (decision.kind === 'put') {
      assertSameName(name, decision);
      return this.#put(current, decision);
    }
    if (decision.kind === 'keep') {
      return current;
    }
    if (current !== undefined) {
      asStoreFault(() => this.#remove(current));
    }
    return undefined;
  }

  /*
   * A failed write makes the whole transaction fail. Should one ever fail and let the transaction pass, then the order
   * of the two writes leaves a needless entry of a deleted template at worst, but never a revision that is used twice.
   */

  #put(current: StoredAppImage | undefined, { appImage }: Decision & { kind: 'put' }): StoredAppImage {
    const { live, deleted } = this.#environment;
    const name = appImage.name;
    const last = current === undefined ? asStoreFault(() => deleted.getBinaryFast(name)) : undefined;
    const previous = current?.revision ?? (last === undefined ? 0 : decodeRevision(last));
    const next = new StructuredRevision(this.#records.appImageCodec, previous + 1, appImage);
    const record = this.#records.encode(next);
    asStoreFault(() => {
      live.putSync(name, record);
      if (last !== undefined) {
        deleted.removeSync(name);
      }
    });
    return next;
  }

  #remove({ name, revision }: StoredAppImage): void {
    const { live, deleted } = this.#environment;
    deleted.putSync(name, encodeRevision(revision + 1));
    live.removeSync(name);
  }
}

/** Commits what `body` writes. LMDB waits for its lock and the disk on another thread; `body` runs on this one. */
async function runTransaction({ root }: LmdbEnvironment, body: () => void): Promise<void> {
  try {
    await root.transaction(body);
  } catch (error) {
    throw await commitError(error);
  }
}

/**
 * lmdb-js keeps the error of a failed commit in a promise of its own, which would end the process if nobody handled it. It
 * leaves that promise pending for two of the error codes, so the wait for it is short.
 */
async function commitError(failure: unknown): Promise<unknown> {
  return failure instanceof Error && 'commitError' in failure
    ? await Promise.race([rejectionOf(failure.commitError), delay(100, failure, { ref: false })])
    : failure;
}

async function rejectionOf(promise: unknown): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    return error;
  }
}

function changeUnstorable(name: string, decide: Decide): undefined {
  if (decide(undefined).kind === 'put') {
    throw new StoreFaultError(
      `a template cannot be stored under the name ${quoteValue(name)}: it takes 1 to 255 printable ASCII characters without blanks`,
    );
  }
}

function assertSameName(name: string, { appImage }: Decision & { kind: 'put' }): void {
  if (appImage.name !== name) {
    throw new StoreFaultError(
      `a change of template ${quoteValue(name)} put one of the name ${quoteValue(appImage.name)}; names cannot change`,
    );
  }
}

/** Where to start to see what sorts behind a name. One byte more than names have decides, however long `after` is. */
function rangeAfter(after: string): { start?: Buffer; exclusiveStart?: boolean } {
  return after === ''
    ? {}
    : { start: Buffer.from(after.slice(0, MAX_NAME_BYTES + 1)).subarray(0, MAX_NAME_BYTES + 1), exclusiveStart: true };
}

function asStoreFault<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof StoreFaultError) {
      throw cause;
    }
    throw new StoreFaultError('LMDB reported a fault; check the folder of the store and its disk', { cause });
  }
}
