import { spawn } from 'node:child_process';
import { connect } from 'node:http2';
import { Agent, type Dispatcher, EventSource, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, httpClient } from '../support/api-client.js';
import { startTestApp, type TestApp } from '../support/start-test-app.js';
import { putTemplate } from './put-template.js';
import { WATCH_PATH, watchSse } from './watch-clients.js';

let app: TestApp;
let api: ApiClient;
let agent: Agent;

beforeAll(async () => {
  app = await startTestApp({ flags: ['--checkpoint-interval-ms=200'] });
  api = httpClient(app.origin, 'json', app.credentials);
  const { ca, cert, key } = app.credentials;
  agent = new Agent({ connect: { ca, cert, key } });
});

afterAll(async () => {
  await agent.destroy();
  await api[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
});

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A request whose answer has an end. */
async function call(path: string, method: Dispatcher.HttpMethod, headers: Record<string, string>): Promise<Reply> {
  const {
    statusCode,
    headers: received,
    body,
  } = await request(`${app.origin}${path}`, { dispatcher: agent, method, headers });
  return { status: statusCode, headers: received, text: await body.text() };
}

async function session(): Promise<string> {
  const { headers } = await call(`${WATCH_PATH}/session`, 'POST', { token: app.credentials.token ?? '' });
  return String(headers['set-cookie']);
}

describe('a watch by server-sent events', () => {
  it('has the headers of an event stream, and none that lets other sites in', async () => {
    const { statusCode, headers, body } = await request(`${app.origin}${WATCH_PATH}`, {
      dispatcher: agent,
      headers: { token: app.credentials.token ?? '', origin: 'https://elsewhere.example', 'x-request-id': 'mine' },
    });
    let text = '';
    for await (const chunk of body) {
      text += String(chunk);
      if (text.includes('data:')) {
        break;
      }
    }
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': 'mine',
    });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(text).toMatch(/^retry: \d+\n\nid: \S+\nevent: CHECKPOINT\ndata: \{.*\}\n\n/);
  });

  it.each(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'] as const)('is no answer to %s', async (method) => {
    const { status, headers } = await call(WATCH_PATH, method, { token: app.credentials.token ?? '' });
    expect(status).toBe(405);
    expect(headers['allow']).toBe('GET');
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });

  it.each([
    ['start=STATE&resumetoken=x', 'did you mean resumeToken?'],
    ['start=LATER', 'use NOW or STATE'],
    ['start=NOW&start=STATE', 'more than once'],
    ['namePrefix=a&name_prefix=b', 'more than once'],
    ['__proto__=a', 'no such query parameter'],
    ['resume_token=nonsense', 'not a token of this service'],
  ])('with the query %s is refused with words', async (query, words) => {
    const { status, text } = await call(`${WATCH_PATH}?${query}`, 'GET', { token: app.credentials.token ?? '' });
    expect(status).toBe(400);
    const { status: outcome } = JSON.parse(text) as { status: { code: number; message: string } };
    expect(outcome.code).toBe(11100);
    expect(outcome.message).toContain(words);
  });

  it('goes on behind Last-Event-ID rather than behind the token in its URL', async () => {
    const first = watchSse(app.origin, app.credentials);
    await first.until((events) => events.length > 0);
    await putTemplate(api, 'id-1');
    await putTemplate(api, 'id-2');
    await first.until((events) => events.filter(({ type }) => type === 'PUT').length >= 2);
    first.cancel();
    const [oldest, newer] = [first.events[0]?.token ?? '', first.events.find(({ name }) => name === 'id-1')?.token];
    const { body } = await request(`${app.origin}${WATCH_PATH}?resume_token=${oldest}`, {
      dispatcher: agent,
      headers: { token: app.credentials.token ?? '', 'last-event-id': newer ?? '' },
    });
    let text = '';
    for await (const chunk of body) {
      text += String(chunk);
      if (text.includes('"id-2"')) {
        break;
      }
    }
    expect(text).not.toContain('"id-1"');
  });

  it.each(['--http1.1', '--http2'])('works with curl -N %s', async (version) => {
    const { certificates } = app;
    const curl = spawn('curl', [
      '-sSN',
      version,
      '--cacert',
      certificates.caFile,
      '--cert',
      certificates.client.certificateFile,
      '--key',
      certificates.client.keyFile,
      '-H',
      `Token: ${certificates.token}`,
      `${app.origin}${WATCH_PATH}?start=NOW&namePrefix=curl`,
    ]);
    let text = '';
    const arrives = (what: string): Promise<void> =>
      new Promise((resolve) => {
        curl.stdout.on('data', (chunk: Buffer) => {
          text += chunk.toString();
          if (text.includes(what)) {
            resolve();
          }
        });
      });
    const name = `curl${version.replaceAll(/\D/g, '')}`;
    await arrives('CHECKPOINT');
    const told = arrives(`"name":"${name}"`);
    await putTemplate(api, name);
    await told;
    curl.kill();
    expect(text).toContain('event: PUT\n');
  });

  it('goes on over HTTP/2 while other requests use the connection, and ends when its stream is reset', async () => {
    const { ca, cert, key } = app.credentials;
    const http2 = connect(app.origin, {
      ca,
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    const stream = http2.request({ ':path': `${WATCH_PATH}?namePrefix=h2`, token: app.credentials.token });
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await expect.poll(() => text).toContain('CHECKPOINT');
    const other = http2.request({ ':path': '/openapi.json' });
    other.resume();
    await new Promise((resolve) => other.once('end', resolve));
    await putTemplate(api, 'h2-a');
    await expect.poll(() => text).toContain('"h2-a"');
    const closed = new Promise((resolve) => stream.once('close', resolve));
    stream.close();
    await closed;
    await expect
      .poll(
        () =>
          app.logLines.filter(
            ({ msg, namePrefix, end }) => msg === 'stream ended' && namePrefix === 'h2' && end === 'client',
          ).length,
      )
      .toBe(1);
    http2.destroy();
  });
});

