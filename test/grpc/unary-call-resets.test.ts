import { constants } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { FRAME, frame, headerBlock } from './http2-frames.js';
import { rawCall } from './raw-call.js';
import { answerOk, answerTo, closeOf, HEADERS, open, REQUEST, serveUnary, unanswered } from './unary-call-servers.js';

/** What opens a connection and its first call. */
function opening(headers: Record<string, string>): Buffer[] {
  const pseudo = { ':method': 'POST', ':scheme': 'http', ':authority': 'localhost' };
  return [
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(FRAME.settings, 0, 0, Buffer.of()),
    frame(FRAME.headers, FRAME.endHeaders, 1, headerBlock({ ...pseudo, ...HEADERS, ...headers })),
  ];
}

function resetFrame(code: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code);
  return frame(FRAME.reset, 0, 1, payload);
}

describe('a unary call that its client resets', () => {
  const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR } = constants;
  const codes = [NGHTTP2_NO_ERROR, NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR];

  it.each(codes)('with code %i before its request is there as a whole is not served', async (code) => {
    const handler = vi.fn(answerOk);
    await using server = await serveUnary(handler);
    for (const length of [0, 3, 7]) {
      const stream = open(server.session);
      stream.write(REQUEST.subarray(0, length));
      await delay(20);
      stream.close(code);
      await closeOf(stream);
    }
    expect((await rawCall(server.session, HEADERS, [REQUEST])).body).toEqual(REQUEST);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it.each(codes)('with code %i before Node tells of it is passed over, whatever it is', async (code) => {
    const handler = vi.fn(answerOk);
    await using server = await serveUnary(handler);
    for (const type of ['text/plain', 'application/grpc']) {
      const bytes = Buffer.concat([...opening({ 'content-type': type }), resetFrame(code)]);
      const socket = connect(server.bufferingPort, '127.0.0.1', () => socket.write(bytes));
      socket.resume();
      await delay(50);
      socket.destroy();
    }
    expect((await rawCall(server.session, HEADERS, [REQUEST])).body).toEqual(REQUEST);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it.each(codes)('with code %i instead of ending its request is not served', async (code) => {
    const handler = vi.fn(answerOk);
    await using server = await serveUnary(handler);
    // A client of node:http2 would end the request first.
    const socket = connect(server.port, '127.0.0.1');
    socket.write(Buffer.concat([...opening({}), frame(FRAME.data, 0, 1, REQUEST)]));
    socket.write(resetFrame(code));
    socket.resume();
    await delay(100);
    socket.destroy();
    expect(handler).not.toHaveBeenCalled();
  });

  it.each(codes)('with code %i while it is served has its answer dropped', async (code) => {
    const { calls, handler } = unanswered();
    await using server = await serveUnary(handler);
    const streams = [1, 2].map(() => open(server.session, { 'grpc-timeout': '1H' }));
    for (const stream of streams) {
      stream.end(REQUEST);
    }
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    for (const stream of streams) {
      stream.close(code);
    }
    await vi.waitFor(() => expect(calls.every(({ peer }) => peer.address === 'unknown')).toBe(true));
    calls[0]?.respond({ requestId: 'one' }, { body: Buffer.of() });
    calls[1]?.fail({ requestId: 'one' }, { code: status.INTERNAL, details: '' });
  });

  it.each(codes)('with code %i while its answer is on the way harms nobody', async (code) => {
    const body = Buffer.alloc(3_000_000);
    await using server = await serveUnary((call) => call.respond({ requestId: 'one' }, { body }));
    const stream = server.session.request({ ':method': 'POST', ...HEADERS });
    stream.on('error', () => undefined);
    stream.end(REQUEST);
    await answerTo(stream);
    stream.close(code);
    stream.resume();
    await closeOf(stream);
    expect((await rawCall(server.session, HEADERS, [REQUEST])).body).toHaveLength(5 + body.length);
  });

  it('together with its connection has its answer dropped', async () => {
    const { calls, handler } = unanswered();
    await using server = await serveUnary(handler);
    open(server.session).end(REQUEST);
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    server.session.destroy();
    await vi.waitFor(() => expect(calls[0]?.peer.address).toBe('unknown'));
    calls[0]?.respond({ requestId: 'one' }, { body: Buffer.of() });
  });
});
