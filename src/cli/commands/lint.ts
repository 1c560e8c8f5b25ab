import { type Command, Option } from 'commander';
import { didYouMean } from '../../domain/did-you-mean.js';
import { LINT_RULES, type LintSeverity } from '../../domain/lint/lint-rules.js';
import {
  FILE_RULES,
  lintFindings,
  readingFindings,
  templatesOf,
  type ValidationLevel,
  validateOption,
} from '../check-sources.js';
import type { CliContext } from '../cli-context.js';
import { CliError } from '../cli-error.js';
import { addExamples } from '../command-help.js';
import { describeFinding, type Finding } from '../finding.js';
import { count, document, isDocumentFormat, outputOption, writeDocument } from '../output.js';
import { formatOption, formatReport, type ReportFormat } from '../report-formats.js';
import { readSources, type SourceFlags, sourceOptions } from '../sources.js';

const FAIL_LEVELS = ['error', 'warning', 'info', 'never'] as const;
const WEIGHTS: Readonly<Record<LintSeverity, number>> = { ERROR: 0, WARNING: 1, INFO: 2 };

interface LintFlags extends SourceFlags {
  readonly output: string;
  readonly format?: ReportFormat;
  readonly failOn: (typeof FAIL_LEVELS)[number];
  readonly ignore?: readonly string[];
  readonly validate: ValidationLevel;
}

/** `lint`: what is wrong or doubtful in files, without a server. */
export function defineLintCommand(program: Command, context: CliContext): void {
  const command = program
    .command('lint')
    .summary('say what is wrong or doubtful in manifests, without a server')
    .description(
      [
        'Says everything that is wrong or doubtful in manifests, with the line and a caret. No server is needed.',
        'An error is what the registry would refuse; a warning is likely a mistake; an info is worth knowing. Every rule is explained in',
        'docs/lint-rules.md. The exit code is 4 where there are findings of the level of --fail-on (errors, by default) or above.',
      ].join(' '),
    );
  for (const option of sourceOptions()) {
    command.addOption(option);
  }
  command
    .addOption(
      new Option('--fail-on <level>', 'the least level of findings that ends with exit code 4')
        .choices(FAIL_LEVELS)
        .default('error'),
    )
    .addOption(new Option('--ignore <rule...>', 'leave out the findings of these rules'))
    .addOption(validateOption())
    .addOption(outputOption(['text', 'json', 'yaml', 'name']))
    .addOption(formatOption())
    .action(async (flags: LintFlags) => lint(flags, context));
  addExamples(command, [
    ['Every manifest of a folder', 'appimagectl lint -f manifests/'],
    ['What a cluster would be given, straight from another program', 'kustomize build . | appimagectl lint -f -'],
    [
      'Strict in a pipeline, with annotations on the lines of a GitHub pull request',
      'appimagectl lint -f "apps/**/*.yaml" --fail-on warning --format github',
    ],
    ['A report for GitLab or Jenkins', 'appimagectl lint -f manifests/ --format junit > lint.xml'],
    ['Without a rule that does not suit', 'appimagectl lint -f app.yaml --ignore unknown-variable'],
  ]);
}

async function lint(flags: LintFlags, context: CliContext): Promise<void> {
  const ignored = readRules(flags.ignore ?? []);
  const sources = await readSources(flags, context);
  const templates = templatesOf(sources);
  const findings = [...readingFindings(sources, flags.validate), ...lintFindings(templates)]
    .filter(({ rule }) => !ignored.has(rule))
    .sort(byPlace(sources.files.map(({ name }) => name)));
  const isFailure = ({ severity }: Finding): boolean =>
    flags.failOn !== 'never' && WEIGHTS[severity] <= WEIGHTS[flags.failOn.toUpperCase() as LintSeverity];
  const { terminal } = context;
  if (flags.format !== undefined) {
    const names = templates.map(({ file, appImage }) => ({ file, name: appImage.name }));
    terminal.out(
      formatReport(flags.format, { title: 'appimagectl lint', findings, templates: names, isFailure }, context),
    );
  } else if (isDocumentFormat(flags.output)) {
    writeDocument(terminal, flags.output, lintDocument(findings, sources.files.length, templates.length));
  } else if (flags.output === 'name') {
    for (const place of new Set(
      findings.map(({ file, template }) => (template === '' ? file.name : `appimage/${template}`)),
    )) {
      terminal.out(`${place}\n`);
    }
  } else {
    for (const finding of findings) {
      terminal.out(`${describeFinding(finding, terminal.paint)}\n`);
    }
  }
  terminal.say(summary(findings, templates.length, flags));
  if (findings.some(isFailure)) {
    context.exit = 'LINT_FINDINGS';
  }
}

function summary(findings: readonly Finding[], templates: number, { failOn }: LintFlags): string {
  const checked = `${count(templates, 'template')} checked`;
  if (findings.length === 0) {
    return `${checked}: nothing found`;
  }
  const counts = countBySeverity(findings);
  const parts = [
    [counts.error, 'error'] as const,
    [counts.warning, 'warning'] as const,
    [counts.info, 'note'] as const,
  ].filter(([number]) => number > 0);
  const note =
    counts.error === 0 && counts.warning > 0 && failOn === 'error' ? ' (--fail-on warning makes warnings fail)' : '';
  return `${checked}: ${parts.map(([number, noun]) => count(number, noun)).join(', ')}${note}`;
}

function countBySeverity(findings: readonly Finding[]) {
  const of = (severity: LintSeverity): number => findings.filter((finding) => finding.severity === severity).length;
  return { error: of('ERROR'), warning: of('WARNING'), info: of('INFO') };
}

function lintDocument(findings: readonly Finding[], files: number, templates: number): object {
  return document('lint', {
    files,
    templates,
    counts: countBySeverity(findings),
    findings: findings.map(({ file, position, severity, rule, template, field, message, suggestion }) => ({
      file: file.name,
      line: position.line,
      column: position.column,
      end_column: position.column + position.length,
      template,
      field,
      rule,
      severity: severity.toLowerCase(),
      message,
      suggestion,
    })),
  });
}

function byPlace(names: readonly string[]): (a: Finding, b: Finding) => number {
  const order = new Map(names.map((name, index) => [name, index]));
  const fileOf = ({ file }: Finding): number => order.get(file.name) ?? 0;
  return (a, b) => fileOf(a) - fileOf(b) || a.position.line - b.position.line || a.position.column - b.position.column;
}

function readRules(rules: readonly string[]): ReadonlySet<string> {
  const known = [...Object.keys(LINT_RULES), ...Object.keys(FILE_RULES)];
  for (const rule of rules) {
    if (!known.includes(rule)) {
      const guess = didYouMean(rule, known);
      throw new CliError('USAGE', `there is no rule "${rule}"`, {
        hint: guess === undefined ? 'docs/lint-rules.md has all of them' : `did you mean "${guess}"?`,
      });
    }
  }
  return new Set(rules);
}
