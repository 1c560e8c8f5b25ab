import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { type Client, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WatchRequest, WatchRequest_Start } from '../../gen/appimage/v1/registry.js';
import { framed } from '../grpc/raw-call.js';
import { type ApiClient, httpClient } from '../support/api-client.js';
import { startTestApp, type TestApp } from '../support/start-test-app.js';
import { putTemplate } from './put-template.js';
import { changesIn, grpcConnection, watchGrpc, watchGrpcRaw, watchSse } from './watch-clients.js';

async function metric(app: TestApp, line: string): Promise<number> {
  const text = await (await fetch(`${app.adminOrigin}/metrics`)).text();
  const found = text.split('\n').find((each) => each.startsWith(line));
  return Number(found?.split(' ').at(-1));
}

describe('a watch', { timeout: 120_000 }, () => {
  let app: TestApp;
  let api: ApiClient;
  let connection: Client;
  let filled = 0;

  beforeAll(async () => {
    app = await startTestApp({ flags: ['--watch-backlog=50', '--max-changes=400'] });
    api = httpClient(app.origin, 'json', app.credentials);
    connection = grpcConnection(app.grpcAddress, app.credentials);
  });

  afterAll(async () => {
    connection.close();
    await api[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
  });

  /** Stores templates large enough to fill what lies between, until a condition holds. */
  async function changeUntil(
    condition: () => Promise<boolean>,
    names: string[] = [],
    keepUp: () => Promise<unknown> = () => Promise.resolve(),
  ): Promise<void> {
    const filler = 'y'.repeat(40_000);
    while (!(await condition())) {
      const batch = Array.from({ length: 8 }, (_, index) => `fill-${filled}-${index}`);
      filled += 1;
      await Promise.all(batch.map((name) => putTemplate(api, name, { filler })));
      names.push(...batch);
      await keepUp();
    }
  }

  it('without a token, or with a wrong one, is refused over both transports', async () => {
    for (const token of [undefined, 'a-wrong-token-0123456789']) {
      const seen = await watchGrpc(connection, token).ended;
      expect(seen.status).toBe(status.UNAUTHENTICATED);
      const { token: _, ...stranger } = app.credentials;
      const who = token === undefined ? stranger : { ...stranger, token };
      expect(await watchSse(app.origin, who).ended).toMatchObject({ status: 401, code: 11102 });
    }
  });

  it('is refused where its request is no message, or asks for a start that there is not', async () => {
    const broken = await watchGrpcRaw(connection, app.credentials.token, Buffer.from([0x1a, 0x05, 0x61])).ended;
    expect(broken.status).toBe(status.INVALID_ARGUMENT);
    const unknown = await watchGrpcRaw(connection, app.credentials.token, Buffer.from([0x10, 0x07])).ended;
    expect(unknown).toMatchObject({ status: status.OK, code: 11100 });
    expect(unknown.message).toContain('start');
  });

  it('ends with its deadline', async () => {
    const seen = await watchGrpc(connection, app.credentials.token, {}, { deadlineMs: 300 }).ended;
    expect(seen.status).toBe(status.DEADLINE_EXCEEDED);
  });

  it('survives a deadline that comes while its client does not read', async () => {
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => putTemplate(api, `dead-${index}`, { big: 'x'.repeat(500_000) })),
    );
    const seen = watchGrpc(connection, app.credentials.token, { start: 'STATE' }, { deadlineMs: 500 });
    seen.pause();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    seen.resume();
    expect((await seen.ended).status).toBe(status.DEADLINE_EXCEEDED);
    await vi.waitFor(async () => expect(await metric(app, 'appimage_watches_open{transport="grpc"}')).toBe(0), 10_000);
    await putTemplate(api, 'dead-after');
  });

  it('ends at its deadline though its client reads nothing, not even that it has', async () => {
    await putTemplate(api, 'unread', { big: 'x'.repeat(500_000) });
    const { ca, cert, key, token } = app.credentials;
    const session = connect(`https://${app.grpcAddress}`, { ca, cert, key });
    session.on('error', () => undefined);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/appimage.v1.AppImageRegistryService/Watch',
      'content-type': 'application/grpc',
      'grpc-timeout': '300m',
      token,
    });
    stream.on('error', () => undefined);
    const closed = once(stream, 'close');
    stream.end(framed(WatchRequest.encode(WatchRequest.fromPartial({ start: WatchRequest_Start.STATE })).finish()));
    await vi.waitFor(async () => expect(await metric(app, 'appimage_watches_open{transport="grpc"}')).toBe(1), 10_000);
    await vi.waitFor(async () => expect(await metric(app, 'appimage_watches_open{transport="grpc"}')).toBe(0), 2000);
    await closed;
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    session.destroy();
  });

  it('leaves nothing behind when it ends long before its deadline', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const seen = Array.from({ length: 100 }, () =>
      watchGrpc(connection, 'a-wrong-token-0123456789', {}, { deadlineMs: 3_600_000 }),
    );
    await Promise.all(seen.map((watch) => watch.ended));
    await vi.waitFor(() => expect(timers()).toBeLessThan(before + 20), 5000);
  });

  it('leaves nothing behind when it is cancelled, a thousand times', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    for (let round = 0; round < 10; round += 1) {
      const seen = Array.from({ length: 100 }, () => watchGrpc(connection, app.credentials.token));
      await Promise.all(seen.map((watch) => watch.until((events) => events.length > 0)));
      seen.map((watch) => watch.cancel());
      await Promise.all(seen.map((watch) => watch.ended));
    }
    const sse = Array.from({ length: 20 }, () => watchSse(app.origin, app.credentials));
    await Promise.all(sse.map((watch) => watch.until((events) => events.length > 0)));
    sse.map((watch) => watch.cancel());
    await vi.waitFor(async () => {
      expect(await metric(app, 'appimage_watches_open{transport="grpc"}')).toBe(0);
      expect(await metric(app, 'appimage_watches_open{transport="http"}')).toBe(0);
    }, 10_000);
    const after = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    expect(after).toBeLessThan(before + 20);
    expect(await metric(app, 'appimage_watches_ended_total{transport="grpc",end="client"}')).toBeGreaterThanOrEqual(
      1000,
    );
    expect(await metric(app, 'appimage_requests_in_flight')).toBe(0);
  });

  it('whose client does not read is ended with its last token, and the others get everything', async () => {
    const slowConnection = grpcConnection(app.grpcAddress, app.credentials);
    const { token } = app.credentials;
    const stalled = watchGrpc(slowConnection, token);
    const stalledSse = watchSse(app.origin, app.credentials);
    const others = [watchGrpc(connection, token), watchSse(app.origin, app.credentials)];
    await Promise.all([stalled, stalledSse, ...others].map((watch) => watch.until((events) => events.length > 0)));
    stalled.pause();
    stalledSse.pause();
    const names: string[] = [];
    await changeUntil(
      async () =>
        (await metric(app, 'appimage_watches_ended_total{transport="grpc",end="too_slow"}')) === 1 &&
        (await metric(app, 'appimage_watches_ended_total{transport="http",end="too_slow"}')) === 1,
      names,
      // Whoever reads must not be taken for slow because a fast machine writes faster than one test can read.
      () => Promise.all(others.map((other) => other.until((events) => changesIn(events).length >= names.length))),
    );
    for (const other of others) {
      await other.until((events) => changesIn(events).length >= names.length);
      expect(new Set(changesIn(other.events))).toEqual(new Set(names.map((name) => `PUT ${name} 1`)));
    }
    const complete = changesIn(others[0]?.events ?? []);
    stalled.resume();
    stalledSse.resume();
    const ending = await stalled.ended;
    expect(ending.status).toBe(status.RESOURCE_EXHAUSTED);
    expect(ending.details).toContain(stalled.events.at(-1)?.token);
    expect(await stalledSse.ended).toMatchObject({
      code: 13152,
      message: expect.stringContaining('last resume token') as string,
    });
    for (const [watch, again] of [
      [stalled, watchGrpc(slowConnection, token, { resumeToken: stalled.events.at(-1)?.token ?? '' })],
      [stalledSse, watchSse(app.origin, app.credentials, { resumeToken: stalledSse.events.at(-1)?.token ?? '' })],
    ] as const) {
      await again.until((events) => changesIn([...watch.events, ...events]).length >= names.length);
      expect(changesIn([...watch.events, ...again.events])).toEqual(complete);
      again.cancel();
    }
    others.map((other) => other.cancel());
    slowConnection.close();
  });

  it('whose client never reads again is reset, so that it holds nothing', async () => {
    const slowConnection = grpcConnection(app.grpcAddress, app.credentials);
    const stalled = watchGrpc(slowConnection, app.credentials.token);
    await stalled.until((events) => events.length > 0);
    stalled.pause();
    const ended = await metric(app, 'appimage_watches_ended_total{transport="grpc",end="too_slow"}');
    await changeUntil(
      async () => (await metric(app, 'appimage_watches_ended_total{transport="grpc",end="too_slow"}')) === ended + 1,
    );
    await new Promise((resolve) => setTimeout(resolve, 6000));
    stalled.resume();
    const ending = await stalled.ended;
    expect(ending.status).toBe(status.RESOURCE_EXHAUSTED);
    expect(ending.details).not.toContain('resume token');
    slowConnection.close();
  });

  it('from a token older than the history is refused, and told the earliest one that works', async () => {
    const first = watchGrpc(connection, app.credentials.token);
    await first.until((events) => events.length > 0);
    first.cancel();
    for (let round = 0; round < 30; round += 1) {
      await Promise.all(Array.from({ length: 30 }, (_, index) => putTemplate(api, `expire-${round}-${index}`)));
    }
    const resumeToken = first.events[0]?.token ?? '';
    const overGrpc = await watchGrpc(connection, app.credentials.token, { resumeToken }).ended;
    expect(overGrpc).toMatchObject({ status: status.OK, code: 13153 });
    expect(await watchSse(app.origin, app.credentials, { resumeToken }).ended).toMatchObject({
      status: 410,
      code: 13153,
    });
    const earliest = /earliest usable one is ([^,]+),/.exec(overGrpc.message)?.[1] ?? '';
    const again = watchGrpc(connection, app.credentials.token, { resumeToken: earliest });
    await again.until((events) => changesIn(events).length >= 400);
    again.cancel();
    expect(changesIn(again.events).at(-1)).toMatch(/^PUT expire-/);
  });
});

