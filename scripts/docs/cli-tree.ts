import { PassThrough } from 'node:stream';
import type { Argument, Command, Option } from 'commander';
import { type Example, examplesOf } from '../../src/cli/command-help.js';
import { buildProgram } from '../../src/cli/program.js';
import { type Streams, Terminal } from '../../src/cli/terminal.js';

/** One flag or argument. */
export interface Term {
  readonly term: string;
  readonly description: string;
}

/** A command as the documentation shows it. */
export interface CommandPage {
  /** With the names of those above it: `appimagectl context add`. */
  readonly title: string;
  readonly usage: string;
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly Term[];
  readonly options: readonly Term[];
  readonly examples: readonly Example[];
}

/** The command line as the documentation shows it. */
export interface CliTree {
  readonly program: CommandPage;
  readonly version: string;
  /** The commands in the order of the help, each before those below it. */
  readonly commands: readonly CommandPage[];
  /** What the help of the program says at its end, e.g. `Exit codes`: the title, and the text below it. */
  readonly notes: readonly { readonly title: string; readonly text: string }[];
}

/** Reads everything from the command line itself. */
export function cliTree(): CliTree {
  const written: string[] = [];
  const stdout = new PassThrough().on('data', (chunk: Buffer) => written.push(chunk.toString()));
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough() } as unknown as Streams;
  const terminal = new Terminal(streams, {});
  const program = buildProgram({ terminal, env: {}, cwd: '/', exit: 'DONE' });
  program.outputHelp();
  return {
    program: pageOf(program, program.name()),
    version: program.version() ?? '',
    commands: pagesBelow(program, program.name()),
    notes: notesOf(written.join('')),
  };
}

function pagesBelow(parent: Command, path: string): CommandPage[] {
  const help = parent.createHelp();
  return help
    .visibleCommands(parent)
    .filter((command) => command.name() !== 'help')
    .flatMap((command) => {
      const title = `${path} ${command.name()}`;
      return [pageOf(command, title), ...pagesBelow(command, title)];
    });
}

function pageOf(command: Command, title: string): CommandPage {
  const help = command.createHelp();
  return {
    title,
    usage: help.commandUsage(command),
    summary: command.summary(),
    description: command.description(),
    arguments: help.visibleArguments(command).map((argument: Argument) => ({
      term: help.argumentTerm(argument),
      description: help.argumentDescription(argument),
    })),
    options: help
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .map((option: Option) => ({ term: help.optionTerm(option), description: help.optionDescription(option) })),
    examples: examplesOf(command),
  };
}

/** What stands behind the examples. */
function notesOf(help: string): { title: string; text: string }[] {
  const start = help.indexOf('\nConnection: ');
  return help
    .slice(start)
    .trim()
    .split('\n\n')
    .map((paragraph) => {
      const [, title = '', text = ''] = /^([^:]+):\s(.*)$/s.exec(paragraph) ?? [];
      return { title, text: text.replaceAll(/^\n+|\n+$/g, '') };
    });
}
