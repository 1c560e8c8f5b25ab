import { status } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { query } from './grpc-call.js';
import { startGrpcTestServer } from './grpc-test-server.js';

describe('a gRPC server that is closed', () => {
  it('lets calls in flight finish, and ends when they have', async () => {
    await using server = await startGrpcTestServer();
    const client = server.client();
    const inFlight = [query(client, 'slow'), query(client, 'slow')];
    await vi.waitFor(() => expect(server.methods.waiting).toBe(2));
    const closed = server.grpc.close({ graceMs: 60_000 });
    server.methods.release();
    for (const outcome of await Promise.all(inFlight)) {
      expect(outcome).toMatchObject({ grpcStatus: status.OK, code: 0, name: 'slow' });
    }
    await closed;
  });

  it('takes no further calls meanwhile', async () => {
    await using server = await startGrpcTestServer();
    const client = server.client();
    const inFlight = query(client, 'slow');
    await vi.waitFor(() => expect(server.methods.waiting).toBe(1));
    const closed = server.grpc.close({ graceMs: 60_000 });
    const late = await query(client, 'late', { deadline: Date.now() + 10_000 });
    expect(late.grpcStatus).toBe(status.UNAVAILABLE);
    server.methods.release();
    expect(await inFlight).toMatchObject({ grpcStatus: status.OK });
    await closed;
  });

  it('cuts calls that outlast the grace, and says so in the log', async () => {
    await using server = await startGrpcTestServer();
    const inFlight = query(server.client(), 'slow');
    await vi.waitFor(() => expect(server.methods.waiting).toBe(1));
    await server.grpc.close({ graceMs: 100 });
    expect((await inFlight).grpcStatus).not.toBe(status.OK);
    expect(server.log.some(({ msg }) => String(msg).includes('have been cut'))).toBe(true);
  });

  it('ends at once where clients are connected but idle, and may be closed again', async () => {
    await using server = await startGrpcTestServer();
    const client = server.client();
    await query(client, 'app');
    await server.grpc.close({ graceMs: 60_000 });
    await server.grpc.close({ graceMs: 60_000 });
    expect((await query(client, 'late')).grpcStatus).toBe(status.UNAVAILABLE);
  });
});
