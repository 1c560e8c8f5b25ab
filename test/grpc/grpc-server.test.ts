import { compressionAlgorithms, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { callRaw, create, query } from './grpc-call.js';
import { type GrpcTestServer, MAX_MESSAGE_BYTES, startGrpcTestServer, TOKENS } from './grpc-test-server.js';

describe('a call over gRPC', () => {
  let server: GrpcTestServer;
  let client: ReturnType<GrpcTestServer['client']>;
  beforeAll(async () => {
    server = await startGrpcTestServer();
    client = server.client();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it('ends OK with the response, its entity tag and a request id', async () => {
    const outcome = await query(client, 'app');
    expect(outcome).toMatchObject({ grpcStatus: status.OK, code: 0, message: 'success', name: 'app' });
    expect(outcome.header('etag')).toBe('"7"');
    expect(outcome.header('x-request-id')).toMatch(/^[\x21-\x7e]{1,128}$/);
  });

  it('ends OK with the outcome in the response where the method refused', async () => {
    const outcome = await query(client, 'missing');
    expect(outcome).toMatchObject({ grpcStatus: status.OK, code: 13105, message: 'AppImage "missing" does not exist' });
    expect(outcome.header('etag')).toBeUndefined();
  });

  it('ends OK with code 11101 and nothing of the inside where the service is at fault', async () => {
    const outcome = await query(client, 'bug', { metadata: { token: TOKENS.viewer, 'x-request-id': 'bug-1' } });
    expect(outcome).toMatchObject({ grpcStatus: status.OK, code: 11101 });
    expect(outcome.message).toContain('bug-1');
    expect(outcome.message).not.toContain('secret');
  });

  it('ends with RESOURCE_EXHAUSTED where a method finds the body too large', async () => {
    expect(await query(client, 'too-large')).toMatchObject({ grpcStatus: status.RESOURCE_EXHAUSTED });
  });

  it("keeps the caller's request id, also on a failure, and logs it", async () => {
    const metadata = { token: TOKENS.viewer, 'x-request-id': 'trace-42' };
    expect((await query(client, 'app', { metadata })).header('x-request-id')).toBe('trace-42');
    expect((await query(client, 'missing', { metadata })).header('x-request-id')).toBe('trace-42');
    const malformed = await callRaw(client, 'QueryAppImage', Buffer.from([0x12, 0xff]), { metadata });
    expect(malformed.header('x-request-id')).toBe('trace-42');
    expect(server.log.filter(({ requestId }) => requestId === 'trace-42')).toHaveLength(3);
  });

  it('makes a request id in place of one that does not fit in a log line', async () => {
    const metadata = { token: TOKENS.viewer, 'x-request-id': 'two words' };
    expect((await query(client, 'app', { metadata })).header('x-request-id')).toMatch(/^[0-9a-f]{16}-[0-9a-z]+$/);
  });

  it('hands the metadata if-match to the method', async () => {
    await query(client, 'app', { metadata: { token: TOKENS.viewer, 'if-match': '"3"' } });
    expect(server.methods.seen.at(-1)).toMatchObject({ ifMatch: '"3"', encoding: 'protobuf' });
    await query(client, 'app');
    expect(server.methods.seen.at(-1)?.ifMatch).toBeUndefined();
  });

  it('may have a response of some megabytes', async () => {
    const outcome = await query(client, 'large');
    expect(outcome).toMatchObject({ grpcStatus: status.OK, code: 0, name: 'large' });
  });

  it('keeps calls apart that are in flight together', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `app-${index}`);
    const outcomes = await Promise.all(names.map((name) => query(client, name)));
    expect(outcomes.map(({ name }) => name)).toEqual(names);
  });

  it('ends with UNIMPLEMENTED where there is no such method', async () => {
    expect(await callRaw(client, 'NoSuchMethod', Buffer.of())).toMatchObject({ grpcStatus: status.UNIMPLEMENTED });
  });

  it('serves a client that sends keepalive pings', async () => {
    const pinging = server.client({ 'grpc.keepalive_time_ms': 20, 'grpc.keepalive_permit_without_calls': 1 });
    expect(await query(pinging, 'app')).toMatchObject({ code: 0 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await query(pinging, 'app')).toMatchObject({ code: 0 });
  });

  describe('of a caller', () => {
    it('is refused with UNAUTHENTICATED and words without a token', async () => {
      const outcome = await query(client, 'app', { metadata: {} });
      expect(outcome).toMatchObject({ grpcStatus: status.UNAUTHENTICATED });
      expect(outcome.details).toMatch(/token/);
      expect(outcome.header('x-request-id')).toBeDefined();
    });

    it('is refused with UNAUTHENTICATED and a line in the log with a wrong token, which appears in neither', async () => {
      const token = 'wrong-token-0123456789abcdef';
      const outcome = await query(client, 'app', { metadata: { token, 'x-request-id': 'wrong-1' } });
      expect(outcome).toMatchObject({ grpcStatus: status.UNAUTHENTICATED });
      expect(outcome.details).not.toContain(token);
      const line = server.log.find(({ requestId }) => requestId === 'wrong-1');
      expect(line).toMatchObject({ method: 'QueryAppImage', code: 11102, transport: 'grpc', address: '127.0.0.1' });
      expect(line?.['certificateSubject']).toMatch(/^CN=/);
      expect(JSON.stringify(server.log)).not.toContain(token);
    });

    it('is let in by authorization: Bearer as well', async () => {
      const metadata = { authorization: `Bearer ${TOKENS.viewer}` };
      expect(await query(client, 'app', { metadata })).toMatchObject({ grpcStatus: status.OK, code: 0 });
    });

    it('is refused with PERMISSION_DENIED and words where the role is too low', async () => {
      const seen = server.methods.seen.length;
      const outcome = await create(client, 'app', { metadata: { token: TOKENS.viewer } });
      expect(outcome).toMatchObject({ grpcStatus: status.PERMISSION_DENIED });
      expect(outcome.details).toMatch(/viewer.*editor/);
      expect(server.methods.seen).toHaveLength(seen);
    });

    it('is named in the log by token, address and certificate where it changes something', async () => {
      expect(await create(client, 'audited')).toMatchObject({ grpcStatus: status.OK, code: 0 });
      const line = server.log.find(({ appImage }) => appImage === 'audited');
      expect(line).toMatchObject({
        tokenName: 'editor',
        address: '127.0.0.1',
        certificateSubject: expect.stringMatching(/^CN=/),
        audit: true,
      });
    });

    it('reads a status message whole but for what does not fit', async () => {
      const outcome = await query(client, 'odd-words');
      expect(outcome.grpcStatus).toBe(status.INVALID_ARGUMENT);
      expect(outcome.details).toMatch(/^lone \ufffd surrogate, 100 %, 长+\.\.\.$/);
      expect(encodeURI(outcome.details).length).toBeLessThan(8192);
    });
  });

  describe('with a deadline', () => {
    it('ends with DEADLINE_EXCEEDED when it passes, and the late answer harms nobody', async () => {
      const outcome = await query(client, 'slow', { deadline: Date.now() + 200 });
      expect(outcome.grpcStatus).toBe(status.DEADLINE_EXCEEDED);
      server.methods.release();
      expect(await query(client, 'app')).toMatchObject({ code: 0 });
    });

    it('is answered in time where there is time', async () => {
      expect(await query(client, 'app', { deadline: Date.now() + 20_000 })).toMatchObject({ grpcStatus: status.OK });
    });
  });

  it('that is cancelled leaves the server as it was and no error in the log', async () => {
    const { methods } = server;
    const abort = new AbortController();
    const cancelled = query(client, 'slow', { signal: abort.signal });
    await vi.waitFor(() => expect(methods.waiting).toBe(1));
    abort.abort();
    expect((await cancelled).grpcStatus).toBe(status.CANCELLED);
    methods.release();
    expect(await query(client, 'app')).toMatchObject({ code: 0 });
    expect(server.log.filter(({ level, msg }) => Number(level) >= 50 && msg !== 'request')).toEqual([]);
  });

  describe('that is too large', () => {
    it('passes at the limit and ends with RESOURCE_EXHAUSTED above it', async () => {
      const withinLimit = await query(client, 'x'.repeat(MAX_MESSAGE_BYTES - 4));
      expect(withinLimit).toMatchObject({ grpcStatus: status.OK, code: 0 });
      const overLimit = await query(client, 'x'.repeat(MAX_MESSAGE_BYTES));
      expect(overLimit.grpcStatus).toBe(status.RESOURCE_EXHAUSTED);
      expect(overLimit.details).toContain(String(MAX_MESSAGE_BYTES));
    });

    it('ends with RESOURCE_EXHAUSTED where it is compressed and small on the wire', async () => {
      const seen = server.methods.seen.length;
      const zipping = server.client({ 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
      expect(await query(zipping, 'x'.repeat(1000))).toMatchObject({ grpcStatus: status.OK, code: 0 });
      const bomb = await query(zipping, 'x'.repeat(30_000_000));
      expect(bomb.grpcStatus).toBe(status.RESOURCE_EXHAUSTED);
      expect(server.methods.seen).toHaveLength(seen + 1);
    });

    it('fails where its metadata is: a caller without a token cannot send megabytes', async () => {
      const outcome = await query(client, 'app', { metadata: { token: TOKENS.viewer, filler: 'x'.repeat(20_000) } });
      expect(outcome.grpcStatus).toBe(status.RESOURCE_EXHAUSTED);
      expect(await query(client, 'app')).toMatchObject({ code: 0 });
    });
  });
});

describe('a gRPC server without TLS', () => {
  it('speaks HTTP/2 with prior knowledge', async () => {
    await using server = await startGrpcTestServer({ protocol: 'NOTLS' });
    expect(await query(server.client(), 'app')).toMatchObject({ grpcStatus: status.OK, code: 0 });
  });
});
