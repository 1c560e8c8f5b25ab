import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import { http1Client, http2Client, startGateway, type TestClient, type TestGateway } from './test-gateway.js';

let certificates: TemporaryCertificates;
let gateway: TestGateway;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  gateway = await startGateway(certificates);
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
});

describe.each([
  ['HTTP/1.1', http1Client],
  ['HTTP/2', http2Client],
] as const)('the documentation over %s', (_name, connect) => {
  let client: TestClient;

  beforeAll(() => {
    client = connect(gateway.tlsPort, certificates);
  });

  afterAll(async () => {
    await client[Symbol.asyncDispose]();
  });

  it.each([
    ['/openapi.json', 'application/json', '"openapi": "3.1.0"'],
    ['/docs', 'text/html; charset=utf-8', '<!doctype html>'],
    ['/docs/start.js', 'text/javascript; charset=utf-8', 'SwaggerUIBundle('],
    ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8', 'SwaggerUIBundle'],
    ['/docs/swagger-ui.css', 'text/css; charset=utf-8', '.swagger-ui'],
    ['/docs/favicon.png', 'image/png', 'PNG'],
  ])('serves %s without a token', async (path, type, part) => {
    const answer = await client.call({ path, method: 'GET', headers: { token: '' }, body: '' });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['x-request-id']).toMatch(/./);
    expect(answer.body.includes(part)).toBe(true);
    const same = await client.call({
      path,
      method: 'GET',
      headers: { 'if-none-match': String(answer.headers['etag']) },
      body: '',
    });
    expect(same.status).toBe(304);
    expect(same.body.length).toBe(0);
  });

  it('loads nothing from elsewhere', async () => {
    const { headers, body } = await client.call({ path: '/docs', method: 'GET', body: '' });
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    const addresses = [...body.toString().matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address ?? '');
    expect(addresses.length).toBeGreaterThan(4);
    for (const address of addresses) {
      expect(address).not.toMatch(/^\w+:|^\//);
      const { status } = await client.call({ path: `/${address}`, method: 'GET', body: '' });
      expect([address, status]).toEqual([address, 200]);
    }
  });

  it('takes GET and HEAD only', async () => {
    expect((await client.call({ path: '/docs', method: 'HEAD', body: '' })).status).toBe(200);
    const answer = await client.call({ path: '/openapi.json', method: 'POST' });
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe('GET, HEAD');
    expect(answer.outcome.code).toBe(11100);
  });
});
