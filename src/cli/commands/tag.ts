import { type Command, Option } from 'commander';
import { type CliContext, connect } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { withNameGuess } from '../name-guess.js';
import { document, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import { readIfRevision, readRevision } from '../revision-argument.js';

interface TagFlags {
  readonly output: string;
  readonly ifRevision?: string;
}

/** `tag` and `untag`: movable names for revisions. */
export function defineTagCommand(program: Command, context: CliContext): void {
  const command = program
    .command('tag')
    .argument('<name>', 'name of a template')
    .argument('<revision>', 'number of a revision, another tag, or "latest" for the newest')
    .argument('<tag>', 'the tag: a-z, 0-9 and "-", at most 63 characters')
    .summary('point a tag at a revision')
    .description(
      'Points a tag at a revision, or moves it there. Wherever a revision is asked for, a tag will do. Tagged revisions are kept for ever.',
    )
    .addOption(
      new Option(
        '--if-revision <number>',
        'only if the tag points at this revision now; 0: only if there is no such tag',
      ),
    )
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .action(async (name: string, revision: string, tag: string, flags: TagFlags, self: Command) =>
      setTag({ name, revision, tag }, flags, self, context),
    );
  addExamples(command, [
    ['Revision 7 is what production uses', 'appimagectl tag psi 7 prod'],
    ['What was tested goes to production', 'appimagectl tag psi staging prod'],
    ['Only if production is still at revision 6', 'appimagectl tag psi 7 prod --if-revision 6'],
  ]);
  const untag = program
    .command('untag')
    .argument('<name>', 'name of a template')
    .argument('<tag>', 'the tag')
    .summary('remove a tag')
    .description('Removes a tag. The revision stays as long as it is among the newest ones that are kept.')
    .addOption(new Option('--if-revision <number>', 'only if the tag points at this revision now'))
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .action(async (name: string, tag: string, flags: TagFlags, self: Command) =>
      removeTag(name, tag, flags, self, context),
    );
  addExamples(untag, [['Production uses it no longer', 'appimagectl untag psi prod']]);
}

async function setTag(
  { name, revision: given, tag }: { readonly name: string; readonly revision: string; readonly tag: string },
  flags: TagFlags,
  self: Command,
  context: CliContext,
): Promise<void> {
  if (/^[0-9]+$/.test(tag)) {
    throw new CliError('USAGE', `a tag of digits, such as ${tag}, would be taken for the number of a revision`, {
      hint: 'the order is NAME REVISION TAG; put a letter into the tag',
    });
  }
  const ifRevision = readIfRevision(flags.ifRevision);
  const wanted = readRevision(given === 'latest' ? undefined : given);
  using client = connect(self, context);
  const { revision } = await withNameGuess(client, name, async () => {
    // The API takes a number; a tag is looked up.
    const number =
      wanted.tag === ''
        ? wanted.revision
        : ((await client.call('getRevision', { header: undefined, name, ...wanted })).revision?.revision ?? 0n);
    return client.call(
      'setTag',
      { header: undefined, name, tag, revision: number, ifRevision },
      { isIdempotent: ifRevision === undefined },
    );
  });
  write(flags, context, {
    text: `appimage/${name} tag ${tag} points at revision ${revision}`,
    name: `appimage/${name}`,
    content: document('tag', { name, tag, revision: Number(revision) }),
  });
}

async function removeTag(
  name: string,
  tag: string,
  flags: TagFlags,
  self: Command,
  context: CliContext,
): Promise<void> {
  const ifRevision = readIfRevision(flags.ifRevision);
  using client = connect(self, context);
  await withNameGuess(client, name, async () =>
    client.call('deleteTag', { header: undefined, name, tag, ifRevision }, { isIdempotent: false }),
  );
  write(flags, context, {
    text: `appimage/${name} tag ${tag} removed`,
    name: `appimage/${name}`,
    content: document('untag', { name, tag }),
  });
}

interface TagOutput {
  readonly text: string;
  readonly name: string;
  readonly content: object;
}

function write({ output }: TagFlags, { terminal }: CliContext, { text, name, content }: TagOutput): void {
  if (isDocumentFormat(output)) {
    writeDocument(terminal, output, content);
  } else {
    terminal.out(`${output === 'name' ? name : text}\n`);
  }
}
