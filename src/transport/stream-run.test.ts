import { afterEach, describe, expect, it, vi } from 'vitest';
import { AppImageError } from '../domain/errors.js';
import { StreamRun, type StreamSink } from './stream-run.js';
import type { StreamMessage, StreamMethod } from './wire/method.js';

afterEach(() => {
  vi.restoreAllMocks();
});

function message(number: number): StreamMessage {
  return { protobuf: new Uint8Array(), events: new Uint8Array(), eventCount: 2, resumeToken: `token-${number}` };
}

/** A client that takes so many messages before it stops reading. */
class Client implements StreamSink {
  readonly gone = new AbortController();
  readonly received: string[] = [];
  ready: (() => void) | undefined;
  begun = 0;
  room: number;

  constructor(room: number) {
    this.room = room;
  }

  get signal(): AbortSignal {
    return this.gone.signal;
  }

  begin(): void {
    this.begun += 1;
  }

  send({ resumeToken }: StreamMessage): boolean {
    this.received.push(resumeToken);
    return this.received.length < this.room;
  }

  onceReady(callback: () => void): void {
    this.ready = callback;
  }
}

/** What is going on while a client does not read. */
class Blocked {
  slow: (() => void) | undefined;
  stopped = 0;

  readonly method = {
    whileBlocked: (onSlow: () => void) => {
      this.slow = onSlow;
      return () => {
        this.stopped += 1;
      };
    },
  } as StreamMethod;
}

async function* forever(): AsyncGenerator<StreamMessage, void> {
  for (let number = 1; ; number += 1) {
    yield message(number);
  }
}

const NO_HOOKS = { recheck: () => undefined, onSent: () => undefined };

describe('a stream', () => {
  it('waits while its client does not read, and goes on when it does', async () => {
    const client = new Client(2);
    const blocked = new Blocked();
    const run = new StreamRun(blocked.method, client, NO_HOOKS);
    const ended = run.forward(forever());
    await vi.waitFor(() => expect(client.ready).toBeDefined());
    expect(client.received).toEqual(['token-1', 'token-2']);
    client.room = 3;
    client.ready?.();
    await vi.waitFor(() => expect(client.received).toHaveLength(3));
    await vi.waitFor(() => expect(blocked.stopped).toBe(1));
    client.gone.abort();
    expect(await ended).toEqual({ kind: 'client' });
    expect([client.begun, run.sentEvents, run.resumeToken, blocked.stopped]).toEqual([1, 6, 'token-3', 2]);
  });

  it('ends with the last token of a client that is too slow', async () => {
    const client = new Client(1);
    const blocked = new Blocked();
    const ended = new StreamRun(blocked.method, client, NO_HOOKS).forward(forever());
    await vi.waitFor(() => expect(blocked.slow).toBeDefined());
    blocked.slow?.();
    const end = await ended;
    expect(end).toMatchObject({ kind: 'too_slow', error: { reason: 'WATCHER_TOO_SLOW' } });
    expect('error' in end && end.error.message).toContain('token-1');
    expect(blocked.stopped).toBe(1);
  });

  it('ends at a shutdown also while its client does not read', async () => {
    const client = new Client(1);
    const blocked = new Blocked();
    const run = new StreamRun(blocked.method, client, NO_HOOKS);
    const ended = run.forward(forever());
    await vi.waitFor(() => expect(blocked.slow).toBeDefined());
    run.shutDown();
    expect(await ended).toEqual({ kind: 'shutdown' });
    expect(client.received).toEqual(['token-1']);
  });

  it('sends nothing more once its caller may no longer see it', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const refusal = new AppImageError('AUTH_FAILED', 'the token is gone');
    const client = new Client(Number.POSITIVE_INFINITY);
    const recheck = vi.fn<() => void>(() => {
      if (now >= 90_000) {
        throw refusal;
      }
    });
    const run = new StreamRun(new Blocked().method, client, { recheck, onSent: () => undefined });
    async function* slowly(): AsyncGenerator<StreamMessage, void> {
      for (let number = 1; ; number += 1) {
        now += 10_000;
        yield message(number);
      }
    }
    await expect(run.forward(slowly())).rejects.toBe(refusal);
    expect(recheck).toHaveBeenCalledTimes(3);
    expect(client.received.at(-1)).toBe('token-8');
  });

  it('hands on what its method throws, and leaves no method running', async () => {
    const left = vi.fn<() => void>();
    async function* broken(): AsyncGenerator<StreamMessage, void> {
      try {
        yield message(1);
        throw new Error('broken');
      } finally {
        left();
      }
    }
    await expect(new StreamRun(new Blocked().method, new Client(9), NO_HOOKS).forward(broken())).rejects.toThrow(
      'broken',
    );
    expect(left).toHaveBeenCalledOnce();
  });
});
