import type { OutgoingHttpHeaders } from 'node:http2';
import { deflateSync, gzipSync } from 'node:zlib';
import { type handleUnaryCall, status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UnaryCall } from '../../src/transport/grpc/unary-call.js';
import { framed, type RawOutcome, rawCall } from './raw-call.js';
import { metadataOf, serveByGrpcJs, serveUnary, type UnaryServer } from './unary-call-servers.js';

const PATH = '/test.Service/Method';
const MAX_MESSAGE_BYTES = 60;
const KEYS = ['token', 'authorization', 'x-request-id', 'if-match'];

/** Both answer what they were sent: the entries of metadata that matter, and the message. */
function answerOf(request: Buffer, value: (key: string) => unknown): Buffer {
  return Buffer.concat([Buffer.from(JSON.stringify(KEYS.map((key) => value(key) ?? null))), request]);
}

const ours = (call: UnaryCall): void => {
  const body = answerOf(call.request, (key) => call.metadata(key));
  if (call.request.length === 7) {
    call.fail({ requestId: 'one' }, { code: status.NOT_FOUND, details: '100 % \u957f' });
  } else {
    call.respond({ requestId: 'one' }, { body });
  }
};

const theirs: handleUnaryCall<Buffer, Buffer> = (call, respond) => {
  call.sendMetadata(metadataOf('x-request-id', 'one'));
  if (call.request.length === 7) {
    respond({ code: status.NOT_FOUND, details: '100 % \u957f' });
  } else {
    respond(
      null,
      answerOf(call.request, (key) => call.metadata.get(key)[0]),
    );
  }
};

/** Its words for two outcomes that we have words of our own for. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /^grpc-message: Received%20no%20.*/,
    'grpc-message: the%20method%20takes%20a%20request%20message,%20and%20none%20came',
  ],
  [
    /^grpc-message: Received%20a%20second%20.*/,
    'grpc-message: the%20method%20takes%20one%20request%20message,%20and%20a%20second%20one%20came',
  ],
];

function inOurWords(outcome: RawOutcome): RawOutcome {
  const reword = (line: string): string => WORDS.reduce((text, [from, to]) => text.replace(from, to), line);
  const headers = outcome.headers.map(reword);
  // Ours tells every caller the id of its request.
  const refused = headers.some((line) => line.startsWith('grpc-status: '));
  return { ...outcome, headers: refused ? [...headers, 'x-request-id: one'] : headers };
}

const bytes = fc.uint8Array({ maxLength: MAX_MESSAGE_BYTES + 3 }).map((array) => Buffer.from(array));
const plain = fc
  .record({ flag: fc.constantFrom(0, 0, 2), bytes })
  .map((message) => framed(message.bytes, message.flag));
const compressed = fc
  .tuple(
    bytes,
    fc.constantFrom(gzipSync, deflateSync, (text: Buffer) => text),
  )
  .map(([text, compress]) => framed(compress(text), 1));
/** What may follow: nothing, the beginning of another message, or all of it. */
const more = fc.tuple(plain, fc.nat(80)).map(([message, length]) => message.subarray(0, length));
const body = fc.oneof(
  { weight: 3, arbitrary: plain },
  { weight: 3, arbitrary: compressed },
  fc.tuple(plain, more).map((parts) => Buffer.concat(parts)),
  fc.tuple(plain, fc.nat(80)).map(([message, length]) => message.subarray(0, length)),
);
const value = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('a\tb', '\u00e9', '', 'Bearer token'));
const headers: fc.Arbitrary<OutgoingHttpHeaders> = fc.record(
  {
    ':method': fc.constant('POST'),
    'content-type': fc.constantFrom(
      'application/grpc',
      'application/grpc+proto',
      'application/grpc+proto',
      'text/plain',
    ),
    'grpc-encoding': fc.constantFrom('identity', 'gzip', 'deflate', 'br', 'constructor', '\u00e9'),
    'grpc-timeout': fc.constantFrom('10S', '5 M', '1H', '', 'soon', '10', '99999m', 'x9S'),
    'grpc-accept-encoding': fc.constant('gzip'),
    token: fc.oneof(value, fc.array(value, { minLength: 2, maxLength: 3 })),
    authorization: value,
    'x-request-id': fc.oneof(value, fc.array(value, { minLength: 2, maxLength: 3 })),
    'if-match': value,
  },
  { requiredKeys: [':method', 'content-type'] },
);

describe('a unary call', () => {
  let our: UnaryServer;
  let their: UnaryServer;
  beforeAll(async () => {
    our = await serveUnary(ours, { maxMessageBytes: MAX_MESSAGE_BYTES });
    their = await serveByGrpcJs(PATH, theirs, MAX_MESSAGE_BYTES);
  });
  afterAll(async () => {
    await our[Symbol.asyncDispose]();
    await their[Symbol.asyncDispose]();
  });

  async function expectTheSame(sent: OutgoingHttpHeaders, pieces: readonly Buffer[]): Promise<void> {
    const all = { ...sent, ':path': PATH };
    const [mine, reference] = await Promise.all([
      rawCall(our.session, all, pieces),
      rawCall(their.session, all, pieces),
    ]);
    expect(mine).toEqual(inOurWords(reference));
  }

  it('comes to what grpc-js makes of it, whatever is sent', async () => {
    await fc.assert(
      fc.asyncProperty(headers, body, fc.array(fc.nat(130), { maxLength: 3 }), async (sent, all, cuts) => {
        const at = [0, ...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length];
        const pieces = at.slice(1).map((end, index) => all.subarray(at[index], end));
        await expectTheSame(
          sent,
          pieces.filter(({ length }) => length > 0),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('comes to what grpc-js makes of it in pieces of a byte each', async () => {
    const pieces = [...framed(Buffer.from('message'))].map((byte) => Buffer.of(byte));
    await expectTheSame({ 'content-type': 'application/grpc' }, pieces);
  });
});
