import { CommanderError } from 'commander';
import type { CliContext } from './cli-context.js';
import { CliError, messageOf } from './cli-error.js';
import { EXIT_CODES } from './exit-codes.js';
import { errorDocument, isDocumentFormat, writeDocument } from './output.js';
import { buildProgram } from './program.js';
import type { ColourMode, Terminal } from './terminal.js';

/**
 * Runs one command line.
 * @param argv the arguments behind the program's name
 * @returns the exit code
 */
export async function runCli(
  argv: readonly string[],
  terminal: Terminal,
  env: NodeJS.ProcessEnv,
  cwd: string,
): Promise<number> {
  const context: CliContext = { terminal, env, cwd, exit: 'DONE' };
  const program = buildProgram(context);
  let format: unknown;
  program.hook('preAction', (_, command) => {
    const { color, output } = command.optsWithGlobals<{ color?: ColourMode | boolean; output?: string }>();
    format = output;
    if (color !== undefined && color !== true) {
      terminal.setColourMode(color === false ? 'never' : color);
    }
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT_CODES[context.exit].code;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT_CODES.DONE.code : EXIT_CODES.USAGE.code;
    }
    const failure = error instanceof CliError ? error : unexpected(error, env);
    if (isDocumentFormat(format) && !failure.isReported) {
      writeDocument(terminal, format, errorDocument(failure));
    }
    sayError(terminal, failure);
    return failure.exitCode;
  }
}

/** Tells of an error: what is wrong, every fault, and what to do next. */
export function sayError(terminal: Terminal, { message, violations, areViolationsShown, hint }: CliError): void {
  if (message !== '') {
    terminal.say(`${terminal.paintTalk('red', 'error:')} ${message}`);
  }
  // One fault is all in the message.
  if (violations.length > 1 && !areViolationsShown) {
    for (const { field, description } of violations) {
      terminal.say(`  ${field === '' ? '' : `${field}: `}${description}`);
    }
  }
  for (const line of hint?.split('\n') ?? []) {
    terminal.say(`${terminal.paintTalk('cyan', 'hint:')} ${line}`);
  }
}

function unexpected(error: unknown, env: NodeJS.ProcessEnv): CliError {
  const stack = env['APPIMAGECTL_DEBUG'] && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  return new CliError('FAILED', `${messageOf(error)}${stack}`, {
    hint: 'this is a fault of appimagectl; APPIMAGECTL_DEBUG=1 shows where it happened',
    cause: error,
  });
}
