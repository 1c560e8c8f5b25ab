import { type handleUnaryCall, Metadata, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { tokenFromHeaders } from '../../auth/token-from-headers.js';
import type { Authenticator, Caller, Dispatcher } from '../dispatcher.js';
import { requestIdFrom } from '../request-id.js';
import type { Method, WireResponse } from '../wire/method.js';
import type { Connections } from './connections.js';
import { grpcStatusOf } from './grpc-status.js';

/** A call before its request is decoded and after its response is encoded: the method itself does both. */
export type RawUnaryCall = ServerUnaryCall<Buffer, Buffer>;

/** What a handler needs to serve its method. */
export interface UnaryHandlerContext {
  readonly dispatcher: Dispatcher;
  readonly authenticator: Authenticator;
  readonly connections: Connections;
}

/** Serves one method over gRPC. */
export function unaryHandler(method: Method, context: UnaryHandlerContext): handleUnaryCall<Buffer, Buffer> {
  const { dispatcher, authenticator } = context;
  return (call, respond) => {
    const { metadata } = call;
    const requestId = requestIdFrom(first(metadata, 'x-request-id'));
    const peer = peerLookup(call, method, context.connections);
    let principal: Caller['principal'];
    try {
      principal = authenticator.authenticate(
        tokenFromHeaders(first(metadata, 'token'), first(metadata, 'authorization')),
      );
    } catch (error) {
      const refusal = dispatcher.refuse(error, 'protobuf', { transport: 'grpc', requestId, peer }, method);
      answer(call, respond, requestId, refusal);
      return;
    }
    const request = {
      encoding: 'protobuf',
      body: call.request,
      ifMatch: first(metadata, 'if-match'),
      fieldValidation: 'Ignore',
    } as const;
    const response = dispatcher.dispatch(method, request, { transport: 'grpc', requestId, principal, peer });
    if (response instanceof Promise) {
      void response.then((later) => answer(call, respond, requestId, later));
    } else {
      answer(call, respond, requestId, response);
    }
  };
}

/** Where the call was cancelled meanwhile, or its deadline has passed, grpc-js drops the answer. */
function answer(call: RawUnaryCall, respond: sendUnaryData<Buffer>, requestId: string, response: WireResponse): void {
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  if (response.etag !== undefined) {
    metadata.set('etag', response.etag);
  }
  call.sendMetadata(metadata);
  const failure = grpcStatusOf(response.error);
  if (failure === undefined) {
    respond(null, asBuffer(response.body));
  } else {
    respond(failure);
  }
}

/**
 * A mutation leaves a line that says who made it even if the caller hangs up at once, so its peer is found while it is there;
 * else only when a line is written.
 */
function peerLookup(call: RawUnaryCall, method: Method, connections: Connections): Caller['peer'] {
  if (method.mutates) {
    const peer = connections.peer(call.getPeer());
    return () => peer;
  }
  return () => connections.peer(call.getPeer());
}

/** The first value of a key; `undefined` where there is none. */
export function first(metadata: Metadata, key: string): string | undefined {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value : undefined;
}

/** The same bytes as grpc-js wants them. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
