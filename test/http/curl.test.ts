import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import { QUERY_PATH, startGateway, type TestGateway, TOKENS } from './test-gateway.js';

let certificates: TemporaryCertificates;
let gateway: TestGateway;
let folder: string;

beforeAll(async () => {
  certificates = await TemporaryCertificates.create();
  gateway = await startGateway(certificates);
  folder = await mkdtemp(join(tmpdir(), 'appimage-curl-'));
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await certificates[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

interface CurlAnswer {
  readonly status: number;
  readonly version: string;
  readonly contentType: string;
  readonly body: string;
}

/** Runs curl over mutual TLS, with the admin's token. Rejects where curl fails. */
async function curl(path: string, ...args: readonly string[]): Promise<CurlAnswer> {
  const { caFile, client } = certificates;
  const tls = ['--cacert', caFile, '--cert', client.certificateFile, '--key', client.keyFile];
  return await run(`https://localhost:${gateway.tlsPort}${path}`, ...tls, ...args);
}

async function run(url: string, ...args: readonly string[]): Promise<CurlAnswer> {
  const format = '\n%{http_code} %{http_version} %{content_type}';
  const all = ['-sS', '--max-time', '20', '-w', format, '-H', `Token: ${TOKENS.admin}`, ...args, url];
  const output = await new Promise<string>((resolve, reject) => {
    execFile('curl', all, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
      } else {
        reject(new Error(stderr, { cause: error }));
      }
    });
  });
  const end = output.lastIndexOf('\n');
  const [status = '', version = '', contentType = ''] = output.slice(end + 1).split(' ');
  return { status: Number(status), version, contentType, body: output.slice(0, end) };
}

describe.each([
  ['--http1.1', '1.1'],
  ['--http2', '2'],
])('curl %s', (flag, version) => {
  it('is answered over the version it asks for, as JSON also with the type it sends by default', async () => {
    const answer = await curl(QUERY_PATH, flag, '-d', '{"name":"demo"}');
    expect(answer).toMatchObject({ status: 200, version, contentType: 'application/json' });
    expect(JSON.parse(answer.body)).toMatchObject({ encoding: 'json', bytes: 15 });
  });

  it('sees a failure with --fail', async () => {
    await expect(curl(QUERY_PATH, flag, '--fail', '-H', 'Token: wrong', '-d', '{}')).rejects.toThrow('401');
  });

  it('gets the answer to a body over the limit, announced or not', async () => {
    const file = join(folder, 'large.json');
    await writeFile(file, '['.repeat(10 * 1024 * 1024));
    for (const chunked of [[], ['-H', 'Transfer-Encoding: chunked'], ['-H', 'Expect:']]) {
      const answer = await curl(QUERY_PATH, flag, ...chunked, '--data-binary', `@${file}`);
      expect(answer.status).toBe(413);
      expect(answer.body).toContain('13152');
    }
  });

  it('sends a body that fits after it has waited for 100 Continue', async () => {
    const file = join(folder, 'small.json');
    await writeFile(file, ' '.repeat(60_000));
    const answer = await curl(QUERY_PATH, flag, '-H', 'Expect: 100-continue', '--data-binary', `@${file}`);
    expect(JSON.parse(answer.body)).toMatchObject({ bytes: 60_000 });
  });

  it('gets headers only for HEAD', async () => {
    expect(await curl('/docs', flag, '--head')).toMatchObject({ status: 200 });
    expect(await curl(QUERY_PATH, flag, '--head')).toMatchObject({ status: 405 });
  });

  it('is answered 100 times over one connection', async () => {
    const { body } = await curl(`${QUERY_PATH}?n=[1-100]`, flag, '-d', '{}');
    expect(body.match(/"encoding":"json"/g)?.length).toBe(100);
  });
});

it('curl reaches the port without TLS over both versions', async () => {
  const url = `http://localhost:${gateway.plainPort}${QUERY_PATH}`;
  expect(await run(url, '--http1.1', '-d', '{}')).toMatchObject({ status: 200, version: '1.1' });
  expect(await run(url, '--http2-prior-knowledge', '-d', '{}')).toMatchObject({ status: 200, version: '2' });
  expect(await run(url, '--http2', '-d', '{}')).toMatchObject({ status: 200, version: '1.1' });
});
