import { once } from 'node:events';
import { constants } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import type { Caller } from '../../src/transport/dispatcher.js';
import type { CallStatus } from '../../src/transport/grpc/call-status.js';
import type { UnaryCall } from '../../src/transport/grpc/unary-call.js';
import { framed, rawCall } from './raw-call.js';
import {
  answerOk,
  answerTo,
  CALLER,
  closeOf,
  HEADERS,
  open,
  REQUEST,
  serveUnary,
  unanswered,
} from './unary-call-servers.js';

describe('a unary call', () => {
  it('ends with headers, response and trailers as grpc-js sends them', async () => {
    await using server = await serveUnary((call) =>
      call.respond(
        { requestId: 'one', etag: '"7"' },
        { body: Buffer.from(`${call.metadata('who')} ${call.request.toString()}`) },
      ),
    );
    expect(await rawCall(server.session, { ...HEADERS, who: 'alice' }, [REQUEST])).toEqual({
      headers: [
        ':status: 200',
        'content-type: application/grpc+proto',
        'grpc-accept-encoding: identity,deflate,gzip',
        'grpc-encoding: identity',
        'x-request-id: one',
        'etag: "7"',
      ],
      trailers: ['grpc-status: 0', 'grpc-message: OK'],
      body: framed(Buffer.from('alice asks')),
      rstCode: 0,
    });
  });

  it('ends with headers and a status in the trailers where there is no response', async () => {
    await using server = await serveUnary((call) =>
      call.fail({ requestId: 'one' }, { code: status.NOT_FOUND, details: '100 % \u957f' }),
    );
    const { headers, trailers, body } = await rawCall(server.session, HEADERS, [REQUEST]);
    expect(headers).toContain('x-request-id: one');
    expect(trailers).toEqual(['grpc-status: 5', 'grpc-message: 100%20%25%20%E9%95%BF']);
    expect(body).toHaveLength(0);
  });

  it('writes what stands before a message into the room in front of it', async () => {
    const memory = Buffer.from('...........response');
    const body = memory.subarray(11);
    await using server = await serveUnary((call) => call.respond({ requestId: 'one' }, { body, room: 11 }));
    expect((await rawCall(server.session, HEADERS, [REQUEST])).body).toEqual(framed(Buffer.from('response')));
    expect(memory).toEqual(Buffer.concat([Buffer.from('......'), framed(Buffer.from('response'))]));
  });

  it('leaves the memory in front of a response alone where there is too little room', async () => {
    const memory = Buffer.from('....response');
    await using server = await serveUnary((call) =>
      call.respond({ requestId: 'one' }, { body: memory.subarray(4), room: 4 }),
    );
    expect((await rawCall(server.session, HEADERS, [REQUEST])).body).toEqual(framed(Buffer.from('response')));
    expect(memory.toString()).toBe('....response');
  });

  it('sends a response that is larger than the client takes at a time', async () => {
    const body = Buffer.alloc(3_000_000, 'x');
    await using server = await serveUnary((call) => call.respond({ requestId: 'one' }, { body }));
    expect((await rawCall(server.session, HEADERS, [REQUEST])).body.equals(framed(body))).toBe(true);
  });

  it('ends with UNKNOWN and nothing of the inside where its handler throws', async () => {
    await using server = await serveUnary(() => {
      throw new Error('secret of the inside');
    });
    const { headers } = await rawCall(server.session, HEADERS, [REQUEST]);
    expect(headers).toEqual([
      ':status: 200',
      'grpc-status: 2',
      'grpc-message: Unknown%20error',
      'content-type: application/grpc+proto',
      'x-request-id: one',
    ]);
  });

  it('is answered once, whatever its handler does afterwards', async () => {
    await using server = await serveUnary((call) => {
      call.respond({ requestId: 'one' }, { body: Buffer.from('first') });
      call.respond({ requestId: 'one' }, { body: Buffer.from('second') });
      call.fail({ requestId: 'one' }, { code: status.INTERNAL, details: 'third' });
      throw new Error('fourth');
    });
    const { body, trailers } = await rawCall(server.session, HEADERS, [REQUEST]);
    expect(body).toEqual(framed(Buffer.from('first')));
    expect(trailers).toEqual(['grpc-status: 0', 'grpc-message: OK']);
  });

  it.each(['GET', 'PUT', 'HEAD', 'DELETE'])('by the HTTP method %s ends with 405', async (method) => {
    const handler = vi.fn(answerOk);
    await using server = await serveUnary(handler);
    const { headers } = await rawCall(server.session, { ...HEADERS, ':method': method }, [REQUEST]);
    expect(headers).toEqual([':status: 405', 'allow: POST']);
    expect(handler).not.toHaveBeenCalled();
  });

  it('that is not admitted ends before its request is there, which is sent no further', async () => {
    const handler = vi.fn(answerOk);
    await using server = await serveUnary(handler, {
      admit: (call) => {
        call.fail({ requestId: 'one' }, { code: status.UNAUTHENTICATED, details: 'no token' });
        return undefined;
      },
    });
    const stream = open(server.session);
    stream.write(REQUEST.subarray(0, 3));
    const trailers = once(stream, 'trailers');
    expect(await answerTo(stream)).toMatchObject({ 'x-request-id': 'one' });
    expect((await trailers)[0]).toMatchObject({ 'grpc-status': '16', 'grpc-message': 'no%20token' });
    await closeOf(stream);
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
    expect(handler).not.toHaveBeenCalled();
  });

  it('ends with UNKNOWN where its handler throws before its request is there', async () => {
    await using server = await serveUnary(answerOk, {
      admit: () => {
        throw new Error('secret of the inside');
      },
    });
    const { headers } = await rawCall(server.session, HEADERS, [REQUEST]);
    expect(headers).toContain('grpc-status: 2');
  });

  it('that ends before it can be served is told to its handler, and its client gets the id of the request', async () => {
    const refused = vi.fn<(caller: Caller, failure: CallStatus) => void>();
    await using server = await serveUnary(answerOk, { refused, maxMessageBytes: 3 });
    const { headers } = await rawCall(server.session, HEADERS, [REQUEST]);
    expect(headers).toEqual(expect.arrayContaining(['grpc-status: 8', 'x-request-id: one']));
    expect(refused.mock.calls).toEqual([[CALLER, expect.objectContaining({ code: status.RESOURCE_EXHAUSTED })]]);
  });

  it('whose client does not take its answer is cut off after a while', async () => {
    const body = Buffer.alloc(3_000_000);
    const respond = (call: UnaryCall): void => call.respond({ requestId: 'one' }, { body });
    await using server = await serveUnary(respond, { answerTimeoutMs: 100 });
    const stream = server.session.request({ ':method': 'POST', ...HEADERS });
    stream.on('error', () => undefined);
    stream.end(REQUEST);
    await answerTo(stream);
    await once(stream, 'close');
    expect((await rawCall(server.session, HEADERS, [REQUEST])).body).toHaveLength(5 + body.length);
  });

  it.each(['application/json', 'text/plain', 'application/grp'])(
    'of the content type %s ends with 415',
    async (type) => {
      const handler = vi.fn(answerOk);
      await using server = await serveUnary(handler);
      const { headers } = await rawCall(server.session, { ...HEADERS, 'content-type': type }, [REQUEST]);
      expect(headers).toEqual([':status: 415']);
      expect(handler).not.toHaveBeenCalled();
    },
  );

  it('gets no value that gRPC does not allow, and those of a key that comes twice as one', async () => {
    const { calls, handler } = unanswered();
    await using server = await serveUnary(handler);
    const stream = server.session.request({
      ':method': 'POST',
      ...HEADERS,
      token: ['a', 'b'],
      'if-match': '"1"\t',
      'x-request-id': '\u00e9',
      authorization: '',
    });
    stream.end(REQUEST);
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    const [call] = calls;
    expect(call?.metadata('token')).toBe('a, b');
    expect(call?.metadata('if-match')).toBeUndefined();
    expect(call?.metadata('x-request-id')).toBeUndefined();
    expect(call?.metadata('authorization')).toBe('');
    expect(call?.metadata('none')).toBeUndefined();
    stream.close();
  });

  it('knows its peer for as long as the caller is there', async () => {
    const { calls, handler } = unanswered();
    await using server = await serveUnary(handler);
    const stream = open(server.session);
    stream.end(REQUEST);
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect(calls[0]?.peer.address).toBe('127.0.0.1');
    stream.close(constants.NGHTTP2_CANCEL);
    await vi.waitFor(() => expect(calls[0]?.peer).toEqual({ address: 'unknown', certificateSubject: undefined }));
  });

  describe('with a deadline', () => {
    it('ends when it passes, whether its request is there or not, and its answer goes nowhere', async () => {
      const { calls, handler } = unanswered();
      await using server = await serveUnary(handler);
      const unsent = open(server.session, { 'grpc-timeout': '100m' });
      const sent = open(server.session, { 'grpc-timeout': '100m' });
      sent.end(REQUEST);
      for (const answer of await Promise.all([answerTo(unsent), answerTo(sent)])) {
        expect(answer).toMatchObject({ 'grpc-status': '4', 'grpc-message': 'Deadline%20exceeded' });
      }
      calls[0]?.respond({ requestId: 'one' }, { body: Buffer.of() });
      unsent.end(REQUEST);
      await closeOf(unsent);
      expect(calls).toHaveLength(1);
    });

    it('is reset when it passes and its answer has not been taken', async () => {
      const respond = (call: UnaryCall): void => call.respond({ requestId: 'one' }, { body: Buffer.alloc(3_000_000) });
      await using server = await serveUnary(respond);
      const stream = server.session.request({ ':method': 'POST', ...HEADERS, 'grpc-timeout': '100m' });
      stream.on('error', () => undefined);
      stream.end(REQUEST);
      await once(stream, 'close');
      expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    });

    it('is answered in time where there is time', async () => {
      await using server = await serveUnary(answerOk);
      const { trailers } = await rawCall(server.session, { ...HEADERS, 'grpc-timeout': '1H' }, [REQUEST]);
      expect(trailers).toContain('grpc-status: 0');
    });

    it('that is none ends with INTERNAL and what was sent, and is not served', async () => {
      const handler = vi.fn(answerOk);
      await using server = await serveUnary(handler);
      const { headers } = await rawCall(server.session, { ...HEADERS, 'grpc-timeout': 'soon' }, [REQUEST]);
      expect(headers).toContain('grpc-status: 13');
      expect(headers).toContain('grpc-message: Invalid%20grpc-timeout%20value%20%22soon%22');
      expect(handler).not.toHaveBeenCalled();
    });
  });

  describe('whose request is compressed', () => {
    it('gets it decompressed', async () => {
      await using server = await serveUnary(answerOk);
      const sent = framed(gzipSync('asks'), 1);
      const { body } = await rawCall(server.session, { ...HEADERS, 'grpc-encoding': 'gzip' }, [sent]);
      expect(body).toEqual(REQUEST);
    });

    it.each(['identity', 'gzip', 'deflate'])('by %s is served once', async (encoding) => {
      const { calls, handler } = unanswered();
      await using server = await serveUnary(handler);
      const compress =
        encoding === 'gzip' ? gzipSync : encoding === 'deflate' ? deflateSync : (text: string) => Buffer.from(text);
      const streams = Array.from({ length: 100 }, () => open(server.session, { 'grpc-encoding': encoding }));
      for (const stream of streams) {
        stream.end(framed(compress('asks'), 1));
      }
      await vi.waitFor(() => expect(new Set(calls).size).toBe(streams.length));
      await delay(50);
      expect(calls).toHaveLength(streams.length);
    });

    it('is not served where it has ended while that was done', async () => {
      const handler = vi.fn(answerOk);
      await using server = await serveUnary(handler, { maxMessageBytes: 50_000_000 });
      const stream = open(server.session, { 'grpc-encoding': 'gzip', 'grpc-timeout': '1m' });
      stream.end(framed(gzipSync(Buffer.alloc(40_000_000)), 1));
      expect(await answerTo(stream)).toMatchObject({ 'grpc-status': '4' });
      await delay(200);
      expect(handler).not.toHaveBeenCalled();
    });
  });

  describe('that has failed while its client still sends', () => {
    it('is answered at once, and the rest is read and dropped', async () => {
      const handler = vi.fn(answerOk);
      await using server = await serveUnary(handler);
      const stream = open(server.session);
      stream.write(Buffer.of(0, 0xff, 0xff, 0xff, 0xff));
      expect(await answerTo(stream)).toMatchObject({ 'grpc-status': '8' });
      const before = process.memoryUsage().arrayBuffers;
      const piece = Buffer.alloc(256 * 1024);
      for (let sent = 0; sent < 192 * 1024 * 1024; sent += piece.length) {
        await new Promise((resolve) => stream.write(piece, resolve));
      }
      // The collector takes its time.
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(96 * 1024 * 1024);
      stream.end();
      await closeOf(stream);
      expect(handler).not.toHaveBeenCalled();
    });

    it('is not served by what comes later', async () => {
      const handler = vi.fn(answerOk);
      await using server = await serveUnary(handler, { requestTimeoutMs: 50 });
      const stream = open(server.session);
      stream.write(REQUEST);
      expect(await answerTo(stream)).toMatchObject({ 'grpc-status': '4' });
      stream.end();
      await closeOf(stream);
      expect(handler).not.toHaveBeenCalled();
    });
  });
});
