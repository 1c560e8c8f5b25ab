import { type Command, Option } from 'commander';
import { type CliContext, connect } from '../cli-context.js';
import { addExamples } from '../command-help.js';
import { withNameGuess } from '../name-guess.js';
import { document, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import { readIfRevision, readRevision } from '../revision-argument.js';
import { revisionDocument } from '../revision-output.js';

interface RollbackFlags {
  readonly output: string;
  readonly to: string;
  readonly ifRevision?: string;
  readonly message?: string;
}

/** `rollback`: makes an old revision the newest. */
export function defineRollbackCommand(program: Command, context: CliContext): void {
  const command = program
    .command('rollback')
    .argument('<name>', 'name of a template, which may have been deleted')
    .summary('make an old revision the newest one')
    .description(
      'Makes the content of an old revision the newest revision. It brings a deleted template back, and nothing of the history is lost.',
    )
    .addOption(new Option('--to <number|tag>', 'the revision to go back to').makeOptionMandatory())
    .addOption(
      new Option(
        '--if-revision <number>',
        'only if the template is at this revision now; 0: only if it does not exist',
      ),
    )
    .addOption(new Option('--message <text>', 'why; kept in the history'))
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .action(async (name: string, flags: RollbackFlags, self: Command) => rollback(name, flags, self, context));
  addExamples(command, [
    ['Back to revision 3', 'appimagectl rollback psi --to 3 --message "0.6 loses rows"'],
    ['Back to what the tag prod points at', 'appimagectl rollback psi --to prod'],
    ['What that would change, first', 'appimagectl diff psi --from prod'],
  ]);
}

async function rollback(name: string, flags: RollbackFlags, self: Command, context: CliContext): Promise<void> {
  const ifRevision = readIfRevision(flags.ifRevision);
  const to = readRevision(flags.to);
  const { terminal } = context;
  using client = connect(self, context);
  const { revision } = await withNameGuess(client, name, async () =>
    client.call(
      'rollback',
      { header: undefined, name, ...to, ifRevision, message: flags.message ?? '' },
      { isIdempotent: ifRevision === undefined },
    ),
  );
  if (isDocumentFormat(flags.output)) {
    const content = revision === undefined ? {} : revisionDocument(revision);
    writeDocument(terminal, flags.output, document('rollback', { name, to: flags.to, revision: content }));
  } else {
    const now = flags.output === 'name' ? '' : ` rolled back to ${flags.to} (revision ${revision?.revision ?? '?'})`;
    terminal.out(`appimage/${name}${now}\n`);
  }
}
