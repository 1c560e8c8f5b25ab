import { type AppImage, type StoredAppImage, StructuredRevision } from '../../domain/app-image/app-image.js';
import { type Decide, type Decision, StoreFaultError } from '../../domain/app-image/app-image-store.js';
import type { ChangeOrigin } from '../../domain/app-image/revision.js';
import { quoteValue } from '../../domain/errors.js';
import { asStoreFault } from './as-store-fault.js';
import { encodeChange } from './change-record.js';
import type { Head } from './head.js';
import type { History } from './history.js';
import { HistoryWriter } from './history-writer.js';
import type { LmdbEnvironment } from './open-environment.js';
import { encodeTombstone, type RecordCodec, readHead } from './record.js';
import { ReusedBuffer } from './reused-buffer.js';

/**
 * Carries out decisions, inside of write transactions only. Each of them reads all that it needs before it writes, so that one that throws has
 * written nothing; a write that fails makes the whole transaction fail, since LMDB marks that as broken and refuses to commit it.
 */
export class TemplateWriter {
  readonly #environment: LmdbEnvironment;
  readonly #records: RecordCodec;
  readonly #history: History;
  readonly #writer: HistoryWriter;
  readonly #recordBuffer = new ReusedBuffer();
  readonly #changeBuffer = new ReusedBuffer();

  constructor(environment: LmdbEnvironment, records: RecordCodec, history: History) {
    this.#environment = environment;
    this.#records = records;
    this.#history = history;
    this.#writer = new HistoryWriter(history);
  }

  /** Begins a transaction. */
  begin(): void {
    asStoreFault(() => this.#writer.begin());
  }

  /** Ends a transaction. Returns whether there were changes in it. */
  end(): boolean {
    return asStoreFault(() => this.#writer.end());
  }

  change(name: string, decide: Decide, origin: ChangeOrigin): StoredAppImage | undefined {
    const record = asStoreFault(() => this.#history.heads.record(name));
    const current = record && this.#records.decode(name, record);
    const decision = decide(current);
    if (decision.kind === 'put') {
      assertSameName(name, decision);
      return record === undefined
        ? this.#create(decision.appImage, origin)
        : this.#put(readHead(name, record), decision.appImage, origin);
    }
    if (decision.kind === 'keep') {
      return current;
    }
    if (record !== undefined) {
      this.#remove(name, readHead(name, record), origin);
    }
    return undefined;
  }

  changeTag(
    name: string,
    tag: string,
    decide: (current: number | undefined) => number | undefined,
  ): number | undefined {
    const current = asStoreFault(() => this.#history.tag(name, tag));
    const next = decide(current);
    if (next !== current) {
      asStoreFault(() =>
        next === undefined ? this.#writer.removeTag(name, tag) : this.#writer.setTag(name, tag, next),
      );
    }
    return next;
  }

  #create(appImage: AppImage, origin: ChangeOrigin): StoredAppImage {
    const { name } = appImage;
    const tombstone = asStoreFault(() => this.#history.heads.tombstone(name));
    const created = this.#put(tombstone, appImage, origin);
    if (tombstone !== undefined) {
      asStoreFault(() => this.#environment.deleted.removeSync(name));
    }
    return created;
  }

  #put(previous: Head | undefined, appImage: AppImage, origin: ChangeOrigin): StoredAppImage {
    const { name } = appImage;
    const head = this.#writer.next(previous);
    const { revision, position } = head;
    const codec = this.#records.appImageCodec;
    const encoded = codec.lend(appImage);
    const record = this.#records.encode(name, encoded, head, this.#recordBuffer.take);
    const change = encodeChange(
      { name, revision, timeMs: Date.now(), origin, protobuf: encoded.protobuf },
      this.#changeBuffer.take,
    );
    asStoreFault(() => {
      this.#writer.append(name, previous, head, change);
      this.#environment.live.putSync(name, record);
    });
    return new StructuredRevision(codec, revision, position, appImage);
  }

  #remove(name: string, previous: Head, origin: ChangeOrigin): void {
    const head = this.#writer.next(previous);
    const { revision } = head;
    const change = encodeChange({ name, revision, timeMs: Date.now(), origin, protobuf: undefined });
    asStoreFault(() => {
      this.#writer.append(name, previous, head, change);
      this.#environment.deleted.putSync(name, encodeTombstone(head));
      this.#environment.live.removeSync(name);
    });
  }
}

function assertSameName(name: string, { appImage }: Decision & { kind: 'put' }): void {
  if (appImage.name !== name) {
    throw new StoreFaultError(
      `a change of template ${quoteValue(name)} put one of the name ${quoteValue(appImage.name)}; names cannot change`,
    );
  }
}
