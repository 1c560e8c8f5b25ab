import type { Client } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeResumeToken } from '../../src/service/resume-token.js';
import { type ApiClient, httpClient } from '../support/api-client.js';
import { startTestApp, type TestApp } from '../support/start-test-app.js';
import { putTemplate } from './put-template.js';
import { changesIn, grpcConnection, type SeenWatch, type WatchQuery, watchGrpc, watchSse } from './watch-clients.js';

let app: TestApp;
let api: ApiClient;
let connection: Client;

beforeAll(async () => {
  app = await startTestApp({ flags: ['--checkpoint-interval-ms=300'] });
  api = httpClient(app.origin, 'json', app.credentials);
  connection = grpcConnection(app.grpcAddress, app.credentials);
});

afterAll(async () => {
  connection.close();
  await api[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

async function put(name: string, config: Record<string, string> = {}): Promise<void> {
  await putTemplate(api, name, config);
}

async function remove(name: string): Promise<void> {
  expect((await api.call('deleteAppImage', { name })).code).toBe(0);
}

describe.each([
  ['gRPC', (query: WatchQuery) => watchGrpc(connection, app.credentials.token, query)],
  ['server-sent events', (query: WatchQuery) => watchSse(app.origin, app.credentials, query)],
] as const)('a watch over %s', (transport, watch: (query: WatchQuery) => SeenWatch) => {
  const prefix = transport === 'gRPC' ? 'g' : 's';

  it('tells every change from now on, in order, after a checkpoint that says where now is', async () => {
    await put(`${prefix}-before`);
    const seen = watch({ namePrefix: prefix });
    await seen.until((events) => events.length > 0);
    await put(`${prefix}-a`, { key: 'line 1\nline 2\r\n\u2028' });
    await put(`${prefix}-a`, { key: 'other' });
    await remove(`${prefix}-a`);
    await put(`${prefix}-a`);
    await seen.until((events) => changesIn(events).length >= 4);
    seen.cancel();
    expect(seen.events[0]?.type).toBe('CHECKPOINT');
    expect(changesIn(seen.events)).toEqual([
      `PUT ${prefix}-a 1`,
      `PUT ${prefix}-a 2`,
      `DELETE ${prefix}-a 3`,
      `PUT ${prefix}-a 4`,
    ]);
    expect(seen.events.find(({ revision }) => revision === 1)?.config).toEqual({ key: 'line 1\nline 2\r\n\u2028' });
  });

  it('tells the present state, then its marker, then every change', async () => {
    const names = Array.from({ length: 120 }, (_, index) => `${prefix}x-${String(index).padStart(3, '0')}`);
    await Promise.all(names.map((name) => put(name)));
    await remove(names[7] ?? '');
    const seen = watch({ start: 'STATE', namePrefix: `${prefix}x-` });
    await seen.until((events) => events.some(({ type }) => type === 'STATE_COMPLETE'));
    await put(`${prefix}x-later`);
    await seen.until((events) => changesIn(events).length >= 120);
    seen.cancel();
    const marker = seen.events.findIndex(({ type }) => type === 'STATE_COMPLETE');
    expect(changesIn(seen.events.slice(0, marker))).toEqual(
      names.filter((_, index) => index !== 7).map((name) => `PUT ${name} 1`),
    );
    expect(changesIn(seen.events.slice(marker))).toEqual([`PUT ${prefix}x-later 1`]);
  });

  it('goes on behind any of its tokens', async () => {
    const seen = watch({ namePrefix: `${prefix}y` });
    await seen.until((events) => events.length > 0);
    for (let index = 0; index < 5; index += 1) {
      await put(`${prefix}y-${index}`);
    }
    await seen.until((events) => changesIn(events).length >= 5);
    seen.cancel();
    const changes = changesIn(seen.events);
    for (const [index, event] of seen.events.filter(({ type }) => type !== 'CHECKPOINT').entries()) {
      const again = watch({ namePrefix: `${prefix}y`, resumeToken: event.token });
      await again.until((events) => changesIn(events).length >= 4 - index && events.length > 0);
      again.cancel();
      expect(changesIn(again.events)).toEqual(changes.slice(index + 1));
    }
  });

  it('goes on within the state behind any of its tokens', async () => {
    const names = ['a', 'b', 'c', 'd'].map((letter) => `${prefix}z-${letter}`);
    await Promise.all(names.map((name) => put(name)));
    const first = watch({ start: 'STATE', namePrefix: `${prefix}z` });
    await first.until((events) => events.some(({ type }) => type === 'STATE_COMPLETE'));
    first.cancel();
    await put(names[0] ?? '', { changed: 'yes' });
    await put(names[3] ?? '', { changed: 'yes' });
    const again = watch({ resumeToken: first.events[1]?.token ?? '', namePrefix: `${prefix}z` });
    await again.until((events) => events.some(({ type }) => type === 'STATE_COMPLETE'));
    again.cancel();
    expect(changesIn(first.events)).toEqual(names.map((name) => `PUT ${name} 1`));
    expect(changesIn(again.events)).toEqual([`PUT ${names[2]} 1`, `PUT ${names[0]} 2`, `PUT ${names[3]} 2`]);
  });

  it('gets a checkpoint with a fresh token while nothing that it asks for happens', async () => {
    const seen = watch({ namePrefix: `${prefix}never` });
    await seen.until((events) => events.length > 0);
    await put(`${prefix}-elsewhere`);
    await seen.until((events) => new Set(events.map(({ token }) => token)).size > 1);
    seen.cancel();
    expect(new Set(seen.events.map(({ type }) => type))).toEqual(new Set(['CHECKPOINT']));
  });

  it('refuses a token that is none, and one from the future', async () => {
    const made = await watch({ resumeToken: '0~AAAAAAAA' }).ended;
    expect(made).toMatchObject({ code: 11100, status: transport === 'gRPC' ? 0 : 400 });
    expect(made.message).toContain('resume_token');
    const future = encodeResumeToken({ position: 1e9, inState: false, stateAfter: undefined });
    const ahead = await watch({ resumeToken: future }).ended;
    expect(ahead).toMatchObject({ code: 13153, status: transport === 'gRPC' ? 0 : 410 });
    expect(ahead.message).toContain('ahead of the newest change');
  });

  it('refuses a prefix that no name has', async () => {
    expect(await watch({ namePrefix: 'Not_A_Name' }).ended).toMatchObject({
      code: 11100,
      message: expect.stringContaining('name_prefix') as string,
    });
  });
});
