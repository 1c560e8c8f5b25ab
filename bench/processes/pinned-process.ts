import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { COMPILED, ROOT } from './compiled.js';
import { pinned } from './cores.js';

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A process of the bench on a core of its own, which answers messages; see `serveParent`. Ended when disposed. */
export class PinnedProcess<Message, Answer> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #asked = 0;

  /** @param script path below `bench/`, without its ending */
  constructor(script: string, core: number | undefined) {
    const [program, ...before] = pinned(core);
    this.#child = spawn(program, [...before, join(COMPILED, 'bench', `${script}.js`)], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', ({ id, result, error }: Reply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) {
        waiting?.resolve(result as Answer);
      } else {
        waiting?.reject(new Error(`${script}: ${error}`));
      }
    });
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`${script} ended with ${code}`));
      }
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ask(message: Message): Promise<Answer> {
    this.#asked += 1;
    const id = this.#asked;
    return await new Promise<Answer>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, message });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.disconnect();
      await exited;
    }
  }
}
