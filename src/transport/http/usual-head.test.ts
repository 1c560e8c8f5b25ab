import { describe, expect, it } from 'vitest';
import type { Method } from '../wire/method.js';
import { serviceDescriptor } from '../wire/schema.js';
import { readUsualHead } from './usual-head.js';

const PATH = '/api/v1/appimage/query';

const descriptor = serviceDescriptor('AppImageService').method['queryAppImage'];
if (descriptor === undefined) {
  throw new Error('the contract lacks a method');
}
const METHOD: Method = {
  name: 'QueryAppImage',
  descriptor,
  httpPaths: [PATH],
  role: 'viewer',
  mutates: false,
  invoke: () => ({ body: Buffer.of(), warnings: [] }),
};

function read(requestLine: string, ...headers: readonly string[]): ReturnType<typeof readUsualHead> {
  return readUsualHead([requestLine, ...headers].join('\r\n'), new Map([[PATH, METHOD]]));
}

const POST = `POST ${PATH} HTTP/1.1`;
const LEAST = ['Host: localhost', 'Content-Length: 2'] as const;

describe('a head of the usual form', () => {
  it('needs a host and the length of the body, and nothing else', () => {
    expect(read(POST, ...LEAST)).toEqual({
      method: METHOD,
      format: { encoding: 'json', contentType: 'application/json' },
      token: undefined,
      requestId: undefined,
      ifMatch: undefined,
      bodyLength: 2,
    });
  });

  it('tells what the headers say, however their names are written', () => {
    const head = read(
      POST,
      'host:localhost',
      'CONTENT-LENGTH:\t12 ',
      'content-type: application/x-protobuf',
      'tOKEN: secret',
      'X-Request-Id: abc',
      'If-Match: "3"',
      'Connection: Keep-Alive',
      'User-Agent: a: b',
      'Accept:',
    );
    expect(head).toMatchObject({
      format: { encoding: 'protobuf', contentType: 'application/x-protobuf' },
      token: 'secret',
      requestId: 'abc',
      ifMatch: '"3"',
      bodyLength: 12,
    });
  });

  it('takes the token from Authorization as well', () => {
    expect(read(POST, ...LEAST, 'Authorization: Bearer secret')?.token).toBe('secret');
    expect(read(POST, ...LEAST, 'Authorization: Bearer secret', 'Token: other')?.token).toBe('other');
  });

  it.each(['HTTP/1.0', 'HTTP/1.1 ', ' HTTP/1.1', 'http/1.1', 'HTTP/2.0'])('is not one of the version %j', (version) => {
    expect(read(`POST ${PATH} ${version}`, ...LEAST)).toBeUndefined();
  });

  it.each([`GET ${PATH}`, `post ${PATH}`, `POST  ${PATH}`, `POST ${PATH}?a=b`, `POST ${PATH}/`, 'POST *'])(
    'is not %j',
    (start) => {
      expect(read(`${start} HTTP/1.1`, ...LEAST)).toBeUndefined();
    },
  );

  it.each([
    ['no host', ['Content-Length: 2']],
    ['no length', ['Host: localhost']],
    ['an odd length', ['Host: localhost', 'Content-Length: +2']],
    ['a tab behind the length', ['Host: localhost', 'Content-Length: 2\t']],
    ['a tab and a space behind the length', ['Host: localhost', 'Content-Length: 2\t ']],
    ['no digit in the length', ['Host: localhost', 'Content-Length: ']],
    ['lengths in a list', ['Host: localhost', 'Content-Length: 2, 2']],
    ['two lengths', [...LEAST, 'content-length: 2']],
    ['two tokens', [...LEAST, 'Token: a', 'Token: b']],
    ['two hosts', [...LEAST, 'Host: other']],
    ['chunks', [...LEAST, 'Transfer-Encoding: chunked']],
    ['compression', [...LEAST, 'Content-Encoding: gzip']],
    ['an expectation', [...LEAST, 'Expect: 100-continue']],
    ['a wish to upgrade', [...LEAST, 'Upgrade: h2c']],
    ['a connection that closes', [...LEAST, 'Connection: close']],
    ['hop-by-hop headers', [...LEAST, 'Connection: keep-alive, te']],
    ['a blank before the colon', [...LEAST, 'Accept : a']],
    ['a line that goes on', [...LEAST, 'Accept: a', ' b']],
    ['no colon', [...LEAST, 'Accept']],
    ['no name', [...LEAST, ': a']],
    ['a bare line feed', [...LEAST, 'Accept: a\nToken: b']],
    ['a bare carriage return', [...LEAST, 'Accept: a\rToken: b']],
    ['a zero byte', [...LEAST, 'Accept: a\0']],
    ['what is not ASCII', [...LEAST, 'Accept: \u00e9']],
    ['an empty line', [...LEAST, '']],
  ])('does not have %s', (_, headers) => {
    expect(read(POST, ...headers)).toBeUndefined();
  });
});
