import type { Command } from 'commander';

/** One line of a command's examples. */
export interface Example {
  readonly what: string;
  readonly line: string;
}

const examples = new WeakMap<Command, readonly Example[]>();

/** Adds examples to the end of a command's help; the documentation shows them as well. Pairs of what it does and the line to type. */
export function addExamples(command: Command, pairs: readonly (readonly [what: string, line: string])[]): Command {
  const added = pairs.map(([what, line]) => ({ what, line }));
  examples.set(command, added);
  const text = added.map(({ what, line }) => `  # ${what}\n  ${line}`).join('\n\n');
  return command.addHelpText('after', `\nExamples:\n${text}`);
}

export function examplesOf(command: Command): readonly Example[] {
  return examples.get(command) ?? [];
}
