import { type Command, Option } from 'commander';
import { type Applied, applyTemplates, RefusedTemplates } from '../apply-templates.js';
import { checkedTemplates, lintFindings, type ValidationLevel, validateOption } from '../check-sources.js';
import { type CliContext, connect } from '../cli-context.js';
import { CliError, changedError } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { diffDocument } from '../diff-text.js';
import type { ExitName } from '../exit-codes.js';
import { describeFinding, type Finding } from '../finding.js';
import { type LabelSelector, parseSelector, selectorOption } from '../label-selector.js';
import { count, document, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import { Progress } from '../progress.js';
import type { RegistryClient } from '../registry-client.js';
import { readIfRevision } from '../revision-argument.js';
import { readSources, type Source, type SourceFlags, sourceOptions } from '../sources.js';
import { deleteTemplate, listTemplates } from '../stored-templates.js';

/** From this number of templates on a terminal shows a bar, which moves by smaller requests. */
const PROGRESS_THRESHOLD = 100;
const TEMPLATES_PER_STEP = 50;

interface ApplyFlags extends SourceFlags {
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly selector?: string;
  readonly yes?: boolean;
  readonly message?: string;
  readonly failOnWarnings?: boolean;
  readonly ifRevision?: string;
  readonly validate: ValidationLevel;
  readonly output: string;
}

interface Pruned {
  readonly name: string;
  readonly error: CliError | undefined;
}

/** `apply`: makes the registry hold what the files say. */
export function defineApplyCommand(program: Command, context: CliContext): void {
  const command = program
    .command('apply')
    .summary('make the registry hold what manifests say')
    .description(
      [
        'Makes the registry hold what the manifests say: creates and updates templates, and leaves alone those that mean the same already.',
        'A manifest is the whole wanted state: what is absent from it is absent afterwards. All manifests are checked before the first is',
        'applied; then each template has its own outcome. Kubernetes manifests (kind AppImage) and the JSON of the API are read, several to a file.',
      ].join(' '),
    );
  for (const option of sourceOptions()) {
    command.addOption(option);
  }
  command
    .addOption(new Option('--dry-run', 'say what would be done, and do nothing'))
    .addOption(new Option('--message <text>', 'why; kept in the history'))
    .addOption(new Option('--fail-on-warnings', 'apply nothing where the linter warns (exit code 4)'))
    .addOption(
      new Option(
        '--if-revision <number>',
        'only if the one template is at this revision; 0: only if it does not exist',
      ),
    )
    .addOption(
      new Option('--prune', 'delete the stored templates that --selector selects and the manifests do not have'),
    )
    .addOption(selectorOption('labels of the templates that --prune may delete'))
    .addOption(new Option('-y, --yes', 'prune without asking'))
    .addOption(validateOption())
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .action(async (flags: ApplyFlags, self: Command) => apply(flags, self, context));
  addExamples(command, [
    ['One manifest, saying why', 'appimagectl apply -f psi.yaml --message "PSI 0.6"'],
    ['A folder, and what would happen', 'appimagectl apply -f manifests/ --dry-run'],
    ['What another program writes', 'kustomize build . | appimagectl apply -f -'],
    ['Only if nobody has changed it since revision 7', 'appimagectl apply -f psi.yaml --if-revision 7'],
    [
      'The folder is all there is of this team: delete what it no longer has',
      'appimagectl apply -f manifests/ --prune -l team=psi --yes',
    ],
  ]);
}

async function apply(flags: ApplyFlags, self: Command, context: CliContext): Promise<void> {
  const { terminal } = context;
  const selects = readPruning(flags);
  const ifRevision = readIfRevision(flags.ifRevision);
  const sources = checkedTemplates(await readSources(flags, context), flags.validate, context);
  if (ifRevision !== undefined && sources.length !== 1) {
    throw new CliError('USAGE', `--if-revision is for one template, and the files have ${sources.length}`);
  }
  if (flags.failOnWarnings === true) {
    refuseWarnings(sources, context);
  }
  using client = connect(self, context);
  const dryRun = flags.dryRun ?? false;
  const doomed = selects === undefined ? [] : await templatesToPrune(client, sources, selects);
  await confirmPruning(doomed, flags, context);
  const options = { dryRun, failOnWarnings: flags.failOnWarnings ?? false, message: flags.message ?? '', ifRevision };
  const applied: Applied[] = [];
  try {
    using progress = new Progress(terminal, sources.length, PROGRESS_THRESHOLD);
    for await (const chunk of applyTemplates(
      client,
      sources,
      options,
      progress.isShown ? TEMPLATES_PER_STEP : undefined,
    )) {
      applied.push(...chunk);
      progress.around(() => report(chunk, flags, context));
      progress.advance(chunk.length);
    }
  } catch (error) {
    if (error instanceof RefusedTemplates) {
      tell(error.findings, context);
    }
    if (isDocumentFormat(flags.output) && applied.length > 0 && error instanceof CliError) {
      writeDocument(terminal, flags.output, applyDocument(applied, [], flags));
      throw changedError(error, { isReported: true });
    }
    throw error;
  }
  const failed = applied.filter(({ error }) => error !== undefined);
  const pruned = failed.length > 0 ? [] : await prune(client, doomed, flags, context);
  if (isDocumentFormat(flags.output)) {
    writeDocument(terminal, flags.output, applyDocument(applied, pruned, flags));
  }
  if (failed.length > 0 && doomed.length > 0) {
    terminal.warn('nothing has been pruned, since not everything could be applied');
  }
  context.exit = exitOf([...failed, ...pruned]);
}

function readPruning({ prune: isWanted, selector }: ApplyFlags): LabelSelector | undefined {
  if ((isWanted === true) !== (selector !== undefined)) {
    throw new CliError('USAGE', '--prune and --selector belong together', {
      hint: 'name the labels that the manifests share, e.g. --prune -l team=psi, so that nothing of others is deleted',
    });
  }
  return selector === undefined ? undefined : parseSelector(selector);
}

function refuseWarnings(sources: readonly Source[], context: CliContext): void {
  const warnings = lintFindings(sources).filter(({ severity }) => severity === 'WARNING');
  if (warnings.length > 0) {
    tell(warnings, context);
    throw new CliError('LINT_FINDINGS', `${count(warnings.length, 'warning')}; nothing has been applied`, {
      hint: 'mend what is meant, or leave out --fail-on-warnings',
    });
  }
}

async function templatesToPrune(
  client: RegistryClient,
  sources: readonly Source[],
  selects: LabelSelector,
): Promise<string[]> {
  const kept = new Set(sources.map(({ appImage }) => appImage.name));
  const stray = sources.find(({ appImage }) => !selects(appImage.labels));
  if (stray !== undefined) {
    const { file, document: source, appImage } = stray;
    throw new CliError(
      'USAGE',
      `the template "${appImage.name}" of ${file.name}:${source.position.line} does not have the labels of --selector`,
      {
        hint: 'it would never be pruned; give it the labels, or apply it by itself',
      },
    );
  }
  const doomed: string[] = [];
  for await (const { name, labels } of listTemplates(client)) {
    if (!kept.has(name) && selects(labels)) {
      doomed.push(name);
    }
  }
  return doomed;
}

async function confirmPruning(
  doomed: readonly string[],
  { dryRun, yes }: ApplyFlags,
  { terminal }: CliContext,
): Promise<void> {
  if (doomed.length === 0 || dryRun === true || yes === true) {
    return;
  }
  terminal.say(
    `These templates are in the registry and not in the files:\n${doomed.map((name) => `  appimage/${name}`).join('\n')}`,
  );
  const question = `Delete ${count(doomed.length, 'template')}?`;
  if (!(await terminal.confirm(question, 'look at them with --dry-run, and give --yes to delete them'))) {
    throw new CliError('FAILED', 'not confirmed; nothing has been done');
  }
}

async function prune(
  client: RegistryClient,
  doomed: readonly string[],
  flags: ApplyFlags,
  { terminal }: CliContext,
): Promise<Pruned[]> {
  const pruned: Pruned[] = [];
  for (const name of doomed) {
    try {
      if (flags.dryRun !== true) {
        await deleteTemplate(client, name, undefined);
      }
      pruned.push({ name, error: undefined });
      if (flags.output === 'text') {
        terminal.out(`appimage/${name} pruned${flags.dryRun === true ? ' (dry run)' : ''}\n`);
      }
    } catch (error) {
      if (!(error instanceof CliError)) {
        throw error;
      }
      pruned.push({ name, error });
      terminal.say(`${terminal.paintTalk('red', 'error:')} appimage/${name}: ${error.message}`);
    }
  }
  return pruned;
}

const OUTCOME_COLOURS = { created: 'green', updated: 'yellow', unchanged: 'dim', failed: 'red' } as const;

function report(applied: readonly Applied[], { output, dryRun }: ApplyFlags, context: CliContext): void {
  const { terminal } = context;
  for (const { name, outcome, revision, diff, findings, error } of applied) {
    if (error !== undefined) {
      terminal.say(`${terminal.paintTalk('red', 'error:')} appimage/${name}: ${error.message}`);
      if (error.hint !== undefined) {
        terminal.say(`${terminal.paintTalk('cyan', 'hint:')} ${error.hint.replaceAll('NAME', name)}`);
      }
      continue;
    }
    if (output === 'text') {
      const weight = outcome === 'updated' && diff.class !== undefined ? `, ${diff.class.toLowerCase()}` : '';
      const did = terminal.paint(OUTCOME_COLOURS[outcome], outcome);
      terminal.out(`appimage/${name} ${did} (revision ${revision}${weight})${dryRun === true ? ' (dry run)' : ''}\n`);
    } else if (output === 'name') {
      terminal.out(`appimage/${name}\n`);
    }
    if (outcome !== 'unchanged') {
      tell(
        findings.filter(({ severity }) => severity === 'WARNING'),
        context,
      );
    }
  }
}

function tell(findings: readonly Finding[], { terminal }: CliContext): void {
  for (const finding of findings) {
    terminal.say(describeFinding(finding, terminal.paintTalk));
  }
}

function exitOf(failed: readonly { readonly error: CliError | undefined }[]): ExitName {
  const exits = failed.flatMap(({ error }) => (error === undefined ? [] : [error.exit]));
  return exits.includes('CONFLICT') ? 'CONFLICT' : (exits[0] ?? 'DONE');
}

function applyDocument(applied: readonly Applied[], pruned: readonly Pruned[], { dryRun }: ApplyFlags): object {
  return document('apply', {
    dry_run: dryRun ?? false,
    results: applied.map(({ source, name, outcome, revision, diff, findings, error }) => ({
      name,
      outcome,
      revision,
      file: source.file.name,
      line: source.document.position.line,
      diff: diffDocument(diff),
      findings: findings.map(({ rule, severity, field, message, suggestion, position }) => ({
        rule,
        severity: severity.toLowerCase(),
        field,
        message,
        suggestion,
        line: position.line,
        column: position.column,
      })),
      error: errorOf(error),
    })),
    pruned: pruned.map(({ name, error }) => ({ name, error: errorOf(error) })),
  });
}

function errorOf(error: CliError | undefined): object | null {
  return error === undefined ? null : { code: error.serverCode ?? null, message: error.message };
}
