import type { TLSSocket } from 'node:tls';
import { type Fields, firstHeaderBlock, nextHeaderBlock, saysGrpcOk } from './hpack.js';
import type { LoadConnection, LoadDriver } from './load-driver.js';
import type { LoadCredentials } from './load-job.js';
import { fillIn, type RequestBody } from './request-source.js';
import { openTls } from './tls-connection.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const FRAME_HEAD_BYTES = 9;
const FRAME = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8 } as const;
const FLAG = { endStream: 1, ack: 1, endHeaders: 4 } as const;
const SETTING = { headerTableSize: 1, enablePush: 2, initialWindowSize: 4 } as const;
const LARGEST_WINDOW = 2 ** 31 - 1;
const FIRST_WINDOW = 65_535;
/** Length and compression flag before a gRPC message. */
const MESSAGE_HEAD_BYTES = 5;

const SERVICE = '/kuscia.proto.api.v1alpha1.kusciaapi.AppImageService/';

/** One answer that is being received. */
interface OpenStream {
  sentAt: number;
  message: Buffer[] | undefined;
  messageBytes: number;
}

/** One HTTP/2 connection with a number of gRPC calls in flight, framed by hand: node:http2 would cost more than the server under test. */
export class GrpcConnection implements LoadConnection {
  readonly #driver: LoadDriver;
  readonly #body: RequestBody;
  readonly #streams: number;
  readonly #firstRequest: Buffer;
  readonly #nextRequest: Buffer;
  readonly #open = new Map<number, OpenStream>();
  #socket: TLSSocket | undefined;
  #nextStream = 1;
  #closing = false;
  /** The beginning of a frame that has not come as a whole. */
  #rest: Buffer | undefined;
  #outgoing: Buffer[] = [];
  /** Bytes that the server may still be sent, and that it may still send, on the connection as a whole. */
  #sendWindow = FIRST_WINDOW;
  #receiveWindow = LARGEST_WINDOW;
  #delayed = 0;
  #onIdle: (() => void) | undefined;

  private constructor(driver: LoadDriver, streams: number, credentials: LoadCredentials) {
    const [body] = driver.source.bodies;
    if (body === undefined || driver.source.bodies.length > 1 || !body.path.endsWith('/query')) {
      throw new Error('over gRPC the generator knows queries only');
    }
    this.#driver = driver;
    this.#body = body;
    this.#streams = streams;
    const fields: Fields = [
      [':path', `${SERVICE}QueryAppImage`],
      [':authority', 'localhost'],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
      ['user-agent', 'bench'],
      ['token', credentials.token],
    ];
    this.#firstRequest = requestFrames(firstHeaderBlock(fields), body.bytes);
    this.#nextRequest = requestFrames(nextHeaderBlock(fields), body.bytes);
  }

  static async open(
    port: number,
    credentials: LoadCredentials,
    driver: LoadDriver,
    streams: number,
  ): Promise<GrpcConnection> {
    const connection = new GrpcConnection(driver, streams, credentials);
    const socket = await openTls(
      port,
      credentials,
      'h2',
      (bytes) => {
        driver.arrivals += 1;
        connection.#receive(bytes);
      },
      (error) => connection.#failed(error),
    );
    connection.#socket = socket;
    socket.write(Buffer.concat([Buffer.from(PREFACE), settingsFrame(), windowUpdate(LARGEST_WINDOW - FIRST_WINDOW)]));
    return connection;
  }

  begin(): void {
    for (let count = this.#open.size; count < this.#streams; count += 1) {
      this.#send();
    }
    this.#flush();
  }

