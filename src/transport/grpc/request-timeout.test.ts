import { status } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import type { CallStatus } from './call-status.js';
import { RequestTimeout } from './request-timeout.js';

function waitingCall(): { sendStatus: (failure: CallStatus) => void; ended: CallStatus[] } {
  const ended: CallStatus[] = [];
  return { ended, sendStatus: (failure) => ended.push(failure) };
}

describe('RequestTimeout', () => {
  it('ends a call whose request does not come, and leaves one alone whose request came', async () => {
    using timeout = new RequestTimeout(30);
    const [late, punctual] = [waitingCall(), waitingCall()];
    timeout.began(late);
    timeout.began(punctual);
    timeout.received(punctual);
    await vi.waitFor(() => expect(late.ended).toHaveLength(1));
    expect(late.ended[0]).toEqual({
      code: status.DEADLINE_EXCEEDED,
      details: 'the request message did not arrive within 30 ms',
    });
    expect(punctual.ended).toEqual([]);
  });

  it('ends the oldest call where too many are waiting', () => {
    using timeout = new RequestTimeout(60_000);
    const calls = Array.from({ length: 16_385 }, waitingCall);
    for (const call of calls.slice(0, -1)) {
      timeout.began(call);
    }
    expect(calls[0]?.ended).toEqual([]);
    for (const call of calls.slice(-1)) {
      timeout.began(call);
    }
    expect(calls[0]?.ended).toMatchObject([{ code: status.RESOURCE_EXHAUSTED }]);
    expect(calls.filter(({ ended }) => ended.length > 0)).toHaveLength(1);
  });
});
