import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { serveParent } from '../processes/serve-parent.js';
import type { FloorMessage, FloorReply } from './floor-message.js';

/* F2: what a unary call of @grpc/grpc-js costs that answers bytes that are encoded already. */

let answer = Buffer.of();

const untouched = (bytes: Buffer): Buffer => bytes;
const answerIt: handleUnaryCall<Buffer, Buffer> = (_call, respond) => respond(null, answer);

serveParent<FloorMessage, FloorReply>(async (message) => {
  if (message.kind === 'answer') {
    answer = Buffer.from(message.base64, 'base64');
    return { port: 0 };
  }
  const server = new Server({ 'grpc.enable_channelz': 0, 'grpc.max_concurrent_streams': 2048 });
  server.addService(
    {
      QueryAppImage: {
        path: '/kuscia.proto.api.v1alpha1.kusciaapi.AppImageService/QueryAppImage',
        requestStream: false,
        responseStream: false,
        requestSerialize: untouched,
        requestDeserialize: untouched,
        responseSerialize: untouched,
        responseDeserialize: untouched,
      },
    },
    { QueryAppImage: answerIt },
  );
  const credentials = ServerCredentials.createSsl(
    Buffer.from(message.ca),
    [{ cert_chain: Buffer.from(message.certificate), private_key: Buffer.from(message.key) }],
    true,
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  return { port };
});
