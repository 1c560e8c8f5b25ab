import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { describe, expect, it } from 'vitest';
import { startGrpcTestServer } from './grpc-test-server.js';

const APP_IMAGE_SERVICE = 'kuscia.proto.api.v1alpha1.kusciaapi.AppImageService';

interface HealthReply {
  readonly status: string;
}

function definition(name: string) {
  const found = service[name];
  if (found === undefined) {
    throw new Error(`no method ${name}`);
  }
  return found;
}

async function check(client: Client, name: string): Promise<HealthReply | ServiceError> {
  const { path, requestSerialize, responseDeserialize } = definition('Check');
  return await new Promise((resolve) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service: name }, (error, reply) =>
      resolve(error ?? (reply as HealthReply)),
    );
  });
}

/** The statuses that a watch tells, one at a time. */
function watch(client: Client, name: string): AsyncIterator<HealthReply> {
  const { path, requestSerialize, responseDeserialize } = definition('Watch');
  const call = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    { service: name },
    new Metadata(),
  );
  return (call as AsyncIterable<HealthReply>)[Symbol.asyncIterator]();
}

describe('grpc.health.v1.Health', () => {
  it.each(['', APP_IMAGE_SERVICE])('serves %j without a token while the store answers', async (name) => {
    await using server = await startGrpcTestServer();
    expect(await check(server.client(), name)).toMatchObject({ status: 'SERVING' });
  });

  it('says NOT_SERVING while the store does not answer', async () => {
    await using server = await startGrpcTestServer();
    server.setReady(false);
    expect(await check(server.client(), '')).toMatchObject({ status: 'NOT_SERVING' });
  });

  it('says NOT_SERVING where asking the store fails', async () => {
    await using server = await startGrpcTestServer({ ready: () => Promise.reject(new Error('no store')) });
    expect(await check(server.client(), '')).toMatchObject({ status: 'NOT_SERVING' });
  });

  it('does not know other services', async () => {
    await using server = await startGrpcTestServer();
    expect(await check(server.client(), 'no.such.Service')).toMatchObject({ code: status.NOT_FOUND });
  });

  it('asks the store at most once a second, however often it is asked', async () => {
    let asked = 0;
    const ready = async (): Promise<boolean> => {
      asked += 1;
      return true;
    };
    await using server = await startGrpcTestServer({ ready });
    const client = server.client();
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => check(client, '')));
    expect(asked).toBeLessThanOrEqual(1 + Math.floor((performance.now() - startedAt) / 1000));
  });

  it('tells a watcher the state at once and every change of it, then NOT_SERVING at the end of the server', async () => {
    await using server = await startGrpcTestServer();
    const statuses = watch(server.client(), APP_IMAGE_SERVICE);
    expect((await statuses.next()).value).toEqual({ status: 'SERVING' });
    server.setReady(false);
    expect((await statuses.next()).value).toEqual({ status: 'NOT_SERVING' });
    server.setReady(true);
    expect((await statuses.next()).value).toEqual({ status: 'SERVING' });
    const closed = server.grpc.close({ graceMs: 60_000 });
    expect((await statuses.next()).value).toEqual({ status: 'NOT_SERVING' });
    expect(await statuses.next()).toMatchObject({ done: true });
    await closed;
  });

  it('outlives the time that a request may take to arrive', async () => {
    await using server = await startGrpcTestServer({ requestTimeoutMs: 50 });
    const statuses = watch(server.client(), '');
    expect((await statuses.next()).value).toEqual({ status: 'SERVING' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.setReady(false);
    expect((await statuses.next()).value).toEqual({ status: 'NOT_SERVING' });
  });

  it('keeps a watch of an unknown service open, as the protocol has it', async () => {
    await using server = await startGrpcTestServer();
    const statuses = watch(server.client(), 'no.such.Service');
    expect((await statuses.next()).value).toEqual({ status: 'SERVICE_UNKNOWN' });
    const next = statuses.next();
    await server.grpc.close({ graceMs: 60_000 });
    expect(await next).toMatchObject({ done: true });
  });
});