  async idle(): Promise<void> {
    if (this.#open.size > 0) {
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

  #send(): void {
    const dataBytes = MESSAGE_HEAD_BYTES + this.#body.bytes.length;
    if (this.#sendWindow < dataBytes) {
      this.#delayed += 1;
      return;
    }
    this.#sendWindow -= dataBytes;
    const stream = this.#nextStream;
    this.#nextStream += 2;
    const template = stream === 1 ? this.#firstRequest : this.#nextRequest;
    const bodyAt = template.length - this.#body.bytes.length;
    const bytes = fillIn(template, bodyAt, this.#body, this.#driver.source);
    bytes.writeUInt32BE(stream, 5);
    bytes.writeUInt32BE(stream, bodyAt - MESSAGE_HEAD_BYTES - 4);
    this.#outgoing.push(bytes);
    this.#open.set(stream, { sentAt: performance.now(), message: undefined, messageBytes: 0 });
  }

  #flush(): void {
    const { length } = this.#outgoing;
    const [first] = this.#outgoing;
    if (first !== undefined) {
      this.#socket?.write(length === 1 ? first : Buffer.concat(this.#outgoing));
      this.#outgoing = [];
    }
  }

  #receive(arrived: Buffer): void {
    const bytes = this.#rest === undefined ? arrived : Buffer.concat([this.#rest, arrived]);
    let offset = 0;
    while (offset + FRAME_HEAD_BYTES <= bytes.length) {
      const end = offset + FRAME_HEAD_BYTES + bytes.readUIntBE(offset, 3);
      if (end > bytes.length) {
        break;
      }
      const payload = bytes.subarray(offset + FRAME_HEAD_BYTES, end);
      this.#frame(bytes[offset + 3] ?? 0, bytes[offset + 4] ?? 0, bytes.readUInt32BE(offset + 5), payload);
      offset = end;
    }
    this.#rest = offset === bytes.length ? undefined : Buffer.from(bytes.subarray(offset));
    this.#flush();
    if (this.#open.size === 0) {
      this.#onIdle?.();
    }
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === FRAME.data) {
      this.#data(stream, payload);
    } else if (type === FRAME.headers) {
      if ((flags & FLAG.endStream) !== 0) {
        this.#finish(stream, payload);
      }
    } else if (type === FRAME.settings && (flags & FLAG.ack) === 0) {
      this.#outgoing.push(frame(FRAME.settings, FLAG.ack, 0, Buffer.of()));
    } else if (type === FRAME.ping && (flags & FLAG.ack) === 0) {
      this.#outgoing.push(frame(FRAME.ping, FLAG.ack, 0, Buffer.from(payload)));
    } else if (type === FRAME.windowUpdate && stream === 0) {
      this.#sendWindow += payload.readUInt32BE(0);
      const delayed = this.#delayed;
      this.#delayed = 0;
      for (let count = 0; count < delayed; count += 1) {
        this.#send();
      }
    } else if (type === FRAME.reset || type === FRAME.goAway) {
      this.#failed(new Error(`the server sent a frame of type ${type}: ${payload.toString('hex')}`));
    }
  }

  #data(stream: number, payload: Buffer): void {
    this.#receiveWindow -= payload.length;
    if (this.#receiveWindow < LARGEST_WINDOW / 2) {
      this.#outgoing.push(windowUpdate(LARGEST_WINDOW - this.#receiveWindow));
      this.#receiveWindow = LARGEST_WINDOW;
    }
    const open = this.#open.get(stream);
    if (open === undefined) {
      return;
    }
    if (open.messageBytes === 0 && this.#driver.isSample()) {
      open.message = [];
    }
    open.messageBytes += payload.length;
    open.message?.push(Buffer.from(payload));
  }

  #finish(stream: number, trailers: Buffer): void {
    const open = this.#open.get(stream);
    this.#open.delete(stream);
    if (open === undefined || open.messageBytes === 0 || !saysGrpcOk(trailers)) {
      this.#failed(new Error(`a call did not end with a message and grpc-status 0: ${trailers.toString('hex')}`));
      return;
    }
    const driver = this.#driver;
    driver.latencies.add(performance.now() - open.sentAt);
    if (open.message !== undefined) {
      driver.verify(Buffer.concat(open.message).subarray(MESSAGE_HEAD_BYTES));
    }
    if (driver.running) {
      this.#send();
    }
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function requestFrames(headerBlock: Buffer, message: Buffer): Buffer {
  const head = Buffer.alloc(MESSAGE_HEAD_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([
    frame(FRAME.headers, FLAG.endHeaders, 0, headerBlock),
    frame(FRAME.data, FLAG.endStream, 0, Buffer.concat([head, message])),
  ]);
}

function settingsFrame(): Buffer {
  const settings = [
    [SETTING.headerTableSize, 0],
    [SETTING.enablePush, 0],
    [SETTING.initialWindowSize, LARGEST_WINDOW],
  ] as const;
  const payload = Buffer.alloc(settings.length * 6);
  for (const [index, [name, value]] of settings.entries()) {
    payload.writeUInt16BE(name, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return frame(FRAME.settings, 0, 0, payload);
}

function windowUpdate(increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(FRAME.windowUpdate, 0, 0, payload);
}
