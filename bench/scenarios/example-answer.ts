import type { LoadCredentials } from '../load/load-job.js';
import type { RequestBody } from '../load/request-source.js';
import { NUMBER_AT, templateName, writeNumber } from '../load/template-name.js';
import { ServiceClient } from './service-client.js';

/** A number that no workload creates. */
let free = 400_000_000;

/** The service's answer to one request of a workload, for the floor to answer as well. A template that is created gets a free name. */
export async function answerOf(port: number, body: RequestBody, credentials: LoadCredentials): Promise<Buffer> {
  const bytes = Buffer.from(body.bytes);
  if (body.path.endsWith('/create')) {
    free += 1;
    writeNumber(bytes, bytes.indexOf(templateName(0)) + NUMBER_AT, free);
  }
  await using client = new ServiceClient(port, credentials);
  return await client.post({ ...body, bytes });
}
