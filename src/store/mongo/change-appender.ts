import { setTimeout as sleep } from 'node:timers/promises';
import { BSON } from 'mongodb';
import { StoreUnavailableError } from '../../domain/app-image/app-image-store.js';
import type { ChangeLog } from './change-log.js';
import type { Deadline } from './deadline.js';
import type { LogTail, WatchedName } from './log-tail.js';
import { translateMongoError } from './mongo-errors.js';
import { placed, type RevisionDocument, type RevisionDraft } from './revision-document.js';

/** FerretDB 1.x goes on behind a refused document where there are more: https://github.com/FerretDB/FerretDB/blob/v1.24.0/internal/handler/msg_insert.go */
const MAX_BATCH_CHANGES = 100;
/** Below what the driver would send in two parts, of which the second could arrive alone. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
const MAX_BACKOFF_MS = 200;
/** For how long another process that has appended something is taken to have more. */
const RIVALRY_MS = 1000;

/** A change that is to be appended. */
export interface Appending {
  readonly draft: RevisionDraft;
  /** Positions of the revisions before it, the nearest first. */
  readonly earlier: readonly number[];
  /** Its name, watched since before the revision was read that it is made upon. */
  readonly watched: WatchedName;
  readonly deadline: Deadline;
}

/** A change that is in the log. */
export interface Appended {
  readonly document: RevisionDocument;
  /** Before this, on the clock of `performance.now()`, it was not. */
  readonly sentAtMs: number;
}

