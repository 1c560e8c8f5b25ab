import { Agent, request } from 'undici';
import type { LoadCredentials } from '../load/load-job.js';
import type { RequestBody } from '../load/request-source.js';
import { NUMBER_AT, templateName, writeNumber } from '../load/template-name.js';

/** A number that no workload creates. */
let free = 400_000_000;

/** The service's answer to one request of a workload, for the floor to answer as well. A template that is created gets a free name. */
export async function answerOf(port: number, body: RequestBody, credentials: LoadCredentials): Promise<Buffer> {
  const bytes = Buffer.from(body.bytes);
  if (body.path.endsWith('/create')) {
    free += 1;
    writeNumber(bytes, bytes.indexOf(templateName(0)) + NUMBER_AT, free);
  }
  const { ca, certificate: cert, key, token } = credentials;
  const agent = new Agent({ connect: { ca, cert, key } });
  try {
    const answer = await request(`https://localhost:${port}${body.path}`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': body.contentType, token },
      body: bytes,
    });
    const received = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode !== 200) {
      throw new Error(`${body.path} answered ${answer.statusCode}: ${received.toString()}`);
    }
    return received;
  } finally {
    await agent.destroy();
  }
}
