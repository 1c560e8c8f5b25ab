import type { TLSSocket } from 'node:tls';
import type { LoadConnection, LoadDriver } from './load-driver.js';
import type { LoadCredentials } from './load-job.js';
import { fillIn, type RequestBody } from './request-source.js';
import { openTls } from './tls-connection.js';

const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *([0-9]+)\r\n/i;
const SUCCESS = 'HTTP/1.1 200 ';

interface EncodedRequest {
  readonly body: RequestBody;
  readonly bytes: Buffer;
  readonly bodyAt: number;
}

/** A keep-alive connection with one request in flight, whose HTTP/1.1 is written and read by hand. */
export class Http1Connection implements LoadConnection {
  readonly #driver: LoadDriver;
  readonly #requests: readonly EncodedRequest[];
  #socket: TLSSocket | undefined;
  #sentAt = 0;
  #inFlight = false;
  #closing = false;
  /** Bytes of the answer's head, where it did not come at once. */
  #head: Buffer | undefined;
  /** Bytes of the answer's body that are still to come. */
  #bodyLeft = 0;
  #sample: Buffer[] | undefined;
  #onIdle: (() => void) | undefined;

  private constructor(driver: LoadDriver, credentials: LoadCredentials) {
    this.#driver = driver;
    this.#requests = driver.source.bodies.map((body) => encodeRequest(body, credentials.token));
  }

  static async open(port: number, credentials: LoadCredentials, driver: LoadDriver): Promise<Http1Connection> {
    const connection = new Http1Connection(driver, credentials);
    connection.#socket = await openTls(
      port,
      credentials,
      'http/1.1',
      (bytes) => {
        driver.arrivals += 1;
        connection.#receive(bytes);
      },
      (error) => connection.#failed(error),
    );
    return connection;
  }

  begin(): void {
    const request = this.#requests[this.#driver.source.next()];
    if (request === undefined) {
      throw new Error('the workload has no such request');
    }
    this.#inFlight = true;
    const bytes = fillIn(request.bytes, request.bodyAt, request.body, this.#driver.source);
    this.#sentAt = performance.now();
    this.#socket?.write(bytes);
  }

  async idle(): Promise<void> {
    if (this.#inFlight) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
  }

  close(): void {
    this.#closing = true;
    this.#socket?.destroy();
  }

  #failed(error: Error): void {
    if (!this.#closing) {
      this.#driver.fail(error);
    }
  }

  #receive(bytes: Buffer): void {
    if (this.#bodyLeft > 0) {
      this.#receiveBody(bytes);
      return;
    }
    const received = this.#head === undefined ? bytes : Buffer.concat([this.#head, bytes]);
    const headEnd = received.indexOf(HEAD_END);
    if (headEnd < 0) {
      this.#head = Buffer.from(received);
      return;
    }
    this.#head = undefined;
    const head = received.toString('latin1', 0, headEnd + 2);
    const length = CONTENT_LENGTH.exec(head)?.[1];
    this.#sample = this.#driver.isSample() ? [] : undefined;
    if (!head.startsWith(SUCCESS) || length === undefined) {
      this.#failed(new Error(`unexpected answer: ${received.toString('latin1', 0, 600)}`));
      return;
    }
    this.#bodyLeft = Number(length);
    this.#receiveBody(received.subarray(headEnd + HEAD_END.length));
  }

  #receiveBody(bytes: Buffer): void {
    this.#sample?.push(Buffer.from(bytes));
    this.#bodyLeft -= bytes.length;
    if (this.#bodyLeft <= 0) {
      this.#finish();
    }
  }

  #finish(): void {
    const driver = this.#driver;
    driver.latencies.add(performance.now() - this.#sentAt);
    if (this.#bodyLeft < 0) {
      this.#failed(new Error('an answer is longer than its content-length'));
    }
    if (this.#sample !== undefined) {
      driver.verify(Buffer.concat(this.#sample));
    }
    if (driver.running) {
      this.begin();
    } else {
      this.#inFlight = false;
      this.#onIdle?.();
    }
  }
}

function encodeRequest(body: RequestBody, token: string): EncodedRequest {
  const head = Buffer.from(
    [
      `POST ${body.path} HTTP/1.1`,
      'Host: localhost',
      `Content-Type: ${body.contentType}`,
      `Content-Length: ${body.bytes.length}`,
      `Token: ${token}`,
      '',
      '',
    ].join('\r\n'),
  );
  return { body, bytes: Buffer.concat([head, body.bytes]), bodyAt: head.length };
}
