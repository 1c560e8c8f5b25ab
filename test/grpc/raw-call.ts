import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import { setImmediate as turn } from 'node:timers/promises';

/** What a call came to on the wire. */
export interface RawOutcome {
  /** Names and values as they came, one line each, but for the date. */
  readonly headers: readonly string[];
  readonly trailers: readonly string[];
  readonly body: Buffer;
  /** With which code the stream was closed. */
  readonly rstCode: number | undefined;
}

/** A gRPC message with what stands before it. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Sends what no gRPC client would: any headers, and a body in pieces that the server gets one by one. */
export async function rawCall(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  pieces: readonly Buffer[],
): Promise<RawOutcome> {
  const stream = session.request({ ':method': 'POST', te: 'trailers', ...headers }, { endStream: false });
  const outcome = { headers: [] as string[], trailers: [] as string[] };
  const body: Buffer[] = [];
  stream.on('error', () => undefined);
  // Node's types do not know of the last argument.
  const on = stream.on.bind(stream) as unknown as (event: string, listener: (...args: never[]) => void) => void;
  on('response', (_headers: object, _flags: number, raw: string[]) => {
    outcome.headers = lines(raw);
  });
  on('trailers', (_headers: object, _flags: number, raw: string[]) => {
    outcome.trailers = lines(raw);
  });
  stream.on('data', (chunk: Buffer) => body.push(chunk));
  const closed = new Promise((resolve) => stream.once('close', resolve));
  for (const piece of pieces) {
    if (stream.closed) {
      break;
    }
    stream.write(piece);
    if (pieces.length > 1) {
      await turn();
      await turn();
    }
  }
  stream.end();
  await closed;
  return { ...outcome, body: Buffer.concat(body), rstCode: stream.rstCode };
}

function lines(raw: readonly string[]): string[] {
  const all = raw.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${raw[at + 1]}`] : []));
  return all.filter((line) => !line.startsWith('date: '));
}
