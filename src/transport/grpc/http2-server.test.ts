import { createServer } from 'node:http2';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { http2ServerOf } from './http2-server.js';

describe('the HTTP/2 server of a grpc-js server', () => {
  it('is found once it has a connection injector', () => {
    const server = new Server();
    server.createConnectionInjector(ServerCredentials.createInsecure());
    expect(http2ServerOf(server).listenerCount('stream')).toBe(1);
    server.forceShutdown();
  });

  it.each([
    ['nowhere', {}],
    ['in nothing that is a map', { http2Servers: [createServer()] }],
    ['without a listener', { http2Servers: new Map([[createServer(), {}]]) }],
    ['not at all', { http2Servers: new Map() }],
  ])('that is %s is an error that says so', (_where, server) => {
    expect(() => http2ServerOf(server as Server)).toThrow(/no longer keeps its HTTP\/2 server/);
  });
});