describe('the cookie of a browser', () => {
  it('is handed out for a token alone, hidden from scripts and from other sites', async () => {
    const { status, headers, text } = await call(`${WATCH_PATH}/session`, 'POST', {
      token: app.credentials.token ?? '',
    });
    expect([status, text]).toEqual([204, '']);
    expect(headers['set-cookie']).toBe(
      `appimage-watch=${app.credentials.token}; HttpOnly; Secure; SameSite=Strict; Path=${WATCH_PATH}; Max-Age=3600`,
    );
    expect(headers['cache-control']).toBe('no-store');
    const cookie = (await session()).split(';')[0] ?? '';
    expect((await call(`${WATCH_PATH}/session`, 'POST', {})).status).toBe(401);
    expect((await call(`${WATCH_PATH}/session`, 'POST', { cookie })).status).toBe(401);
    const get = await call(`${WATCH_PATH}/session`, 'GET', { token: app.credentials.token ?? '' });
    expect([get.status, get.headers['allow']]).toEqual([405, 'POST']);
  });

  it('opens the watch and nothing else', async () => {
    const cookie = (await session()).split(';')[0] ?? '';
    const { token: _, ...noToken } = app.credentials;
    const seen = watchSse(app.origin, noToken, {}, { cookie: `other=1; ${cookie}; more="2"` });
    await seen.until((events) => events.length > 0);
    expect(seen.events.length).toBeGreaterThan(0);
    seen.cancel();
    expect((await call('/api/v1/appimage/query', 'POST', { cookie })).status).toBe(401);
    expect(
      await watchSse(app.origin, noToken, {}, { cookie: 'appimage-watch=wrong-token-0123456789' }).ended,
    ).toMatchObject({
      status: 401,
    });
    expect((await watchSse(app.origin, noToken, {}, { cookie: 'appimage-watch=%E0%A4%A' }).ended).status).toBe(401);
  });

  it('lets an EventSource in, and a later one goes on where it was', async () => {
    const cookie = (await session()).split(';')[0] ?? '';
    const withCookie = agent.compose(
      (dispatch) => (options, handler) =>
        dispatch({ ...options, headers: { ...(options.headers as object), cookie } }, handler),
    );
    const names: string[] = [];
    const tokens: string[] = [];
    const open = (query: string): EventSource => {
      const source = new EventSource(`${app.origin}${WATCH_PATH}?${query}`, { dispatcher: withCookie });
      source.addEventListener('PUT', (event) => {
        const { data, lastEventId } = event as unknown as { data: string; lastEventId: string };
        names.push((JSON.parse(data) as { revision: { name: string } }).revision.name);
        tokens.push(lastEventId);
      });
      return source;
    };
    const first = open('namePrefix=es');
    await new Promise((resolve) => first.addEventListener('CHECKPOINT', resolve));
    await putTemplate(api, 'es-1');
    await expect.poll(() => names).toEqual(['es-1']);
    first.close();
    const second = open(`namePrefix=es&resumeToken=${tokens[0]}`);
    await putTemplate(api, 'es-2');
    await expect.poll(() => names).toEqual(['es-1', 'es-2']);
    second.close();
  });
});
