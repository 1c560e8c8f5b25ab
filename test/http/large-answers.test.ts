import { connect as connectHttp2, constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnswerBuffer } from '../../src/transport/wire/answer-buffer.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import { connectRaw, QUERY_PATH, requestHead, startGateway, type TestGateway, TOKENS } from './test-gateway.js';

/** Large enough for memory that answers have one after the other. */
const ANSWER_BYTES = 300_000;
/** Each is asked for an answer of itself. */
const LETTERS = 'abcdefghijklmnopqrst'.split('');
const WHOLE_ANSWERS = LETTERS.map((letter) => [letter, ANSWER_BYTES]);

let certificates: TemporaryCertificates;
let gateway: TestGateway;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  gateway = await startGateway(certificates);
  gateway.invoke = ({ body }) => {
    const answer = new AnswerBuffer(0);
    answer.append(Buffer.alloc(ANSWER_BYTES, body));
    return { ...answer.finish(), warnings: [] };
  };
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

/** Everything that comes, taken with pauses, so that the gateway has to wait with what it sends. */
async function readSlowly(source: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of source) {
    text += chunk.toString('latin1');
    await delay(Math.random() < 0.05 ? 5 : 0);
  }
  return text;
}

/** What an answer consists of. */
function described(answer: string): [string, number] {
  return [[...new Set(answer)].join(''), answer.length];
}

/** Sends all requests at once over HTTP/1.1, but for the first bytes, which come alone, and ends its side. */
async function askAll(
  secure: boolean,
  { path = QUERY_PATH, bodyBytes = 1, bytesAhead = 0 }: { path?: string; bodyBytes?: number; bytesAhead?: number } = {},
): Promise<[string, number][]> {
  const { ca, client } = certificates;
  const socket = secure
    ? connectTls({ host: '127.0.0.1', port: gateway.tlsPort, ca, cert: client.certificate, key: client.key })
    : await connectRaw(gateway.plainPort);
  const head = requestHead(`Content-Length: ${bodyBytes}`).replace(QUERY_PATH, path);
  const requests = LETTERS.map((letter) => `${head}\r\n${letter.repeat(bodyBytes)}`).join('');
  if (bytesAhead > 0) {
    socket.write(requests.slice(0, bytesAhead));
    await delay(20);
  }
  socket.end(requests.slice(bytesAhead));
  const [, ...answers] = (await readSlowly(socket)).split(/HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\n/);
  return answers.map(described);
}

describe('large answers, put together in memory that others had before', () => {
  it.each([
    ['the fast lane', QUERY_PATH],
    ["Node's server", `${QUERY_PATH}?fieldValidation=Warn`],
  ])('arrive whole over HTTP/1.1 by %s, at clients that end their side and read slowly', async (_by, path) => {
    const answers = await Promise.all([true, true, true, false].map((secure) => askAll(secure, { path })));
    expect(answers).toEqual(answers.map(() => WHOLE_ANSWERS));
  });

  it.each([
    ['in the usual form', {}],
    ['with a query string', { path: `${QUERY_PATH}?fieldValidation=Warn` }],
    ['of which the first bytes come alone', { bytesAhead: 50 }],
  ])(
    'arrive whole where the requests are large as well, and more than are answered at once: %s',
    async (_form, form) => {
      // Several records of TLS for each: what has been decrypted already must wait in the right place while the answers are not taken.
      for (const bodyBytes of [4000, 15_000]) {
        const answers = await Promise.all([true, true, false].map((secure) => askAll(secure, { ...form, bodyBytes })));
        expect(answers).toEqual(answers.map(() => WHOLE_ANSWERS));
      }
    },
  );

  it('arrive whole over HTTP/2, whatever other streams the client resets', async () => {
    const { ca, client } = certificates;
    const options = { ca, cert: client.certificate, key: client.key };
    const session = connectHttp2(`https://127.0.0.1:${gateway.tlsPort}`, options);
    const ask = async (letter: string, isReset: boolean): Promise<[string, number] | undefined> => {
      const stream = session.request({ ':method': 'POST', ':path': QUERY_PATH, token: TOKENS.admin });
      stream.on('error', () => undefined);
      stream.end(letter);
      if (isReset) {
        stream.once('data', () => stream.close(constants.NGHTTP2_CANCEL));
        await new Promise((resolve) => stream.once('close', resolve));
        return undefined;
      }
      return described(await readSlowly(stream));
    };
    // Node lets one session have 10 MB waiting.
    const letters = LETTERS.slice(0, 10);
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(letters.flatMap((letter) => [ask(letter, false), ask(letter, true)]));
      expect(answers.filter((answer) => answer !== undefined)).toEqual(WHOLE_ANSWERS.slice(0, 10));
    }
    session.destroy();
  });
});