describe('a watch on a server that shuts down', () => {
  it('ends in order, with its last token, and is not cut off', async () => {
    const app = await startTestApp({ flags: ['--shutdown-grace-ms=20000'] });
    const api = httpClient(app.origin, 'json', app.credentials);
    const connection = grpcConnection(app.grpcAddress, app.credentials);
    const overGrpc = watchGrpc(connection, app.credentials.token);
    const overSse = watchSse(app.origin, app.credentials);
    await Promise.all([overGrpc, overSse].map((watch) => watch.until((events) => events.length > 0)));
    await putTemplate(api, 'one');
    await Promise.all([overGrpc, overSse].map((watch) => watch.until((events) => changesIn(events).length > 0)));
    await api[Symbol.asyncDispose]();
    await app.app[Symbol.asyncDispose]();
    expect(app.logLines.filter(({ msg }) => /\bcut\b/.test(String(msg)))).toEqual([]);
    const ending = await overGrpc.ended;
    expect(ending.status).toBe(status.UNAVAILABLE);
    expect(ending.details).toContain('shutting down');
    expect(ending.details).toContain(overGrpc.events.at(-1)?.token);
    expect(await overSse.ended).toMatchObject({ status: 0, code: 0 });
    connection.close();
    const lines = app.logLines.filter(({ msg }) => String(msg).startsWith('stream '));
    expect(lines.map(({ msg, end, tokenName }) => [msg, end, tokenName])).toEqual([
      ['stream began', undefined, 'token'],
      ['stream began', undefined, 'token'],
      ['stream ended', 'shutdown', 'token'],
      ['stream ended', 'shutdown', 'token'],
    ]);
    await app[Symbol.asyncDispose]();
  });
});
