import { createInterface } from 'node:readline/promises';
import { CliError } from './cli-error.js';
import { type Paint, paintWith } from './colours.js';

export type ColourMode = 'auto' | 'always' | 'never';

/** The streams of a process. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** Where a command reads and writes: data goes to standard output, talk to standard error. */
export class Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #env: NodeJS.ProcessEnv;
  #colourMode: ColourMode = 'auto';

  constructor(streams: Streams, env: NodeJS.ProcessEnv) {
    this.stdin = streams.stdin;
    this.#stdout = streams.stdout;
    this.#stderr = streams.stderr;
    this.#env = env;
  }

  /** Overrides what the environment and the kind of the stream say about colours. */
  setColourMode(mode: ColourMode): void {
    this.#colourMode = mode;
  }

  /** Writes data. */
  out(text: string): void {
    this.#stdout.write(text);
  }

  /** Tells the user something, in whole lines. */
  say(text: string): void {
    this.#stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  warn(text: string): void {
    this.say(`${this.paintTalk('yellow', 'warning:')} ${text}`);
  }

  /** Colours for what goes to standard output. */
  get paint(): Paint {
    return paintWith(this.#hasColours(this.#stdout));
  }

  /** Colours for what goes to standard error. */
  get paintTalk(): Paint {
    return paintWith(this.#hasColours(this.#stderr));
  }

  /** Whether there is a person to ask: both ends of the talk are a terminal. */
  get isInteractive(): boolean {
    return this.stdin.isTTY && this.#stderr.isTTY;
  }

  /** Whether progress may be drawn over itself. */
  get hasMovingTalk(): boolean {
    return this.#stderr.isTTY && this.#env['TERM'] !== 'dumb';
  }

  /** Writes over the line that stands on standard error; an empty text clears it. */
  drawOver(text: string): void {
    this.#stderr.write(`\r\u001b[2K${text}`);
  }

  /** Columns of the terminal that the data goes to; `undefined` where it goes to a pipe or a file, which has room. */
  get width(): number | undefined {
    return this.#stdout.isTTY ? this.#stdout.columns || 80 : undefined;
  }

  /** Columns of the terminal that the talk goes to. */
  get talkWidth(): number {
    return this.#stderr.columns || 80;
  }

  /**
   * Asks a yes or no question, of which no is the default.
   * @param refusal what to do where nobody can be asked
   * @throws CliError USAGE where there is no terminal
   */
  async confirm(question: string, refusal: string): Promise<boolean> {
    if (!this.isInteractive) {
      throw new CliError('USAGE', `${question} Nobody can be asked, since this is no terminal`, { hint: refusal });
    }
    const prompt = createInterface({ input: this.stdin, output: this.#stderr });
    try {
      const closed = new Promise<string>((resolve) => {
        prompt.once('close', () => resolve(''));
      });
      const answer = await Promise.race([prompt.question(`${question} [y/N] `), closed]);
      return /^y(es)?$/i.test(answer.trim());
    } finally {
      prompt.close();
    }
  }

  #hasColours(stream: NodeJS.WriteStream): boolean {
    if (this.#colourMode !== 'auto') {
      return this.#colourMode === 'always';
    }
    // https://no-color.org: present and not empty, whatever its value.
    return stream.isTTY && !this.#env['NO_COLOR'] && this.#env['TERM'] !== 'dumb';
  }
}
