import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Certificates and token lists are far smaller; a larger file is another one by mistake. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** How often a poll looks again at files that keep changing before it leaves them to the next poll. */
const SETTLE_ATTEMPTS = 10;

/** What the files held when they were last read: the bytes, or why there are none. */
export class FileContents {
  readonly #files: ReadonlyMap<string, Buffer | Error>;

  constructor(files: ReadonlyMap<string, Buffer | Error>) {
    this.#files = files;
  }

  /** @throws Error naming the file, where it could not be read */
  get(path: string): Buffer {
    const content = this.#files.get(path);
    if (content === undefined) {
      throw new Error(`${path} is not watched`);
    }
    if (content instanceof Error) {
      throw content;
    }
    return content;
  }

  equals(other: FileContents): boolean {
    return [...this.#files].every(([path, content]) => {
      const otherContent = other.#files.get(path);
      return content instanceof Error || !(otherContent instanceof Buffer)
        ? content instanceof Error && otherContent instanceof Error && content.message === otherContent.message
        : content.equals(otherContent);
    });
  }
}

export interface WatchedFilesOptions {
  readonly paths: readonly string[];
  readonly pollIntervalMs: number;
  /** How long changed files must stay the same before they count. Default 100. */
  readonly settleMs?: number;
  /** Called once for each change, never at the same time as another one. Must not throw. */
  readonly onChange: (contents: FileContents) => void;
}

/**
 * Notices that files have other contents than before, however that came about: written in place, replaced by `mv`, or
 * swapped by a symbolic link as Kubernetes does with mounted secrets. It reads the files in an interval and compares,
 * since notifications of the operating system miss some of these and differ from system to system; a handful of small
 * files costs less than a thousandth of a core.
 */
export class WatchedFiles implements AsyncDisposable {
  readonly #options: WatchedFilesOptions;
  readonly #stopped = new AbortController();
  #contents: FileContents;
  #check: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: WatchedFilesOptions, contents: FileContents) {
    this.#options = options;
    this.#contents = contents;
    this.#schedule();
  }

  /** Reads the files and begins to watch them. A file that cannot be read is no error here: see {@link FileContents.get}. */
  static async open(options: WatchedFilesOptions): Promise<WatchedFiles> {
    return new WatchedFiles(options, await readFiles(options.paths));
  }

  /** The contents last read. */
  get contents(): FileContents {
    return this.#contents;
  }

  /** Looks at the files now instead of at the next poll, and ends when `onChange` has returned, if there was a change. */
  async checkNow(): Promise<void> {
    this.#check = this.#check.then(() => this.#compare());
    await this.#check;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    await this.#check;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      void this.checkNow().finally(() => {
        if (!this.#stopped.signal.aborted) {
          this.#schedule();
        }
      });
    }, this.#options.pollIntervalMs).unref();
  }

  async #compare(): Promise<void> {
    let read = await readFiles(this.#options.paths);
    // A certificate and its key are two files, written one after the other, and each may be read half written.
    for (let attempt = 0; !read.equals(this.#contents) && attempt < SETTLE_ATTEMPTS; attempt++) {
      await sleep(this.#options.settleMs ?? 100, undefined, { ref: false, signal: this.#stopped.signal }).catch(
        () => undefined,
      );
      if (this.#stopped.signal.aborted) {
        return;
      }
      const again = await readFiles(this.#options.paths);
      if (again.equals(read)) {
        this.#contents = read;
        this.#options.onChange(read);
        return;
      }
      read = again;
    }
  }
}

async function readFiles(paths: readonly string[]): Promise<FileContents> {
  const files = await Promise.all(paths.map(async (path) => [path, await readWatchedFile(path)] as const));
  return new FileContents(new Map(files));
}

async function readWatchedFile(path: string): Promise<Buffer | Error> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) {
      return new Error(`${path} has ${size} bytes; at most ${MAX_FILE_BYTES} are read`);
    }
    return await readFile(path);
  } catch (error) {
    return new Error(`cannot read ${path}: ${describe(error)}`, { cause: error });
  }
}

function describe(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'this user has no permission to read it';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
