import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AppImageError, ERRORS, type ErrorName } from '../../src/domain/errors.js';
import { HTTP_STATUS } from '../../src/transport/http/http-status.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import {
  CREATE_PATH,
  http1Client,
  http2Client,
  startGateway,
  type TestClient,
  type TestGateway,
  TOKENS,
} from './test-gateway.js';

let certificates: TemporaryCertificates;
let standard: TestGateway;
let kuscia: TestGateway;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  standard = await startGateway(certificates);
  kuscia = await startGateway(certificates, { httpErrorStatus: 'kuscia' });
});

afterAll(async () => {
  await standard[Symbol.asyncDispose]();
  await kuscia[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

const CLIENTS = [
  ['HTTP/1.1', http1Client],
  ['HTTP/2', http2Client],
] as const;

describe.each(CLIENTS)('the gateway over %s', (_name, connect) => {
  let client: TestClient;

  beforeAll(() => {
    client = connect(standard.tlsPort, certificates);
  });

  afterEach(() => {
    standard.reset();
  });

  afterAll(async () => {
    await client[Symbol.asyncDispose]();
  });

  const received = async (options: Parameters<TestClient['call']>[0]): Promise<Record<string, unknown>> => {
    const answer = await client.call(options);
    expect(answer.status).toBe(200);
    return JSON.parse(answer.body.toString()) as Record<string, unknown>;
  };

  it('answers with the body of the method, its length and its type', async () => {
    const answer = await client.call({ body: '{"name":"demo"}' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(Number(answer.headers['content-length'])).toBe(answer.body.length);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ encoding: 'json', bytes: 15 });
  });

  it('hands a body of many packets over whole', async () => {
    expect(await received({ body: 'x'.repeat(60_000) })).toMatchObject({ bytes: 60_000 });
  });

  it('takes an empty body, and none', async () => {
    expect(await received({ body: '' })).toMatchObject({ bytes: 0 });
  });

  it.each(['application/x-protobuf', 'application/protobuf', 'Application/X-Protobuf; charset=utf-8'])(
    'reads and answers %s as protobuf',
    async (type) => {
      const answer = await client.call({ headers: { 'content-type': type } });
      expect(answer.headers['content-type']).toBe(type.split(';')[0]?.toLowerCase());
      expect(standard.requests[0]?.encoding).toBe('protobuf');
    },
  );

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'nonsense', 'a/b/c', 'application/json; charset=utf-8'])(
    'reads %s as JSON',
    async (type) => {
      expect(await received({ headers: { 'content-type': type } })).toMatchObject({ encoding: 'json' });
    },
  );

  it('passes If-Match on and answers with the ETag of the method', async () => {
    standard.invoke = async () => ({ body: Buffer.from('{}'), etag: '"8"', warnings: [] });
    const answer = await client.call({ headers: { 'if-match': '"7"' } });
    expect(answer.headers['etag']).toBe('"8"');
    expect(standard.requests[0]?.ifMatch).toBe('"7"');
  });

  it('sends a Warning header for each warning', async () => {
    standard.invoke = async () => ({ body: Buffer.from('{}'), warnings: ['one "quoted"', 'two\r\nSet-Cookie: a=b'] });
    const { headers } = await client.call();
    expect(headers['warning']).toBe(String.raw`299 - "one \"quoted\"", 299 - "two??Set-Cookie: a=b"`);
    expect(headers['set-cookie']).toBeUndefined();
  });

  it.each([
    ['', 'Warn'],
    ['?fieldValidation=Ignore', 'Ignore'],
    ['?fieldValidation=Strict&other=1', 'Strict'],
    ['?__proto__=1&constructor[prototype][fieldValidation]=Strict', 'Warn'],
  ])('takes the field validation of the query string %s', async (query, expected) => {
    expect(await received({ path: `/api/v1/appimage/query${query}` })).toMatchObject({ fieldValidation: expected });
  });

  it.each(['strict', '', 'Strict&fieldValidation=Strict'])(
    'refuses the field validation %j and names those there are',
    async (value) => {
      const answer = await client.call({ path: `/api/v1/appimage/query?fieldValidation=${value}` });
      expect(answer.status).toBe(400);
      expect(answer.outcome.code).toBe(11100);
      expect(answer.outcome.message).toMatch(/fieldValidation.*Ignore, Warn, Strict/);
      expect(standard.requests).toEqual([]);
    },
  );

  it('returns a request id that was sent, and logs it', async () => {
    const answer = await client.call({ headers: { 'x-request-id': 'req-1/a=b;c' } });
    expect(answer.headers['x-request-id']).toBe('req-1/a=b;c');
    expect(standard.log.at(-1)).toMatchObject({
      requestId: 'req-1/a=b;c',
      certificateSubject: expect.stringContaining('client'),
    });
  });

  it.each(['a b', '"quoted"', 'x'.repeat(129), 'ü', '<b>'])(
    'makes a request id of its own in place of %j',
    async (id) => {
      const answer = await client.call({ headers: { 'x-request-id': id } });
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{16}-[0-9a-z]+$/);
    },
  );

  it('makes a different request id each time, also for refused requests', async () => {
    const answers = [
      await client.call(),
      await client.call({ path: '/nowhere' }),
      await client.call({ headers: { token: 'x' } }),
    ];
    expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(3);
  });

  it.each(Object.keys(ERRORS) as ErrorName[])('answers %s with its HTTP status and the envelope', async (reason) => {
    standard.invoke = async () => {
      throw new AppImageError(reason, 'no');
    };
    const answer = await client.call();
    expect(answer.status).toBe(HTTP_STATUS[reason]);
    expect(answer.outcome).toMatchObject({ code: ERRORS[reason].code, message: 'no' });
    expect(answer.headers['retry-after']).toBe([429, 503].includes(answer.status) ? '1' : undefined);
    expect(answer.headers['www-authenticate'] !== undefined).toBe(answer.status === 401);
  });

  it('answers 500 with the request id to a fault of its own, and tells nothing of the inside', async () => {
    standard.invoke = async () => {
      throw new TypeError('secret of the inside');
    };
    const answer = await client.call({ headers: { 'x-request-id': 'find-me' } });
    expect(answer.status).toBe(500);
    expect(answer.outcome.code).toBe(11101);
    expect(answer.outcome.message).toContain('find-me');
    expect(answer.body.toString()).not.toContain('secret');
  });

  it('answers errors in protobuf to protobuf', async () => {
    const answer = await client.call({ headers: { 'content-type': 'application/x-protobuf', token: 'wrong' } });
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toBe('application/x-protobuf');
    expect(answer.body[0]).toBe(0x0a);
  });

  it.each([
    ['no token', { token: '' }],
    ['a wrong token', { token: 'wrong' }],
    ['a wrong bearer token', { token: '', authorization: 'Bearer wrong' }],
  ])('refuses %s with a challenge, and no method sees the body', async (_what, headers) => {
    const answer = await client.call({ headers });
    expect(answer.status).toBe(401);
    expect(answer.outcome.code).toBe(11102);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm=/);
    expect(standard.requests).toEqual([]);
  });

  it('takes a bearer token', async () => {
    const answer = await client.call({ headers: { token: '', authorization: `Bearer ${TOKENS.viewer}` } });
    expect(answer.status).toBe(200);
  });

  it('refuses a role that does not allow the method', async () => {
    const answer = await client.call({ path: CREATE_PATH, headers: { token: TOKENS.viewer } });
    expect(answer.status).toBe(403);
    expect(answer.outcome.code).toBe(11102);
  });

  it('tells a caller over its rate when to come back', async () => {
    const answer = await client.call({ headers: { token: TOKENS.limited } });
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.outcome.code).toBe(13152);
  });

  it('refuses a declared length over the limit, naming it', async () => {
    const answer = await client.call({ body: 'x'.repeat(65 * 1024) });
    expect(answer.status).toBe(413);
    expect(answer.outcome).toMatchObject({ code: 13152, message: expect.stringContaining('65536 bytes') });
    expect(standard.requests).toEqual([]);
  });

  it.each(['gzip', 'deflate', 'br', 'identity, gzip'])('refuses Content-Encoding %s', async (encoding) => {
    const answer = await client.call({ headers: { 'content-encoding': encoding } });
    expect(answer.status).toBe(400);
    expect(answer.outcome).toMatchObject({ code: 11100, message: expect.stringContaining('uncompressed') });
    expect(standard.requests).toEqual([]);
  });

  it('takes Content-Encoding identity', async () => {
    expect(await received({ headers: { 'content-encoding': 'identity' } })).toMatchObject({ bytes: 2 });
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'PROPFIND'])(
    'answers 405 to %s of a method',
    async (method) => {
      const answer = await client.call({ method, body: '' });
      expect(answer.status).toBe(405);
      expect(answer.headers['allow']).toBe('POST');
      if (method !== 'HEAD') {
        expect(answer.outcome.code).toBe(11100);
        expect(answer.outcome.message).toContain('use POST');
      }
    },
  );

  it.each([
    '/api/v1/appimage/qurey',
    '/api/v1/appimage/query/',
    '/api/v1/AppImage/query',
    '/api/v1//appimage/query',
    '/appimage/query',
  ])('answers 404 to %s', async (path) => {
    const answer = await client.call({ path });
    expect(answer.status).toBe(404);
    expect(answer.outcome.code).toBe(11100);
    expect(standard.requests).toEqual([]);
  });

  it('guesses the path that was meant', async () => {
    const answer = await client.call({ path: '/api/v1/appimage/qurey?x=1' });
    expect(answer.outcome.message).toContain('did you mean /api/v1/appimage/query?');
  });

  it.each(['/%zz', '/%', '/..%2f..%2fetc%2fpasswd', '/\u0000'.replace('\u0000', '%00'), `/${'a'.repeat(5000)}`])(
    'answers 404 to the odd path %#',
    async (path) => {
      const answer = await client.call({ path });
      expect(answer.status).toBe(404);
      expect(answer.outcome.code).toBe(11100);
    },
  );
});

describe('httpErrorStatus: kuscia', () => {
  const call = async (options: Parameters<TestClient['call']>[0]): Promise<[number, number]> => {
    const { status, outcome } = await http1Client(kuscia.tlsPort, certificates).call(options);
    return [status, outcome.code];
  };

  it('answers 200 to whatever passed authentication', async () => {
    kuscia.invoke = async () => {
      throw new AppImageError('APP_IMAGE_NOT_FOUND', 'no');
    };
    expect(await call({})).toEqual([200, 13105]);
    expect(await call({ body: 'x'.repeat(65 * 1024) })).toEqual([200, 13152]);
    expect(await call({ path: '/api/v1/appimage/query?fieldValidation=x' })).toEqual([200, 11100]);
  });

  it('keeps the status of authentication, authorization and unknown paths', async () => {
    expect(await call({ headers: { token: 'wrong' } })).toEqual([401, 11102]);
    expect(await call({ headers: { token: TOKENS.viewer }, path: CREATE_PATH })).toEqual([403, 11102]);
    expect(await call({ path: '/nowhere' })).toEqual([404, 11100]);
  });
});
