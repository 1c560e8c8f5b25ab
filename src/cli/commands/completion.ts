import { Argument, type Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { addExamples } from '../command-help.js';
import { type Candidate, type Completion, completeWords } from '../completion/complete-words.js';
import { COMPLETE_COMMAND, COMPLETION_SCRIPTS, SHELLS, type Shell } from '../completion/completion-scripts.js';
import { listNames } from '../completion/list-names.js';
import { resolveConnection } from '../connection.js';
import { contextFilePath, readContextFile } from '../context-file.js';

/** Defines `completion`, and the hidden command that the shells call. */
export function defineCompletionCommand(program: Command, context: CliContext): void {
  const command = program
    .command('completion')
    .summary('print the completion script of a shell')
    .description(
      [
        'Prints a script by which a shell completes commands, flags, their values, contexts, and the names of templates, which it asks the',
        'registry for.',
      ].join(' '),
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action((shell: Shell) => {
      context.terminal.out(COMPLETION_SCRIPTS[shell]);
    });
  addExamples(command, [
    ['bash, in this shell; put the line into ~/.bashrc for all', 'source <(appimagectl completion bash)'],
    ['zsh; put the line into ~/.zshrc', 'source <(appimagectl completion zsh)'],
    ['fish, for good', 'appimagectl completion fish > ~/.config/fish/completions/appimagectl.fish'],
  ]);
  program
    .command(COMPLETE_COMMAND, { hidden: true })
    .argument('[words...]')
    .helpOption(false)
    .action(async (words: readonly string[]) => {
      context.terminal.out(await completionLines(program, words, context));
    });
}

/** A candidate a line, and what the shell is to complete by itself in the last one. */
async function completionLines(program: Command, words: readonly string[], context: CliContext): Promise<string> {
  const completion = completeWords(program, words);
  const { candidates, typed, prefix, taken, shell } = completion;
  const known = [...candidates, ...(await valuesOf(completion, context))];
  const fitting = known.filter(({ word }) => word.startsWith(typed) && !taken.includes(word));
  const lines = fitting.map(({ word, description }) => `${prefix}${word}\t${description}`);
  return [...lines, `:${shell ?? ''}`, ''].join('\n');
}

/** A completion that fails stays silent: the shell would write the error into the line that is being typed. */
async function valuesOf({ values, flags, typed }: Completion, { env, cwd }: CliContext): Promise<readonly Candidate[]> {
  try {
    switch (values) {
      case 'context': {
        const { contexts } = readContextFile(contextFilePath(env));
        return [...contexts].map(([word, { server = '' }]) => ({ word, description: server }));
      }
      case 'template': {
        const names = await listNames(resolveConnection(flags, env, cwd), typed);
        return names.map((word) => ({ word, description: '' }));
      }
      default:
        return [];
    }
  } catch {
    return [];
  }
}
