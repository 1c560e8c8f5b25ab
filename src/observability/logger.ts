import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type DestinationStream,
  destination,
  type LevelWithSilent,
  type LogFn,
  type Logger,
  pino,
  symbols,
} from 'pino';
import { MASK, maskSecretFields, maskUrlSecrets } from './mask-secrets.js';
import { NonBlockingPipe } from './non-blocking-pipe.js';
import { isPlainText, plainFields } from './plain-fields.js';
import { serialiseError } from './serialise-error.js';

/** How the log is written. */
export interface LogOptions {
  readonly level: LevelWithSilent;
  /** File descriptor that lines are written to; standard output by default. It is not closed. */
  readonly fd?: number;
}

const STDOUT = 1;
/** What is kept for a reader that does not read; further lines are dropped, since a log must not fill the memory. */
const MOST_UNWRITTEN_BYTES = 16 * 1024 * 1024;
/** Lines of one turn of the event loop are written together, up to about this many characters. */
const GATHERED_CHARACTERS = 32 * 1024;
/** How long closing waits for a reader that does not read. */
const CLOSE_TIMEOUT_MS = 2000;

/** Formatters do not see the bindings of child loggers, but serialisers do: https://github.com/pinojs/pino/blob/v10.4.0/lib/proto.js */
const BINDING_MASKS = Object.fromEntries(
  ['token', 'authorization', 'password', 'secret'].map((name) => [name, () => MASK]),
);

/** Callers choose custom headers: this many, of this length, are enough to tell who it was. */
const MOST_CUSTOM_HEADERS = 32;
const LONGEST_CUSTOM_HEADER = 256;

/**
 * The log: one JSON object a line, with the level as a word and the time as RFC 3339. Writing does not block the caller; disposing
 * writes out what is left. Values of fields such as `token` or `authorization` and passwords in URLs are masked.
 */
export class ServiceLog implements AsyncDisposable {
  readonly logger: Logger;
  readonly #fd: number;
  readonly #pipe: NonBlockingPipe | undefined;
  /** For what is no pipe, or has no room: a thread waits until it has been written. */
  readonly #destination: ReturnType<typeof destination>;
  #destinationHasRest = false;
  readonly #onExit = (): void => this.flushSync();
  #gathered = '';
  #handOver: NodeJS.Immediate | undefined;
  #closed = false;

  constructor({ level, fd = STDOUT }: LogOptions) {
    this.#fd = fd;
    this.#pipe = NonBlockingPipe.into(fd);
    // Without `dest`, pino looks at `process.stdout`, which makes the descriptor one that does not wait: then a full one is tried ten times a
    // second, and lines are dropped though they are read.
    this.#destination = destination({
      dest: String(fd),
      sync: false,
      minLength: 0,
      maxLength: MOST_UNWRITTEN_BYTES,
    });
    this.#destination.on('drain', () => {
      this.#destinationHasRest = false;
    });
    this.logger = createLogger(level, { write: (line) => this.#write(line) });
    process.once('exit', this.#onExit);
  }

  /**
   * Writes out what is left, at once, blocking: for the last words before the process ends because of a fault. They may come before a
   * line whose writing has begun; the exit of the process waits for that one.
   */
  flushSync(): void {
    if (!this.#closed) {
      this.#handOverGathered();
      this.#destination.flushSync();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) {
      return;
    }
    this.#handOverGathered();
    this.#closed = true;
    process.off('exit', this.#onExit);
    this.#pipe?.close();
    const written = new Promise<void>((resolve) => {
      this.#destination.once('finish', resolve);
      this.#destination.once('close', resolve);
    });
    this.#destination.end();
    const timeout = new AbortController();
    // A reader that has gone away must not keep the process from ending.
    await Promise.race([
      written,
      delay(CLOSE_TIMEOUT_MS, undefined, { signal: timeout.signal }).catch(() => undefined),
    ]);
    timeout.abort();
  }

  #write(line: string): void {
    if (this.#closed) {
      // A line that comes after the end is rare, and matters the more.
      writeSync(this.#fd, line);
      return;
    }
    // Changes that shared a transaction end in one turn; a write for the first of their lines alone would cost as much as one for all.
    this.#gathered += line;
    if (this.#gathered.length >= GATHERED_CHARACTERS) {
      this.#handOverGathered();
    } else {
      this.#handOver ??= setImmediate(() => this.#handOverGathered());
    }
  }

  #handOverGathered(): void {
    clearImmediate(this.#handOver);
    this.#handOver = undefined;
    if (this.#gathered !== '') {
      const lines = this.#gathered;
      this.#gathered = '';
      // What is written must not overtake what waits.
      const rest = this.#pipe === undefined || this.#destinationHasRest ? lines : this.#pipe.write(lines);
      if (rest !== '') {
        this.#destinationHasRest = true;
        this.#destination.write(rest);
      }
    }
  }
}

/** A logger that writes its lines to any stream, with the same form and masking as {@link ServiceLog}. */
export function createLogger(level: LevelWithSilent, stream: DestinationStream): Logger {
  const logger: Logger = pino(
    {
      level,
      timestamp: timeField,
      // One for a field that may be plain must be known to `plainFields`.
      serializers: {
        err: (error: unknown) => serialiseError(error),
        customHeaders: cutCustomHeaders,
        ...BINDING_MASKS,
      },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => maskSecretFields(fields),
      },
      hooks: {
        logMethod(args, method, levelNumber) {
          // A child may have a form of its own.
          const line = this === logger ? plainLine(logger, args, levelNumber) : undefined;
          if (line === undefined) {
            method.apply(this, args);
          } else {
            stream.write(line);
          }
        },
      },
    },
    { write: (line: string): void => stream.write(maskUrlSecrets(line)) },
  );
  return logger;
}

/** The line that pino would make of fields and a message, where it is {@link plainFields plain}. */
function plainLine(logger: Logger, args: Readonly<Parameters<LogFn>>, level: number): string | undefined {
  const [fields, message] = args;
  if (args.length !== 2 || typeof fields !== 'object' || fields === null || typeof message !== 'string') {
    return undefined;
  }
  const label = pino.levels.labels[level];
  // What pino has ready of the process and the machine; its types leave it out.
  const bindings = (logger as unknown as Readonly<Record<symbol, string>>)[symbols.chindingsSym];
  const text = plainFields(fields);
  return label === undefined || bindings === undefined || text === undefined || !isPlainText(message)
    ? undefined
    : `{"level":"${label}"${timeField()}${bindings}${text},"msg":"${message}"}\n`;
}

let timeOfField = Number.NaN;
let lastTimeField = '';

/** The time as it stands in a line. Lines come in groups, so the text of the one before is often right. */
function timeField(): string {
  const now = Date.now();
  if (now !== timeOfField) {
    timeOfField = now;
    lastTimeField = `,"time":"${new Date(now).toISOString()}"`;
  }
  return lastTimeField;
}

function cutCustomHeaders(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) {
    return headers;
  }
  const entries: [string, unknown][] = Object.entries(headers);
  if (entries.length === 0) {
    return headers;
  }
  return Object.fromEntries(
    entries.slice(0, MOST_CUSTOM_HEADERS).map(([name, value]) => [cut(name), cut(String(value))]),
  );
}

function cut(text: string): string {
  return text.length <= LONGEST_CUSTOM_HEADER ? text : `${text.slice(0, LONGEST_CUSTOM_HEADER).toWellFormed()}...`;
}
