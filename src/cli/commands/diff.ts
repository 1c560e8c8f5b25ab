import { type Command, Option } from 'commander';
import { sameContent } from '../../domain/app-image/same-content.js';
import type { AppImageDiff, DiffClass, DiffEntry } from '../../domain/diff/app-image-diff.js';
import { diffAppImages } from '../../domain/diff/diff-app-images.js';
import { checkedTemplates, type ValidationLevel, validateOption } from '../check-sources.js';
import { type CliContext, connect } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { paintWith } from '../colours.js';
import { addExamples } from '../command-help.js';
import { describeChange, describeEntry, diffDocument, paintClass, readDiff } from '../diff-text.js';
import type { Finding } from '../finding.js';
import { withNameGuess } from '../name-guess.js';
import { count, document, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import { formatOption, formatReport, type ReportFormat } from '../report-formats.js';
import { readRevision } from '../revision-argument.js';
import { readSources, type Source, type SourceFlags, sourceOptions } from '../sources.js';
import { fetchTemplates } from '../stored-templates.js';

/** Gravest class of a difference -> rule of a report. */
const DIFF_RULES: Readonly<Record<DiffClass | 'CREATE', string>> = {
  CREATE: 'The template is not in the registry yet.',
  COSMETIC: 'The difference means the same when it runs.',
  SCALING: 'Replicas or resources differ.',
  CONFIG: 'The configuration differs.',
  IMAGE: 'What runs differs.',
  BREAKING: 'Something that others could rely on is gone or changed.',
};

interface DiffFlags extends SourceFlags {
  readonly from?: string;
  readonly to?: string;
  readonly validate: ValidationLevel;
  readonly output: string;
  readonly format?: ReportFormat;
}

/** One template, before and after. */
interface Comparison {
  readonly name: string;
  readonly change: 'create' | 'update' | 'none';
  readonly diff: AppImageDiff;
  readonly source: Source | undefined;
}

/** `diff`: what an apply would change, or what changed between revisions. */
export function defineDiffCommand(program: Command, context: CliContext): void {
  const command = program
    .command('diff')
    .argument('[name]', 'name of a stored template, to compare two of its revisions')
    .summary('show what an apply would change, or what changed between revisions')
    .description(
      [
        'Shows what applying the manifests would change, by meaning: containers, ports and variables are matched by name, configuration files line by line,',
        'and every difference bears a class: cosmetic, scaling, config, image, or breaking (something that others could rely on is gone).',
        'With a name it compares two revisions. The exit code is 3 where there is a difference, and 0 where there is none.',
        'A token of the role viewer is enough.',
      ].join(' '),
    );
  for (const option of sourceOptions()) {
    command.addOption(option);
  }
  command
    .addOption(new Option('--from <number|tag>', 'the older revision of NAME (default: the one before --to)'))
    .addOption(new Option('--to <number|tag>', 'the newer revision of NAME (default: the newest)'))
    .addOption(validateOption())
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .addOption(formatOption())
    .action(async (name: string | undefined, flags: DiffFlags, self: Command) => diff(name, flags, self, context));
  addExamples(command, [
    ['What a folder would change', 'appimagectl diff -f manifests/'],
    ['On a merge request, as annotations on the lines', 'appimagectl diff -f manifests/ --format github'],
    ['What the last change of a template was', 'appimagectl diff psi'],
    ['What is new since the release that runs in production', 'appimagectl diff psi --from prod'],
    [
      'Apply only if something differs',
      'appimagectl diff -f psi.yaml || [ $? -ne 3 ] || appimagectl apply -f psi.yaml',
    ],
  ]);
}

async function diff(name: string | undefined, flags: DiffFlags, self: Command, context: CliContext): Promise<void> {
  if ((name === undefined) === (flags.filename === undefined)) {
    throw new CliError('USAGE', 'give either manifests with -f, or the name of a stored template');
  }
  if (name === undefined && (flags.from ?? flags.to) !== undefined) {
    throw new CliError('USAGE', '--from and --to are for revisions of a stored template');
  }
  const comparisons =
    name === undefined
      ? await compareFiles(flags, self, context)
      : [await compareRevisions(name, flags, self, context)];
  write(comparisons, flags, context);
  if (comparisons.some(({ change }) => change !== 'none')) {
    context.exit = 'WOULD_CHANGE';
  }
}

async function compareFiles(flags: DiffFlags, self: Command, context: CliContext): Promise<Comparison[]> {
  const sources = checkedTemplates(await readSources(flags, context), flags.validate, context);
  using client = connect(self, context);
  const names = sources.map(({ appImage }) => appImage.name);
  const stored = await fetchTemplates(client, names);
  return sources.map((source) => {
    const { appImage } = source;
    const before = stored.get(appImage.name);
    if (before !== undefined && sameContent(before, appImage)) {
      return { name: appImage.name, change: 'none', diff: { entries: [], class: undefined }, source };
    }
    const change = before === undefined ? 'create' : 'update';
    return { name: appImage.name, change, diff: diffAppImages(before, appImage), source };
  });
}

async function compareRevisions(
  name: string,
  flags: DiffFlags,
  self: Command,
  context: CliContext,
): Promise<Comparison> {
  using client = connect(self, context);
  const to = readRevision(flags.to);
  const from = flags.from === undefined ? undefined : readRevision(flags.from);
  const response = await withNameGuess(client, name, async () => {
    const older = from ?? (await revisionBefore());
    return client.call('diff', {
      header: undefined,
      name,
      fromRevision: older.revision,
      fromTag: older.tag,
      toRevision: to.revision,
      toTag: to.tag,
      appImage: undefined,
    });
  });
  const found = response.diff === undefined ? { entries: [], class: undefined } : readDiff(response.diff);
  context.terminal.say(`Revision ${response.fromRevision} to revision ${response.toRevision}:`);
  return { name, change: found.entries.length === 0 ? 'none' : 'update', diff: found, source: undefined };

  async function revisionBefore() {
    const { revision } = await client.call('getRevision', { header: undefined, name, ...to });
    const number = revision?.revision ?? 0n;
    if (number < 2n) {
      throw new CliError(
        'FAILED',
        `revision ${number} of "${name}" is its first, so there is none to compare it with`,
        {
          hint: 'name two revisions with --from and --to',
        },
      );
    }
    return { revision: number - 1n, tag: '' };
  }
}

function write(comparisons: readonly Comparison[], flags: DiffFlags, context: CliContext): void {
  const { terminal } = context;
  const changed = comparisons.filter(({ change }) => change !== 'none');
  if (flags.format !== undefined) {
    terminal.out(formatReport(flags.format, reportOf(comparisons), context));
  } else if (isDocumentFormat(flags.output)) {
    writeDocument(terminal, flags.output, diffReport(comparisons));
  } else if (flags.output === 'name') {
    terminal.out(changed.map(({ name }) => `appimage/${name}\n`).join(''));
  } else {
    for (const comparison of changed) {
      terminal.out(describe(comparison, context));
    }
  }
  terminal.say(
    changed.length === 0
      ? 'No differences.'
      : `${count(changed.length, 'template')} of ${comparisons.length} ${changed.length === 1 ? 'differs' : 'differ'}.`,
  );
}

function describe(
  { name, change, diff: { entries, class: weight }, source }: Comparison,
  { terminal }: CliContext,
): string {
  const { paint } = terminal;
  const place = source === undefined ? '' : `  ${paint('dim', `${source.file.name}:${source.document.position.line}`)}`;
  const title = paint('bold', `appimage/${name}`);
  if (change === 'create') {
    const { image, deployTemplates, configTemplates } = source?.appImage ?? {};
    const roles = deployTemplates?.map(({ name: own, role }) => (role === '' ? own : `${own}/${role}`)).join(', ');
    const configs = [...(configTemplates?.keys() ?? [])].join(', ');
    const lines = [
      `image: ${image?.name ?? ''}${image?.tag ? `:${image.tag}` : ''}`,
      `deploy templates: ${roles ?? ''}`,
    ];
    if (configs !== '') {
      lines.push(`config templates: ${configs}`);
    }
    return `${title} ${paint('green', 'would be created')}${place}\n${lines.map((line) => `  ${paint('green', `+ ${line}`)}\n`).join('')}`;
  }
  const what = source === undefined ? 'differs' : 'would be updated';
  return `${title} ${paint('yellow', what)} (${paintClass(weight, paint)})${place}\n${entries.map((entry) => describeEntry(entry, paint)).join('')}`;
}

function diffReport(comparisons: readonly Comparison[]): object {
  return document('diff', {
    changed: comparisons.filter(({ change }) => change !== 'none').length,
    templates: comparisons.map(({ name, change, diff: found, source }) => ({
      name,
      change,
      file: source?.file.name ?? null,
      line: source?.document.position.line ?? null,
      ...diffDocument(found),
    })),
  });
}

function reportOf(comparisons: readonly Comparison[]) {
  const located = comparisons.flatMap((comparison) =>
    comparison.source === undefined ? [] : [{ ...comparison, source: comparison.source }],
  );
  if (located.length < comparisons.length) {
    throw new CliError('USAGE', '--format points at the lines of files, and there are none', {
      hint: 'compare manifests with -f, or use -o json',
    });
  }
  return {
    title: 'appimagectl diff',
    findings: located.flatMap(findingsOf),
    templates: located.map(({ name, source }) => ({ file: source.file, name })),
    isFailure: () => true,
    rules: Object.fromEntries(Object.entries(DIFF_RULES).map(([rule, what]) => [`diff-${rule.toLowerCase()}`, what])),
  };
}

function findingsOf({ name, change, diff: { entries }, source }: Comparison & { readonly source: Source }): Finding[] {
  const { file, document: read } = source;
  if (change === 'create') {
    return [
      {
        file,
        position: read.locate('name'),
        severity: 'INFO',
        rule: 'diff-create',
        template: name,
        field: '',
        message: 'would be created',
        suggestion: '',
      },
    ];
  }
  return entries.map((entry: DiffEntry) => ({
    file,
    position: read.locate(entry.path),
    severity: entry.class === 'BREAKING' ? 'WARNING' : 'INFO',
    rule: `diff-${entry.class.toLowerCase()}`,
    template: name,
    field: entry.path,
    message: `${entry.kind.toLowerCase()}: ${describeChange(entry, paintWith(false))}`,
    suggestion: '',
  }));
}