interface Waiting extends Appending {
  readonly bytes: number;
  /** Sent by itself, since something in its company was refused. */
  alone: boolean;
  /** When it was first sent since it was last known not to have arrived, on the clock of `performance.now()`. */
  sentAtMs: number | undefined;
  readonly resolve: (appended: Appended | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Appends the changes of this process to the log, those that arrive together in one go, and one go after the other: so it is known for each
 * that everything before it is there.
 *
 * After anything but a full success, the log is read, and shows by `write_id` what is in it. What is not is sent again. This is safe however late an
 * earlier attempt arrives: that can only put its changes where they were meant to be, in their order, and ends at the first position that is taken.
 */
export class ChangeAppender {
  readonly #log: ChangeLog;
  readonly #tail: LogTail;
  readonly #writer: string;
  /** In the order of their arrival, by `write_id`. */
  readonly #waiting = new Map<string, Waiting>();
  #running = false;
  /** Whether something was sent of which it is not known whether it arrived. */
  #uncertain = false;
  /** Whether the answer to it was that a position is taken. */
  #refused = false;
  /** When another process was last seen to have appended something, on the clock of `performance.now()`. */
  #rivalSeenAtMs = Number.NEGATIVE_INFINITY;
  /** The name of the last change that this process has appended. */
  #lastName: string | undefined;
  /** How long it takes to find out what others have appended. */
  #followMs = 0;

  constructor(log: ChangeLog, tail: LogTail, writer: string) {
    this.#log = log;
    this.#tail = tail;
    this.#writer = writer;
  }

  /**
   * Resolves when the change is durably in the log, or with `undefined` where another change of the name is, and so it is not.
   * @throws StoreUnavailableError where it may be in the log or not
   */
  async append(appending: Appending): Promise<Appended | undefined> {
    return await new Promise((resolve, reject) => {
      const bytes = BSON.calculateObjectSize(appending.draft);
      const waiting: Waiting = { ...appending, bytes, alone: false, sentAtMs: undefined, resolve, reject };
      this.#waiting.set(appending.draft.write_id, waiting);
      if (!this.#running) {
        this.#running = true;
        // What is called for in the same turn goes together.
        setImmediate(() => void this.#run());
      }
    });
  }

  /**
   * To be called before a change of a name is begun. Where this process made the last one just now, it lets others be the next, who have to find
   * that out first and so would lose every time.
   */
  async giveWay(name: string): Promise<void> {
    if (this.#lastName === name) {
      this.#lastName = undefined;
      await this.#yieldToRivals();
    }
  }

  /** To be called with each change that goes by in the log. */
  passed({ write_id, position, writer }: Pick<RevisionDocument, 'write_id' | 'position' | 'writer'>): void {
    if (writer !== this.#writer) {
      this.#rivalSeenAtMs = performance.now();
    }
    const waiting = this.#waiting.get(write_id);
    if (waiting !== undefined) {
      this.#lastName = waiting.draft.name;
      this.#waiting.delete(write_id);
      waiting.resolve({
        document: this.#place(waiting, position),
        sentAtMs: waiting.sentAtMs ?? Number.NEGATIVE_INFINITY,
      });
    }
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#waiting.size > 0; ) {
      let batch: readonly Waiting[] = [];
      const { last } = this.#tail;
      try {
        if (this.#uncertain || !this.#tail.isFresh) {
          const startedAtMs = performance.now();
          await this.#tail.follow(this.#refused);
          if (this.#refused) {
            // What is waiting still will not arrive by what was sent: the position that this was to begin with, or go on with, is another's.
            this.#forgetSending();
          }
          this.#uncertain = false;
          this.#refused = false;
          this.#followMs = performance.now() - startedAtMs;
        }
        batch = await this.#nextBatch();
        if ((await this.#send(batch)) && this.#waiting.size > 0) {
          await this.#yieldToRivals();
        }
      } catch (error) {
        this.#refuse(batch, translateMongoError(error));
      }
      // Nothing is won by asking at once where the database fails, or what took the position cannot be read yet.
      failures = this.#tail.last > last ? 0 : failures + 1;
      if (failures === 0) {
        // The log grows, so those who wait are not waiting for an outage to end.
        for (const { deadline } of this.#waiting.values()) {
          deadline.extend();
        }
      } else if (failures > 1) {
        await sleep(Math.random() * Math.min(MAX_BACKOFF_MS, 2 ** failures));
      }
    }
    this.#running = false;
  }

  /** Ends what waits; nothing more is sent. */
  close(error: StoreUnavailableError): void {
    for (const { reject } of this.#waiting.values()) {
      reject(error);
    }
    this.#waiting.clear();
  }

  #forgetSending(): void {
    for (const waiting of this.#waiting.values()) {
      waiting.sentAtMs = undefined;
    }
  }

  /** Whether all of the batch is in the log. */
  async #send(batch: readonly Waiting[]): Promise<boolean> {
    if (batch.length === 0) {
      return false;
    }
    const documents = batch.map((waiting, index) => this.#place(waiting, this.#tail.last + 1 + index));
    const sentAtMs = performance.now();
    for (const waiting of batch) {
      waiting.sentAtMs ??= sentAtMs;
    }
    this.#uncertain = true;
    if (!(await this.#log.append(documents))) {
      this.#refused = true;
      return false;
    }
    this.#uncertain = false;
    this.#tail.pass(documents);
    return true;
  }

  async #yieldToRivals(): Promise<void> {
    if (performance.now() - this.#rivalSeenAtMs < RIVALRY_MS) {
      await sleep(Math.random() * 2 * this.#followMs);
    }
  }

  /** The changes that go next: not those that another change of their name has overtaken, nor those that nobody waits for any more. */
  async #nextBatch(): Promise<readonly Waiting[]> {
    const lastPosition = await this.#log.lastOfAppend(this.#tail.last + 1);
    const most = Math.min(MAX_BATCH_CHANGES, lastPosition - this.#tail.last);
    const batch: Waiting[] = [];
    let bytes = 0;
    for (const [writeId, waiting] of this.#waiting) {
      if (waiting.watched.newest >= waiting.draft.revision) {
        this.#waiting.delete(writeId);
        waiting.resolve(undefined);
      } else if (waiting.deadline.isOver) {
        this.#waiting.delete(writeId);
        waiting.reject(new StoreUnavailableError('MongoDB did not take a change in time'));
      } else {
        bytes += waiting.bytes;
        if (batch.length > 0 && (batch.length >= most || bytes > MAX_BATCH_BYTES || waiting.alone)) {
          break;
        }
        batch.push(waiting);
        if (waiting.alone) {
          break;
        }
      }
    }
    return batch;
  }

  #refuse(batch: readonly Waiting[], error: Error): void {
    if (error instanceof StoreUnavailableError) {
      return;
    }
    const concerned = batch.length === 0 ? [...this.#waiting.values()] : batch;
    for (const waiting of concerned) {
      if (batch.length > 1) {
        waiting.alone = true;
      } else if (this.#waiting.delete(waiting.draft.write_id)) {
        waiting.reject(error);
      }
    }
  }

  #place({ draft, earlier }: Waiting, position: number): RevisionDocument {
    return placed(draft, { position, earlier, writer: this.#writer, writerSettled: this.#tail.ownSettledThrough });
  }
}
