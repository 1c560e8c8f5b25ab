import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/observability/logger.js';
import { AdminServer, type AdminServerOptions } from '../../src/transport/admin/admin-server.js';

const opened: AsyncDisposable[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each[Symbol.asyncDispose]()));
});

async function start(options: Partial<AdminServerOptions> = {}): Promise<{ admin: AdminServer; logged: string[] }> {
  const logged: string[] = [];
  const admin = await AdminServer.start({
    host: '127.0.0.1',
    port: 0,
    ready: async () => true,
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'up 1\n' }),
    log: createLogger('info', { write: (line) => logged.push(line) }),
    ...options,
  });
  opened.push(admin);
  return { admin, logged };
}

async function ask(
  admin: AdminServer,
  path: string,
  method = 'GET',
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  const sent = request({ host: '127.0.0.1', port: admin.address.port, path, method, agent: false });
  sent.end();
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const chunk of response) {
    body += String(chunk);
  }
  return { status: response.statusCode, body, headers: response.headers };
}

describe('the admin endpoint', () => {
  it('is live and ready while it serves and the store answers', async () => {
    const { admin } = await start();
    expect(await ask(admin, '/livez')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await ask(admin, '/readyz?verbose=1')).toMatchObject({ status: 200, body: 'ok\n' });
  });

  it('is live but not ready while the store does not answer, or its question fails', async () => {
    const { admin } = await start({ ready: async () => false });
    expect(await ask(admin, '/livez')).toMatchObject({ status: 200 });
    expect(await ask(admin, '/readyz')).toMatchObject({ status: 503, body: 'not ready: the store does not answer\n' });
    const failing = await start({ ready: () => Promise.reject(new Error('gone')) });
    expect(await ask(failing.admin, '/readyz')).toMatchObject({ status: 503 });
  });

  it('says within a second or so that a hanging store is not ready, asks it once for all probes, and recovers', async () => {
    const pending: ((ready: boolean) => void)[] = [];
    const { admin } = await start({ ready: () => new Promise((resolve) => pending.push(resolve)) });
    const answers = await Promise.all([ask(admin, '/readyz'), ask(admin, '/readyz')]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503]);
    expect(pending).toHaveLength(1);
    pending[0]?.(true);
    const next = ask(admin, '/readyz');
    await expect.poll(() => pending.length).toBe(2);
    pending[1]?.(true);
    expect(await next).toMatchObject({ status: 200 });
  });

  it('is not ready any more once the shutdown has begun, but still live', async () => {
    const { admin } = await start();
    admin.beginShutdown();
    expect(await ask(admin, '/readyz')).toMatchObject({ status: 503, body: 'not ready: shutting down\n' });
    expect(await ask(admin, '/livez')).toMatchObject({ status: 200 });
  });

  it('shows the metrics with their media type', async () => {
    const { admin } = await start();
    const { status, body, headers } = await ask(admin, '/metrics');
    expect({ status, body }).toEqual({ status: 200, body: 'up 1\n' });
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('answers HEAD without a body, and other methods with what is allowed', async () => {
    const { admin } = await start();
    const head = await ask(admin, '/metrics', 'HEAD');
    expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': '5' } });
    const post = await ask(admin, '/livez', 'POST');
    expect(post).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  it('says what there is where a path is unknown', async () => {
    const { admin } = await start();
    expect(await ask(admin, '/')).toMatchObject({
      status: 404,
      body: 'not found; there are /livez, /readyz, /metrics\n',
    });
  });

  it('answers a fault of ours without its details, which are logged', async () => {
    const { admin, logged } = await start({ metrics: () => Promise.reject(new Error('inside')) });
    const answer = await ask(admin, '/metrics');
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('inside');
    expect(logged.join()).toContain('inside');
  });

  it('says that its port is taken and what to change', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      await expect(start({ port })).rejects.toThrow(
        new RegExp(
          `^the admin endpoint cannot listen on 127\\.0\\.0\\.1, port ${port}: the port is taken.*--admin-port`,
        ),
      );
    } finally {
      taken.close();
    }
  });

  it('closes although a client keeps its connection, and may be closed twice', async () => {
    const { admin } = await start();
    const { port } = admin.address;
    const kept = request({ host: '127.0.0.1', port, path: '/livez', headers: { connection: 'keep-alive' } });
    kept.on('error', () => undefined);
    kept.end();
    const [response] = await once(kept, 'response');
    response.resume();
    await admin[Symbol.asyncDispose]();
    await admin[Symbol.asyncDispose]();
    await expect(ask({ address: { port } } as AdminServer, '/livez')).rejects.toThrow('ECONNREFUSED');
  });
});
