import type { Argument, Command, Option } from 'commander';
import { LINT_RULES } from '../../domain/lint/lint-rules.js';
import { DOCUMENT_NAMES } from '../document-schemas.js';

/** What the shell completes by itself. */
export type ShellKind = 'files' | 'folders';

/** What can stand in a place that only the registry or the contexts know. */
export type ValueKind = 'template' | 'context';

/** One thing that can be typed. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** What can stand where the cursor is. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Names that have to be asked for. */
  readonly values: ValueKind | undefined;
  readonly shell: ShellKind | undefined;
  /** What the user has typed of the word. */
  readonly typed: string;
  /** What goes before every candidate: `--output=` where flag and value are one word. */
  readonly prefix: string;
  /** Names that stand in the line already, which need not be offered again. */
  readonly taken: readonly string[];
  /** Values of the flags in the line, by their attribute names. */
  readonly flags: Readonly<Record<string, string | true>>;
}

/** Arguments and values by the names that help shows for them. */
const SHELL_KINDS: Readonly<Record<string, ShellKind>> = {
  file: 'files',
  path: 'files',
  dir: 'folders',
  folder: 'folders',
};

/** Words that the command line knows by itself, by the names that help shows for them. */
const KNOWN_WORDS: Readonly<Record<string, readonly string[]>> = {
  rule: Object.keys(LINT_RULES),
  document: DOCUMENT_NAMES,
};

/**
 * Finds what can stand at the end of a line.
 * @param words the words behind the program's name; the last one is being typed, and may be empty
 */
export function completeWords(program: Command, words: readonly string[]): Completion {
  const line = new Line(program);
  const joined = joinAssignments(words);
  for (const word of joined.words.slice(0, -1)) {
    line.take(word);
  }
  return line.complete(joined.words.at(-1) ?? '', joined.isSplit);
}

/** bash takes `--output=js` for three words. */
function joinAssignments(words: readonly string[]): { readonly words: readonly string[]; readonly isSplit: boolean } {
  const joined: string[] = [];
  let isSplit = false;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const last = joined.at(-1);
    if (word === '=' && last?.startsWith('--') === true) {
      index += 1;
      joined[joined.length - 1] = `${last}=${words[index] ?? ''}`;
      isSplit = index >= words.length - 1;
    } else {
      joined.push(word);
      isSplit = false;
    }
  }
  return { words: joined, isSplit };
}

class Line {
  readonly #program: Command;
  #command: Command;
  #arguments: string[] = [];
  #awaiting: Option | undefined;
  #hasValue = false;
  #onlyArguments = false;
  readonly #flags: Record<string, string | true> = {};

  constructor(program: Command) {
    this.#program = program;
    this.#command = program;
  }

  take(word: string): void {
    if (this.#awaiting !== undefined && !this.#endsValues(word)) {
      this.#flags[this.#awaiting.attributeName()] = word;
      this.#hasValue = true;
      if (!this.#awaiting.variadic) {
        this.#awaiting = undefined;
      }
    } else if (this.#onlyArguments) {
      this.#arguments.push(word);
    } else if (word === '--') {
      this.#awaiting = undefined;
      this.#onlyArguments = true;
    } else if (word.startsWith('-') && word !== '-') {
      this.#takeFlag(word);
    } else {
      const child = this.#child(word);
      if (child === undefined) {
        this.#arguments.push(word);
      } else {
        this.#command = child;
      }
    }
  }

  complete(word: string, isSplit: boolean): Completion {
    const [flag = '', ...rest] = word.split('=');
    const assigned = word.startsWith('--') && rest.length > 0 ? this.#option(flag) : undefined;
    const isFree = this.#awaiting === undefined || this.#endsValues(word);
    if (isFree && !this.#onlyArguments && assigned !== undefined) {
      return this.#value(assigned, rest.join('='), isSplit ? '' : `${flag}=`);
    }
    if (this.#awaiting !== undefined && !this.#endsValues(word)) {
      return this.#value(this.#awaiting, word, '');
    }
    if (!this.#onlyArguments && word.startsWith('-')) {
      return this.#completion(word, { candidates: this.#flagCandidates() });
    }
    const isHelp = this.#command === this.#program && this.#arguments.join(' ') === 'help';
    const children = this.#arguments.length === 0 || isHelp ? this.#childCandidates() : [];
    if (children.length > 0) {
      return this.#completion(word, { candidates: children });
    }
    return this.#argument(word);
  }

