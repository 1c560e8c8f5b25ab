import type { Command } from 'commander';
import { didYouMean } from '../../domain/did-you-mean.js';
import type { CliContext } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { DOCUMENT_NAMES, documentMark, documentSchema, documentTitle, isDocumentName } from '../document-schemas.js';
import { formatTable } from '../output.js';

/** `schema`: the forms of `--output json`. */
export function defineSchemaCommand(program: Command, { terminal }: CliContext): void {
  const command = program
    .command('schema')
    .argument('[document]', 'name of a document; none for a list of them')
    .summary('print the JSON Schema of what --output json writes')
    .description(
      [
        'Prints the JSON Schema (2020-12) of a document that --output json or yaml writes. Every document names its form in the field "schema",',
        'such as appimagectl/apply/v1. A form only ever gains fields; if one had to change, its number would. What `get` writes is the JSON of the',
        'API itself: a template, or a list under "items". A command that fails and has nothing else to show writes the document error.',
      ].join(' '),
    )
    .action((name: string | undefined) => {
      if (name === undefined) {
        const rows = DOCUMENT_NAMES.map((known) => [known, documentMark(known), documentTitle(known)]);
        terminal.out(formatTable(['DOCUMENT', 'SCHEMA', 'WHAT'], rows, terminal.width));
        return;
      }
      if (!isDocumentName(name)) {
        const guess = didYouMean(name, DOCUMENT_NAMES);
        throw new CliError('USAGE', `there is no document "${name}"`, {
          hint: guess === undefined ? '`appimagectl schema` lists them' : `did you mean "${guess}"?`,
        });
      }
      terminal.out(`${JSON.stringify(documentSchema(name), undefined, 2)}\n`);
    });
  addExamples(command, [
    ['The documents that there are', 'appimagectl schema'],
    ['What a program can rely on in the output of lint', 'appimagectl schema lint'],
  ]);
}
