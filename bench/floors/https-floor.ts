import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { serveParent } from '../processes/serve-parent.js';
import type { FloorMessage, FloorReply } from './floor-message.js';

/* F1: what node:https costs that reads a small body and answers bytes that are there already. */

let answer = Buffer.of();
let contentType = '';

serveParent<FloorMessage, FloorReply>(async (message) => {
  if (message.kind === 'answer') {
    answer = Buffer.from(message.base64, 'base64');
    ({ contentType } = message);
    return { port: 0 };
  }
  const { ca, certificate, key } = message;
  const server = createServer(
    { ca, cert: certificate, key, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(200, { 'content-type': contentType, 'content-length': answer.length });
        response.end(answer);
      });
    },
  );
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port };
});
