import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpClient } from '../support/api-client.js';
import { ServerProcess } from '../support/server-process.js';
import { TemporaryCertificates } from '../support/temporary-certificates.js';
import { smallTemplate } from '../wire/app-image-api-cases.js';

describe('a server with two workers', () => {
  let folder: string;
  let certificates: TemporaryCertificates;
  let server: ServerProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'appimage-workers-'));
    certificates = await TemporaryCertificates.create();
    server = await ServerProcess.start([
      `--certs-dir=${certificates.directory}`,
      `--data-dir=${folder}`,
      '--workers=2',
    ]);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await certificates[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const admin = async (path: string): Promise<string> => (await fetch(server.adminOrigin + path)).text();
  const workerPids = (): Set<number> =>
    new Set(
      server.logLines
        .map((line) => (JSON.parse(line) as { pid: number }).pid)
        .filter((pid) => pid !== server.process.pid),
    );

  const connect = () => {
    const { certificate: cert, key } = certificates.client;
    return httpClient(server.origin, 'json', { ca: certificates.ca, cert, key, token: certificates.token });
  };

  it('serves on one port from both, over one store, and adds up their metrics', async () => {
    // Connections go to the workers in turn.
    await using first = connect();
    await using second = connect();
    expect(await first.call('createAppImage', smallTemplate('shared'))).toMatchObject({ code: 0 });
    expect(await second.call('queryAppImage', { name: 'shared' })).toMatchObject({ code: 0 });
    expect(await first.call('queryAppImage', { name: 'shared' })).toMatchObject({ code: 0 });
    expect(await admin('/metrics')).toMatch(
      /appimage_requests_total\{transport="http",method="QueryAppImage",code="0"\} 2\n/,
    );
    const pids = server.logLines
      .map((line) => JSON.parse(line) as { pid: number; method?: string })
      .filter(({ method }) => method === 'CreateAppImage');
    expect(pids).toHaveLength(1);
    expect(workerPids().size).toBe(2);
  });

  it('replaces a worker that is killed, and goes on', async () => {
    const [victim] = workerPids();
    process.kill(victim ?? 0, 'SIGKILL');
    await expect.poll(() => workerPids().size, { timeout: 20_000 }).toBe(3);
    await expect.poll(() => admin('/readyz'), { timeout: 20_000 }).toBe('ok\n');
    await using client = connect();
    expect(await client.call('queryAppImage', { name: 'shared' })).toMatchObject({ code: 0 });
  });

  it('ends all of them on SIGTERM with 0', async () => {
    expect(await server.end('SIGTERM')).toBe(0);
    const alive = [...workerPids()].filter((pid) => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    });
    expect(alive).toEqual([]);
  });
});
