import { type Command, Option } from 'commander';
import { checkedTemplates, type ValidationLevel } from '../check-sources.js';
import { type CliContext, connect } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { notFound } from '../name-guess.js';
import { document, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import type { RegistryClient } from '../registry-client.js';
import { readIfRevision } from '../revision-argument.js';
import { readSources, type SourceFlags, sourceOptions } from '../sources.js';
import { deleteTemplate, fetchTemplates } from '../stored-templates.js';

interface DeleteFlags extends SourceFlags {
  readonly output: string;
  readonly ifRevision?: string;
  readonly ignoreNotFound?: boolean;
  readonly dryRun?: boolean;
}

interface Deleted {
  readonly name: string;
  readonly outcome: 'deleted' | 'not found' | 'failed';
  readonly error: CliError | undefined;
}

/** `delete`: removes templates, which `rollback` can bring back. */
export function defineDeleteCommand(program: Command, context: CliContext): void {
  const command = program
    .command('delete')
    .argument('[name...]', 'names of templates')
    .summary('delete templates')
    .description(
      'Deletes templates by name, or those of manifests with -f. Their history stays, and `rollback` brings them back. As with kubectl, nobody is asked.',
    );
  for (const option of sourceOptions()) {
    command.addOption(option);
  }
  command
    .addOption(new Option('--if-revision <number>', 'only if the one template is at this revision'))
    .addOption(new Option('--ignore-not-found', 'do not fail where there is no such template'))
    .addOption(new Option('--dry-run', 'say what would be deleted, and delete nothing'))
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .action(async (names: readonly string[], flags: DeleteFlags, self: Command) => remove(names, flags, self, context));
  addExamples(command, [
    ['A template', 'appimagectl delete psi'],
    ['Only if nobody has changed it since revision 7', 'appimagectl delete psi --if-revision 7'],
    ['What a manifest has put there', 'appimagectl delete -f psi.yaml --ignore-not-found'],
    ['And back again', 'appimagectl history psi && appimagectl rollback psi --to 7'],
  ]);
}

async function remove(given: readonly string[], flags: DeleteFlags, self: Command, context: CliContext): Promise<void> {
  const { terminal } = context;
  const names = await namesOf(given, flags, context);
  const ifRevision = readIfRevision(flags.ifRevision);
  if (ifRevision !== undefined && names.length !== 1) {
    throw new CliError('USAGE', `--if-revision is for one template, and these are ${names.length}`);
  }
  using client = connect(self, context);
  const existing = flags.dryRun === true ? await fetchTemplates(client, names) : undefined;
  const deleted: Deleted[] = [];
  for (const name of names) {
    const one = await removeOne(client, name, ifRevision, existing?.has(name));
    deleted.push(one);
    if (one.outcome === 'deleted' && !isDocumentFormat(flags.output)) {
      const dry = flags.dryRun === true ? ' (dry run)' : '';
      terminal.out(flags.output === 'name' ? `appimage/${name}\n` : `appimage/${name} deleted${dry}\n`);
    }
    if (one.error !== undefined) {
      terminal.say(`${terminal.paintTalk('red', 'error:')} appimage/${name}: ${one.error.message}`);
    }
  }
  const missing =
    flags.ignoreNotFound === true
      ? []
      : deleted.filter(({ outcome }) => outcome === 'not found').map(({ name }) => name);
  if (isDocumentFormat(flags.output)) {
    const results = deleted.map(({ name, outcome, error }) => ({
      name,
      outcome: outcome.replace(' ', '_'),
      error: error === undefined ? null : { code: error.serverCode ?? null, message: error.message },
    }));
    writeDocument(terminal, flags.output, document('delete', { dry_run: flags.dryRun ?? false, results }));
  }
  const failed = deleted.find(({ error }) => error !== undefined)?.error;
  if (failed !== undefined) {
    throw new CliError(failed.exit, 'not everything could be deleted', { hint: failed.hint, isReported: true });
  }
  if (missing.length > 0) {
    const quoted = missing.map((name) => `"${name}"`).join(', ');
    const { message, hint } = await notFound(client, missing, `there is no template ${quoted}`);
    throw new CliError('FAILED', message, { hint, isReported: true });
  }
}

async function namesOf(given: readonly string[], flags: DeleteFlags, context: CliContext): Promise<string[]> {
  if ((given.length === 0) === (flags.filename === undefined)) {
    throw new CliError('USAGE', 'give either names of templates, or manifests with -f');
  }
  if (given.length > 0) {
    return [...new Set(given.map((name) => name.replace(/^appimages?\//, '')))];
  }
  const level: ValidationLevel = 'ignore';
  return checkedTemplates(await readSources(flags, context), level, context).map(({ appImage }) => appImage.name);
}

async function removeOne(
  client: RegistryClient,
  name: string,
  ifRevision: bigint | undefined,
  wouldExist: boolean | undefined,
): Promise<Deleted> {
  try {
    const existed = wouldExist ?? (await deleteTemplate(client, name, ifRevision));
    return { name, outcome: existed ? 'deleted' : 'not found', error: undefined };
  } catch (error) {
    // Without a connection or a right there is no use in going on.
    if (error instanceof CliError && error.serverCode !== undefined && error.exit !== 'REFUSED') {
      return { name, outcome: 'failed', error };
    }
    throw error;
  }
}
