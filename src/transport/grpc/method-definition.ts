import type { MethodDefinition } from '@grpc/grpc-js';
import { asBuffer } from '../wire/as-buffer.js';

/** The part of a generated message type that encodes and decodes. */
interface Codec<Message> {
  encode(message: Message): { finish(): Uint8Array };
  decode(bytes: Uint8Array): Message;
}

/** What grpc-js needs to know of a method whose messages are generated types. */
export function methodDefinition<Request, Response>(
  path: string,
  request: Codec<Request>,
  response: Codec<Response>,
  streams: { readonly request?: boolean; readonly response?: boolean } = {},
): MethodDefinition<Request, Response> {
  return {
    path,
    requestStream: streams.request ?? false,
    responseStream: streams.response ?? false,
    requestSerialize: (message) => asBuffer(request.encode(message).finish()),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: (message) => asBuffer(response.encode(message).finish()),
    responseDeserialize: (bytes) => response.decode(bytes),
  };
}
