import { status } from '@grpc/grpc-js';
import type { Authenticator } from '../../auth/authenticator.js';
import { tokenFromHeaders } from '../../auth/token-from-headers.js';
import { AppImageError } from '../../domain/errors.js';
import type { Caller, Dispatcher } from '../dispatcher.js';
import { requestIdFrom } from '../request-id.js';
import type { Method, WireResponse } from '../wire/method.js';
import { grpcStatusOf } from './grpc-status.js';
import type { UnaryCall, UnaryHandler } from './unary-call.js';

/** What a handler needs to serve its method. */
export interface HandlerContext {
  readonly dispatcher: Dispatcher;
  readonly authenticator: Authenticator;
}

/** Serves one method over gRPC. */
export function unaryHandler(method: Method, context: HandlerContext): UnaryHandler {
  const { dispatcher, authenticator } = context;
  return {
    admit: (call) => {
      const requestId = requestIdFrom(call.metadata('x-request-id'));
      const peer = peerLookup(call, method);
      try {
        const token = tokenFromHeaders(call.metadata('token'), call.metadata('authorization'));
        return { transport: 'grpc', requestId, principal: authenticator.authenticate(token), peer };
      } catch (error) {
        answer(call, requestId, dispatcher.refuse(error, 'protobuf', { transport: 'grpc', requestId, peer }, method));
        return undefined;
      }
    },
    serve: (call, caller) => {
      const request = {
        encoding: 'protobuf',
        body: call.request,
        ifMatch: call.metadata('if-match'),
        fieldValidation: 'Ignore',
      } as const;
      const response = dispatcher.dispatch(method, request, caller);
      if (response instanceof Promise) {
        void response.then((later) => answer(call, caller.requestId, later));
      } else {
        answer(call, caller.requestId, response);
      }
    },
    refused: (caller, { code, details }) => {
      const reason = code === status.RESOURCE_EXHAUSTED ? 'BODY_TOO_LARGE' : 'REQUEST_MALFORMED';
      dispatcher.refuse(new AppImageError(reason, details), 'protobuf', caller, method);
    },
  };
}

function answer(call: UnaryCall, requestId: string, response: WireResponse): void {
  const metadata = { requestId, etag: response.etag };
  const failure = grpcStatusOf(response.error);
  if (failure === undefined) {
    call.respond(metadata, response);
  } else {
    call.fail(metadata, failure);
  }
}

/**
 * A mutation leaves a line that says who made it even if the caller hangs up at once, so its peer is found while it is there;
 * else only when a line is written.
 */
function peerLookup(call: UnaryCall, method: Method): Caller['peer'] {
  if (method.mutates) {
    const { peer } = call;
    return () => peer;
  }
  return () => call.peer;
}