  /** A flag that takes several values takes them up to the next flag. */
  #endsValues(word: string): boolean {
    return this.#awaiting?.variadic === true && this.#hasValue && word.startsWith('-');
  }

  #takeFlag(word: string): void {
    this.#awaiting = undefined;
    this.#hasValue = false;
    const [name = '', ...rest] = word.split('=');
    const option = this.#option(name);
    if (option === undefined) {
      return;
    }
    const takesValue = option.required || option.optional;
    if (takesValue && rest.length === 0) {
      this.#awaiting = option;
    } else {
      this.#flags[option.attributeName()] = takesValue ? rest.join('=') : true;
    }
  }

  #value(option: Option, typed: string, prefix: string): Completion {
    const [, valueName = ''] = /[<[]([\w:-]+)/.exec(option.flags) ?? [];
    const isContext = option.long === '--context' || option.long === '--with';
    return this.#completion(typed, {
      candidates: wordsOf(option.argChoices, valueName),
      values: isContext ? 'context' : undefined,
      shell: SHELL_KINDS[valueName],
      prefix,
    });
  }

  #argument(typed: string): Completion {
    const known: readonly Argument[] = this.#command.registeredArguments;
    const last = known.at(-1);
    const argument = known[this.#arguments.length] ?? (last?.variadic === true ? last : undefined);
    if (argument === undefined) {
      return this.#completion(typed, {});
    }
    return this.#completion(typed, {
      candidates: wordsOf(argument.argChoices, argument.name()),
      values: this.#valuesOf(argument),
      shell: SHELL_KINDS[argument.name()],
    });
  }

  #valuesOf(argument: Argument): ValueKind | undefined {
    if (!/^names?$/.test(argument.name())) {
      return undefined;
    }
    return this.#command.parent?.name() === 'context' ? 'context' : 'template';
  }

  #completion(typed: string, found: Partial<Completion>): Completion {
    return {
      candidates: [],
      values: undefined,
      shell: undefined,
      prefix: '',
      ...found,
      typed,
      taken: this.#arguments,
      flags: this.#flags,
    };
  }

  #child(word: string): Command | undefined {
    if (this.#arguments.length > 0) {
      return undefined;
    }
    return this.#command.commands.find((command) => command.name() === word || command.aliases().includes(word));
  }

  #childCandidates(): Candidate[] {
    return visibleCommands(this.#command)
      .filter((command) => command.name() !== 'help' || this.#command === this.#program)
      .map((command) => ({
        word: command.name(),
        description: command.summary() || firstSentence(command.description()),
      }));
  }

  #flagCandidates(): Candidate[] {
    return this.#options()
      .filter(({ hidden }) => !hidden)
      .flatMap(({ long, short, description }) => {
        const word = long ?? short;
        return word === undefined || word === null ? [] : [{ word, description }];
      });
  }

  #option(name: string): Option | undefined {
    return this.#options().find(({ long, short }) => name === long || name === short);
  }

  /** Those of the command and of all above it: connection flags may stand anywhere. */
  #options(): Option[] {
    const own: Option[] = [];
    for (let command: Command | null = this.#command; command !== null; command = command.parent) {
      const isOwn = command === this.#command;
      const visible = command.createHelp().visibleOptions(command);
      own.push(...visible.filter(({ long }) => isOwn || (long !== '--help' && long !== '--version')));
    }
    return own;
  }
}

function wordsOf(choices: readonly string[] | undefined, valueName: string): Candidate[] {
  return (choices ?? KNOWN_WORDS[valueName] ?? []).map((word) => ({ word, description: '' }));
}

/** The commands that help shows. */
export function visibleCommands(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

function firstSentence(text: string): string {
  return text.split(/\.(?:\s|$)/)[0] ?? text;
}
