import type { Command } from 'commander';
import { readVersion } from '../../config/version.js';
import type { CliContext } from '../cli-context.js';
import { addExamples } from '../command-help.js';
import { document, isDocumentFormat, outputOption, writeDocument } from '../output.js';

interface VersionFlags {
  readonly output: string;
}

/** `version`: of this program. */
export function defineVersionCommand(program: Command, context: CliContext): void {
  const command = program
    .command('version')
    .summary('print the version of this command line')
    .description('Prints the version of this command line and of the Node.js that runs it. It does not connect.')
    .addOption(outputOption(['text', 'json', 'yaml']))
    .action((flags: VersionFlags) => {
      const version = { client: readVersion(), node: process.versions.node };
      if (isDocumentFormat(flags.output)) {
        writeDocument(context.terminal, flags.output, document('version', version));
      } else {
        context.terminal.out(`appimagectl ${version.client} (Node.js ${version.node})\n`);
      }
    });
  addExamples(command, [
    ['For people', 'appimagectl version'],
    ['For programs', 'appimagectl version -o json'],
  ]);
}
