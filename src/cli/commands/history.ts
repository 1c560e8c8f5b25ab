import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Revision } from '../../../gen/appimage/v1/registry.js';
import { type CliContext, connect } from '../cli-context.js';
import { addExamples } from '../command-help.js';
import { withNameGuess } from '../name-guess.js';
import { document, formatTable, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import type { RegistryClient } from '../registry-client.js';
import { revisionDocument, revisionTime } from '../revision-output.js';

const LARGEST_PAGE = 1000;

interface HistoryFlags {
  readonly output: string;
  readonly limit?: number;
}

/** `history`: the revisions of a template. */
export function defineHistoryCommand(program: Command, context: CliContext): void {
  const command = program
    .command('history')
    .argument('<name>', 'name of a template, which may have been deleted')
    .summary('list the revisions of a template')
    .description(
      'Lists the revisions of a template, the newest first: when, who, by which method, why, and the tags that point there. A delete is a revision too.',
    )
    .addOption(new Option('--limit <number>', 'only the newest ones').argParser(readLimit))
    .addOption(outputOption(['table', 'wide', 'json', 'yaml', 'name']))
    .action(async (name: string, flags: HistoryFlags, self: Command) => history(name, flags, self, context));
  addExamples(command, [
    ['Who changed it, and why', 'appimagectl history psi'],
    ['What the last change was', 'appimagectl history psi --limit 2 && appimagectl diff psi'],
    ['With certificates and hashes', 'appimagectl history psi -o wide'],
  ]);
}

function readLimit(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) {
    throw new InvalidArgumentError('Give a number from 1 on.');
  }
  return Number(text);
}

async function history(name: string, flags: HistoryFlags, self: Command, context: CliContext): Promise<void> {
  const { terminal } = context;
  using client = connect(self, context);
  const revisions = await withNameGuess(client, name, async () => listRevisions(client, name, flags.limit));
  if (isDocumentFormat(flags.output)) {
    const listed = revisions.map(revisionDocument);
    writeDocument(terminal, flags.output, document('history', { name, revisions: listed }));
  } else if (flags.output === 'name') {
    terminal.out(revisions.map(({ revision }) => `${revision}\n`).join(''));
  } else {
    const isWide = flags.output === 'wide';
    const headers = [
      'REVISION',
      'TIME',
      'WHO',
      'METHOD',
      'TAGS',
      'MESSAGE',
      ...(isWide ? ['CERTIFICATE', 'CONTENT'] : []),
    ];
    const rows = revisions.map((revision) => [
      String(revision.revision),
      revisionTime(revision),
      revision.tokenName || revision.certificateSubject,
      revision.deleted ? `${revision.method} (deleted)` : revision.method,
      revision.tags.join(','),
      revision.message,
      ...(isWide ? [revision.certificateSubject, revision.contentHash] : []),
    ]);
    terminal.out(formatTable(headers, rows, terminal.width));
  }
}

async function listRevisions(
  client: RegistryClient,
  name: string,
  limit = Number.MAX_SAFE_INTEGER,
): Promise<Revision[]> {
  const revisions: Revision[] = [];
  let pageToken = '';
  do {
    const pageSize = BigInt(Math.min(LARGEST_PAGE, limit - revisions.length));
    const page = await client.call('listRevisions', { header: undefined, name, pageSize, pageToken });
    revisions.push(...page.revisions);
    pageToken = page.nextPageToken;
  } while (pageToken !== '' && revisions.length < limit);
  return revisions;
}
