import { type Collection, type Document, MongoClient, type MongoClientOptions } from 'mongodb';
import type { MarkerDocument } from './history-markers.js';
import { invalidUrl, translatingErrors } from './mongo-errors.js';
import { MONGO_TIMEOUTS } from './mongo-timeouts.js';
import type { RevisionDocument } from './revision-document.js';
import type { TagDocument } from './revision-tags.js';
import type { WriteClaimDocument } from './write-claims.js';

const DEFAULT_DATABASE = 'appimage';
const APP_IMAGES = 'app_images';
const CHANGES = 'app_image_changes';
/** Collections that the newest revisions are spread over, on a server that reads through a whole collection for each query. */
const FERRET_DB_PARTS = 32;

/** Int64 as bigint, or the driver rounds it to a double. */
export const EXACT = { useBigInt64: true } as const;

/**
 * What a URL must not weaken is set on each collection: the driver lets `journal` and `readConcernLevel` of a URL win over the
 * client's options.
 */
const DURABLE = {
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: MONGO_TIMEOUTS.writeConcernMs },
  readConcern: { level: 'majority' },
  readPreference: 'primary',
} as const;

const CLIENT_OPTIONS = {
  appName: 'appimage-service',
  connectTimeoutMS: MONGO_TIMEOUTS.connectMs,
  heartbeatFrequencyMS: MONGO_TIMEOUTS.heartbeatMs,
  serverSelectionTimeoutMS: MONGO_TIMEOUTS.serverSelectionMs,
  waitQueueTimeoutMS: MONGO_TIMEOUTS.waitQueueMs,
  socketTimeoutMS: MONGO_TIMEOUTS.socketMs,
  // Writes are repeated by us, who recognise our own and so need nothing of the server; not all have this.
  retryWrites: false,
  retryReads: true,
} as const satisfies MongoClientOptions;

export interface MongoDatabaseOptions extends Pick<MongoClientOptions, 'monitorCommands'> {
  /** Whether the newest revisions may be spread over several collections where that is faster; so they are by default. */
  readonly allowsParts?: boolean;
}

/** The connections to one database and its collections. */
export class MongoDatabase implements AsyncDisposable {
  readonly tags: Collection<TagDocument>;
  readonly markers: Collection<MarkerDocument>;
  readonly claims: Collection<WriteClaimDocument>;
  readonly #client: MongoClient;
  readonly #name: string;
  readonly #allowsParts: boolean;
  #connecting: Promise<unknown> | undefined;
  #isFerretDb1: Promise<boolean> | undefined;

  /**
   * Checks the URL, but connects only when it is first used.
   * @throws StoreFaultError where the URL is not valid; the message repeats no password
   */
  constructor(url: string, { allowsParts = true, ...options }: MongoDatabaseOptions = {}) {
    try {
      this.#client = new MongoClient(url, { ...options, ...CLIENT_OPTIONS });
    } catch (error) {
      throw invalidUrl(url, error);
    }
    this.#name = databaseOf(url);
    this.#allowsParts = allowsParts;
    const database = this.#client.db(this.#name);
    this.tags = database.collection('app_image_tags', DURABLE);
    this.markers = database.collection('app_image_markers', DURABLE);
    this.claims = database.collection('app_image_claims', DURABLE);
  }

  /** Where the newest revision of a name is, `_id` being the name: a view of the changes. */
  async appImagesWith(name: string): Promise<Collection<RevisionDocument>> {
    if (!(await this.#hasParts())) {
      return this.#revisions(APP_IMAGES);
    }
    let hash = 0;
    for (let index = 0; index < name.length; index += 1) {
      hash = (Math.imul(hash, 31) + name.charCodeAt(index)) >>> 0;
    }
    return this.#revisions(`${APP_IMAGES}_${hash % FERRET_DB_PARTS}`);
  }

  /** Where the newest revisions of all names are. */
  async allAppImages(): Promise<readonly Collection<RevisionDocument>[]> {
    return (await this.#hasParts())
      ? Array.from({ length: FERRET_DB_PARTS }, (_, part) => this.#revisions(`${APP_IMAGES}_${part}`))
      : [this.#revisions(APP_IMAGES)];
  }

  /** A part of the log of all changes; its one part, where `segment` is `undefined`. */
  changes(segment: number | undefined): Collection<RevisionDocument> {
    return this.#revisions(segment === undefined ? CHANGES : `${CHANGES}_${segment}`);
  }

  /** For events of the driver, such as its command monitoring. */
  get client(): MongoClient {
    return this.#client;
  }

  /** Resolves once there is a connection; from then on the driver finds its way back by itself. */
  async connected(): Promise<void> {
    // Left to itself, the driver connects with the first operation, and where that fails, never again: all that follow are told
    // that the topology is closed. An explicit connect starts afresh.
    this.#connecting ??= translatingErrors(() => this.#client.connect());
    try {
      await this.#connecting;
    } catch (error) {
      this.#connecting = undefined;
      throw error;
    }
  }

  /** Resolves when a server that takes writes has answered. */
  async ping(): Promise<void> {
    await this.#command({ ping: 1 });
  }

  /**
   * Whether the server is version 1 of FerretDB, which differs in two ways from those that this store was made for:
   *
   * - an update reads, compares and then writes by `_id` alone, so that of two replacements of one revision both succeed
   *   (https://github.com/FerretDB/FerretDB/blob/v1.24.0/internal/handler/msg_update.go);
   * - with SQLite, every query reads through the whole collection, and only one for a single textual `_id` without decoding it all
   *   (https://github.com/FerretDB/FerretDB/blob/v1.24.0/internal/backends/sqlite/collection.go).
   */
  async isFerretDb1(): Promise<boolean> {
    this.#isFerretDb1 ??= this.#command({ buildInfo: 1 }).then(
      // Only version 1 reports itself by this field.
      (buildInfo) => buildInfo['ferretdbVersion'] !== undefined,
    );
    try {
      return await this.#isFerretDb1;
    } catch (error) {
      this.#isFerretDb1 = undefined;
      throw error;
    }
  }

  async #hasParts(): Promise<boolean> {
    return this.#allowsParts && (await this.isFerretDb1());
  }

  #revisions(name: string): Collection<RevisionDocument> {
    return this.#client.db(this.#name).collection(name, DURABLE);
  }

  async #command(command: Document): Promise<Document> {
    return await translatingErrors(() => this.#client.db(this.#name).command(command));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await translatingErrors(() => this.#client.close());
  }
}

/** The database that a URL names. The hosts of a MongoDB URL may be several, which WHATWG URLs cannot be. */
function databaseOf(url: string): string {
  const named = /^[^:]+:\/\/[^/?]*\/([^?]*)/.exec(url)?.[1] ?? '';
  return named === '' ? DEFAULT_DATABASE : decodeURIComponent(named);
}
