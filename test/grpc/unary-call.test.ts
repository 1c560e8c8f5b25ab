import { Metadata, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import type { InterceptedCall } from '../../src/transport/grpc/request-timeout.js';
import { RequestTimeout } from '../../src/transport/grpc/request-timeout.js';
import { type CallStatus, UnaryCall } from '../../src/transport/grpc/unary-call.js';

/** What a call has been told to do, in order. */
function recorded(): { call: InterceptedCall; done: unknown[] } {
  const done: unknown[] = [];
  const call = {
    start: () => done.push('start'),
    startRead: () => done.push('read'),
    sendMetadata: (metadata: Metadata) => done.push(metadata.toHttp2Headers()),
    sendMessage: (message: Buffer) => done.push(message.toString()),
    sendStatus: ({ code, details }: CallStatus) => done.push([code, details]),
  };
  return { call: call as unknown as InterceptedCall, done };
}

describe('UnaryCall', () => {
  it('reads the request to its end before it is served, and ends with headers, response and status', () => {
    using timeout = new RequestTimeout(60_000);
    const { call, done } = recorded();
    const unary = new UnaryCall(
      call,
      (served) =>
        served.respond(
          { 'x-request-id': 'one' },
          Buffer.from(`${served.metadata('who')} ${served.request.toString()}`),
        ),
      timeout,
    );
    const metadata = new Metadata();
    metadata.set('who', 'alice');
    unary.start();
    unary.onReceiveMetadata(metadata);
    unary.onReceiveMessage(Buffer.from('asks'));
    expect(done).toEqual(['start', 'read', 'read']);
    unary.onReceiveHalfClose();
    expect(done.slice(3)).toEqual([{ 'x-request-id': 'one' }, 'alice asks', [status.OK, 'OK']]);
  });

  it('ends with UNKNOWN and nothing of the inside where its handler throws', () => {
    using timeout = new RequestTimeout(60_000);
    const { call, done } = recorded();
    const unary = new UnaryCall(
      call,
      () => {
        throw new Error('secret of the inside');
      },
      timeout,
    );
    unary.start();
    unary.onReceiveMetadata(new Metadata());
    unary.onReceiveMessage(Buffer.of());
    unary.onReceiveHalfClose();
    expect(done.at(-1)).toEqual([status.UNKNOWN, 'Unknown error']);
  });
});
