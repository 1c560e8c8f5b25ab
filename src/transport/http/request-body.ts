import type { IncomingMessage } from 'node:http';
import { AppImageError } from '../../domain/errors.js';
import { http2Stream } from './http2-stream.js';
import { malformed } from './refusal.js';

/** The error of a body that is larger than allowed. */
export function bodyTooLarge(limitBytes: number): AppImageError {
  return new AppImageError(
    'BODY_TOO_LARGE',
    `the request body is over the limit of ${limitBytes} bytes (maxBodyBytes)`,
  );
}

/** Takes the whole body, or the error that the client is to be told. */
type BodyReceiver = (body: Uint8Array | undefined, error: Error | undefined) => void;

/**
 * The body of a request while it arrives. What comes after the limit, or after a {@link fail}, is read and dropped: a client that is cut off
 * in the middle of its body would see a broken connection instead of the answer. Calls back once: promises here and
 * around it made up a quarter of what the gateway costs.
 */
export class RequestBody {
  /** When the body began to be read, on the clock of `performance.now()`. */
  readonly startedAtMs = performance.now();
  readonly #request: IncomingMessage;
  readonly #limitBytes: number;
  #receiver: BodyReceiver | undefined;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(request: IncomingMessage, limitBytes: number, receiver: BodyReceiver) {
    this.#request = request;
    this.#limitBytes = limitBytes;
    this.#receiver = receiver;
    request.on('data', (chunk: Uint8Array) => this.#take(chunk));
    request.on('end', () => this.#finish());
    request.on('close', () => this.#breakOff());
  }

  /** Whether all of it is here, if perhaps not yet read. */
  get hasArrived(): boolean {
    return this.#request.complete;
  }

  /** Gives up on the body, unless it is complete already. */
  fail(error: Error): void {
    this.#chunks = [];
    this.#settle(undefined, error);
  }

  #take(chunk: Uint8Array): void {
    this.#length += chunk.length;
    if (this.#length > this.#limitBytes) {
      this.fail(bodyTooLarge(this.#limitBytes));
    } else if (this.#receiver !== undefined) {
      this.#chunks.push(chunk);
    }
  }

  #finish(): void {
    const stream = http2Stream(this.#request);
    if (stream?.closed === true) {
      // Over HTTP/2 a body ends as well where the client takes the request back in the middle of it.
      this.#breakOff();
      return;
    }
    const [first] = this.#chunks;
    this.#settle(first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks), undefined);
  }

  #breakOff(): void {
    if (this.#receiver !== undefined) {
      this.fail(malformed(400, `the request body broke off after ${this.#length} bytes; send it whole`));
    }
  }

  #settle(body: Uint8Array | undefined, error: Error | undefined): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.(body, error);
  }
}
