import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TemporaryCertificates } from '../../test/support/temporary-certificates.js';
import type { FloorMessage, FloorReply } from '../floors/floor-message.js';
import type { LoadCredentials, LoadJob, LoadResult, LoadTarget } from '../load/load-job.js';
import { GENERATOR_CORE, SERVER_CORE } from '../processes/cores.js';
import { PinnedProcess } from '../processes/pinned-process.js';
import { ServiceProcess } from '../processes/service-process.js';

/** How long and how often things are measured. */
export interface Effort {
  readonly quick: boolean;
  readonly pairs: number;
  readonly windowMs: number;
  readonly warmUpMs: number;
}

type Floor = PinnedProcess<FloorMessage, FloorReply> & { readonly port: number };

/** What all scenarios share: certificates, load generator, floors, and a folder. Everything ends when disposed. */
export class BenchContext implements AsyncDisposable {
  readonly effort: Effort;
  readonly credentials: LoadCredentials;
  readonly #opened: AsyncDisposableStackLike;
  readonly #certificates: TemporaryCertificates;
  readonly #generator: PinnedProcess<LoadJob, LoadResult>;
  readonly #floors: { readonly http: Floor; readonly grpc: Floor };
  readonly #directory: string;
  #directories = 0;

  private constructor(
    effort: Effort,
    opened: AsyncDisposableStackLike,
    parts: { certificates: TemporaryCertificates; directory: string; floors: { http: Floor; grpc: Floor } },
  ) {
    this.effort = effort;
    this.#opened = opened;
    this.#certificates = parts.certificates;
    this.#directory = parts.directory;
    this.#floors = parts.floors;
    this.#generator = opened.add(new PinnedProcess('load/load-generator', GENERATOR_CORE));
    const { ca, token, client } = parts.certificates;
    this.credentials = { ca, token, certificate: client.certificate, key: client.key };
  }

  static async open(effort: Effort): Promise<BenchContext> {
    const opened = new AsyncDisposableStackLike();
    try {
      const certificates = opened.add(await TemporaryCertificates.create());
      const directory = await mkdtemp(join(tmpdir(), 'appimage-bench-'));
      opened.add({ [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) });
      const floors = {
        http: await startFloor('floors/https-floor', certificates, opened),
        grpc: await startFloor('floors/grpc-floor', certificates, opened),
      };
      return new BenchContext(effort, opened, { certificates, directory, floors });
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Path of a new folder, which is not made yet. */
  newDirectory(): string {
    this.#directories += 1;
    return join(this.#directory, String(this.#directories));
  }

  async startService(flags: readonly string[], core: number | undefined = SERVER_CORE): Promise<ServiceProcess> {
    return await ServiceProcess.start([`--certs-dir=${this.#certificates.directory}`, ...flags], core);
  }

  /** The floor of a protocol, which answers `answer` from now on. */
  async floor(protocol: 'http1' | 'grpc', answer: Buffer, contentType: string): Promise<LoadTarget> {
    const floor = protocol === 'http1' ? this.#floors.http : this.#floors.grpc;
    await floor.ask({ kind: 'answer', base64: answer.toString('base64'), contentType });
    return { port: floor.port, pid: floor.pid, storedTemplates: 10_000, answersByName: false };
  }

  async duel(job: Omit<LoadJob, 'credentials' | 'windowMs' | 'warmUpMs'> & Partial<LoadJob>): Promise<LoadResult> {
    const { windowMs, warmUpMs } = this.effort;
    return await this.#generator.ask({ windowMs, warmUpMs, ...job, credentials: this.credentials });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened[Symbol.asyncDispose]();
  }
}

async function startFloor(
  script: string,
  { ca, server }: TemporaryCertificates,
  opened: AsyncDisposableStackLike,
): Promise<Floor> {
  const floor = opened.add(new PinnedProcess<FloorMessage, FloorReply>(script, SERVER_CORE));
  const { port } = await floor.ask({ kind: 'start', ca, certificate: server.certificate, key: server.key });
  return Object.assign(floor, { port });
}

/** What `AsyncDisposableStack` does, which Node.js 20 does not have. */
class AsyncDisposableStackLike implements AsyncDisposable {
  readonly #parts: AsyncDisposable[] = [];

  add<Part extends AsyncDisposable>(part: Part): Part {
    this.#parts.push(part);
    return part;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      await part[Symbol.asyncDispose]();
    }
  }
}
