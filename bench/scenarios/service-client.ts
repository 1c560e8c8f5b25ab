import { Agent, request } from 'undici';
import type { LoadCredentials } from '../load/load-job.js';
import type { RequestBody } from '../load/request-source.js';

/** Sends the service single requests, outside of what is measured. Its connection ends when disposed. */
export class ServiceClient implements AsyncDisposable {
  readonly #agent: Agent;
  readonly #port: number;
  readonly #token: string;

  constructor(port: number, { ca, certificate: cert, key, token }: LoadCredentials) {
    this.#agent = new Agent({ connect: { ca, cert, key } });
    this.#port = port;
    this.#token = token;
  }

  /**
   * The body of the answer.
   * @throws Error where its status is not 200
   */
  async post({ path, contentType, bytes }: RequestBody): Promise<Buffer> {
    const { statusCode, body } = await request(`https://localhost:${this.#port}${path}`, {
      dispatcher: this.#agent,
      method: 'POST',
      headers: { 'content-type': contentType, token: this.#token },
      body: bytes,
    });
    const received = Buffer.from(await body.arrayBuffer());
    if (statusCode !== 200) {
      throw new Error(`${path} answered ${statusCode}: ${received.toString()}`);
    }
    return received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
