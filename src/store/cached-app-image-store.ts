import type { StoredAppImage } from '../domain/app-image/app-image.js';
import type { AppImageStore, Decide, ListOptions } from '../domain/app-image/app-image-store.js';
import type { ChangeOrigin, ChangesOptions, HistoryOptions, Revision } from '../domain/app-image/revision.js';

export interface ReadCacheOptions {
  /** How old an answer may be, in milliseconds since the store was asked. */
  readonly maxAgeMs: number;
  /** Memory for what is kept, counted by its encodings; what was asked for longest ago goes first. */
  readonly maxBytes: number;
  /** A clock in milliseconds that never goes back. */
  readonly now: () => number;
}

/** A read under way. */
interface Reading {
  readonly askedAt: number;
  /** Names of which a change was under way at some time during the read. */
  readonly changedMeanwhile: Set<string>;
}

interface CacheEntry {
  readonly stored: StoredAppImage;
  readonly askedAt: number;
  readonly bytes: number;
}

/** What a template takes besides its encodings, roughly: its objects, and its place in the map. */
const BYTES_BESIDES = 1024;

/**
 * A store whose reads by name are answered from memory while they are young enough, for databases where a read is a round trip. An answer is
 * never older than `maxAgeMs`, and never older than a change that was made through this object. Templates that are missing are not remembered, so
 * one that another process creates is found at once. Lists and history always come from the store. Disposing it disposes `store`.
 */
export function cachedStore(store: AppImageStore, options: ReadCacheOptions): AppImageStore {
  return new CachedAppImageStore(store, options);
}

class CachedAppImageStore implements AppImageStore {
  readonly kind: AppImageStore['kind'];
  readonly #store: AppImageStore;
  readonly #options: ReadCacheOptions;
  /** In the order in which they were kept, which is nearly that of their age. */
  readonly #entries = new Map<string, CacheEntry>();
  #bytes = 0;
  /** Changes under way, by name: what is read meanwhile may be out of date when it arrives. */
  readonly #changing = new Map<string, number>();
  readonly #readings = new Set<Reading>();

  constructor(store: AppImageStore, options: ReadCacheOptions) {
    this.kind = store.kind;
    this.#store = store;
    this.#options = options;
  }

  async get(name: string): Promise<StoredAppImage | undefined> {
    const cached = this.#find(name);
    if (cached !== undefined) {
      return cached;
    }
    const [stored] = await this.#readAndKeep(async () => [await this.#store.get(name)]);
    return stored;
  }

  async getMany(names: readonly string[]): Promise<readonly (StoredAppImage | undefined)[]> {
    const cached = names.map((name) => this.#find(name));
    const missing = names.filter((_, index) => cached[index] === undefined);
    if (missing.length === 0) {
      return cached;
    }
    const found = await this.#readAndKeep(() => this.#store.getMany(missing));
    let next = 0;
    return cached.map((stored) => {
      if (stored !== undefined) {
        return stored;
      }
      next += 1;
      return found[next - 1];
    });
  }

  list(options: ListOptions): Promise<readonly StoredAppImage[]> {
    return this.#store.list(options);
  }

  async change(name: string, decide: Decide, origin: ChangeOrigin): Promise<StoredAppImage | undefined> {
    this.#beginChange(name);
    try {
      return await this.#store.change(name, decide, origin);
    } finally {
      // Also where it failed: the change may have been stored all the same.
      this.#endChange(name);
    }
  }

  getRevision(name: string, revision: number): Promise<Revision | undefined> {
    return this.#store.getRevision(name, revision);
  }

  listRevisions(name: string, options: HistoryOptions): Promise<readonly Revision[]> {
    return this.#store.listRevisions(name, options);
  }

  getTag(name: string, tag: string): Promise<number | undefined> {
    return this.#store.getTag(name, tag);
  }

  changeTag(
    name: string,
    tag: string,
    decide: (current: number | undefined) => number | undefined,
  ): Promise<number | undefined> {
    return this.#store.changeTag(name, tag, decide);
  }

  readChanges(options: ChangesOptions): Promise<readonly Revision[]> {
    return this.#store.readChanges(options);
  }

  lastPosition(): Promise<number> {
    return this.#store.lastPosition();
  }

  listedThrough(): Promise<number> {
    return this.#store.listedThrough();
  }

  onChange(listener: () => void): () => void {
    return this.#store.onChange(listener);
  }

  ping(): Promise<void> {
    return this.#store.ping();
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    this.#entries.clear();
    this.#bytes = 0;
    return this.#store[Symbol.asyncDispose]();
  }

  #find(name: string): StoredAppImage | undefined {
    const entry = this.#entries.get(name);
    return entry === undefined || this.#isExpired(entry) ? undefined : entry.stored;
  }

  #isExpired({ askedAt }: CacheEntry): boolean {
    return this.#options.now() - askedAt > this.#options.maxAgeMs;
  }

  /** Reads, and keeps what was read but for names that have changed meanwhile. Its age counts from the beginning of the read. */
  async #readAndKeep(
    read: () => Promise<readonly (StoredAppImage | undefined)[]>,
  ): Promise<readonly (StoredAppImage | undefined)[]> {
    const reading: Reading = { askedAt: this.#options.now(), changedMeanwhile: new Set(this.#changing.keys()) };
    this.#readings.add(reading);
    try {
      const found = await read();
      for (const stored of found) {
        if (stored !== undefined && !reading.changedMeanwhile.has(stored.name)) {
          this.#keep(stored, reading.askedAt);
        }
      }
      return found;
    } finally {
      this.#readings.delete(reading);
    }
  }

  #keep(stored: StoredAppImage, askedAt: number): void {
    const { name, encoded } = stored;
    this.#drop(name);
    // Not under the name that was asked for, which may be cut out of the body of a request and keep the whole of it.
    const bytes = encoded.protobuf.length + encoded.json.length + BYTES_BESIDES;
    this.#entries.set(name, { stored, askedAt, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#options.maxBytes && !this.#isExpired(entry)) {
        break;
      }
      this.#drop(oldest);
    }
  }

  #drop(name: string): void {
    this.#bytes -= this.#entries.get(name)?.bytes ?? 0;
    this.#entries.delete(name);
  }

  #beginChange(name: string): void {
    this.#changing.set(name, (this.#changing.get(name) ?? 0) + 1);
    this.#drop(name);
    for (const reading of this.#readings) {
      reading.changedMeanwhile.add(name);
    }
  }

  #endChange(name: string): void {
    const others = (this.#changing.get(name) ?? 1) - 1;
    if (others === 0) {
      this.#changing.delete(name);
    } else {
      this.#changing.set(name, others);
    }
  }
}
