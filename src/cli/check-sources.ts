import { Option } from 'commander';
import type { AppImage } from '../domain/app-image/app-image.js';
import { normaliseAppImage } from '../domain/app-image/normalise-app-image.js';
import { parseFieldPath } from '../domain/field-path.js';
import { lintAppImage } from '../domain/lint/lint-app-image.js';
import type { LintSeverity } from '../domain/lint/lint-rules.js';
import type { LocatedProblem, ManifestDocument } from '../manifest/manifest-file.js';
import type { TextPosition } from '../manifest/yaml-places.js';
import type { CliContext } from './cli-context.js';
import { CliError } from './cli-error.js';
import { describeFinding, type Finding } from './finding.js';
import { count } from './output.js';
import type { Source, SourceFile, Sources } from './sources.js';

export const VALIDATION_LEVELS = ['strict', 'warn', 'ignore'] as const;
export type ValidationLevel = (typeof VALIDATION_LEVELS)[number];

/** The server's own default; offline nobody can know another. */
const DEFAULT_MAX_TEMPLATE_BYTES = 1024 * 1024;

export function validateOption(): Option {
  return new Option(
    '--validate <level>',
    'fields that a template cannot hold: strict refuses them, warn tells of them, ignore is silent',
  )
    .choices(VALIDATION_LEVELS)
    .default('strict');
}

/** Rules that only files can break; the others are the linter's. */
export const FILE_RULES = {
  'invalid-manifest': 'The text is broken, or a value has the wrong type.',
  'unknown-field': 'The manifest has a field that a template cannot hold.',
  'repeated-template': 'Two templates of the files have the same name.',
} as const;

/** What reading the files brought up. */
export function readingFindings({ documents }: Sources, level: ValidationLevel): Finding[] {
  const firstWithName = new Map<string, { readonly file: SourceFile; readonly document: ManifestDocument }>();
  return documents.flatMap(({ file, document }) => {
    const name = document.appImage?.name ?? '';
    const findings = document.problems
      .map((problem) => problemFinding(problem, file, name, level))
      .filter((finding) => finding !== undefined);
    const first = firstWithName.get(name);
    if (name !== '' && first !== undefined) {
      const position = document.locate('name');
      const place = `${first.file.name}:${first.document.locate('name').line}`;
      findings.push({
        file,
        position,
        severity: 'ERROR',
        rule: 'repeated-template',
        template: name,
        field: 'name',
        message: `the template "${name}" is in ${place} already`,
        suggestion: 'give it another name, or remove one of the two',
      });
    }
    firstWithName.set(name, first ?? { file, document });
    return findings;
  });
}

function problemFinding(
  { kind, path, message, didYouMean, ...position }: LocatedProblem,
  file: SourceFile,
  template: string,
  level: ValidationLevel,
): Finding | undefined {
  if (kind === 'not-carried' && level === 'ignore') {
    return undefined;
  }
  const severity: LintSeverity = kind === 'not-carried' && level === 'warn' ? 'WARNING' : 'ERROR';
  return {
    file,
    position,
    severity,
    template,
    field: path,
    message,
    rule: kind === 'not-carried' ? 'unknown-field' : 'invalid-manifest',
    suggestion: didYouMean === undefined ? '' : `did you mean "${didYouMean}"?`,
  };
}

/** What the linter says about each template. */
export function lintFindings(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ file, document, appImage }) =>
    lintAppImage(appImage, { maxTemplateBytes: DEFAULT_MAX_TEMPLATE_BYTES }).map(
      ({ rule, severity, field, message, suggestion }) => ({
        file,
        rule,
        severity,
        field,
        message,
        suggestion,
        position: placeOf(document, appImage, field, message),
        template: appImage.name,
      }),
    ),
  );
}

/** The place that a finding is about; within a configuration template that is the line and column which the message names. */
export function placeOf(document: ManifestDocument, appImage: AppImage, field: string, message: string): TextPosition {
  const [, line = '', column = ''] = /^line ([0-9]+), column ([0-9]+): /.exec(message) ?? [];
  const [map, key] = parseFieldPath(field);
  if (line === '' || map !== 'config_templates' || typeof key !== 'string') {
    return document.locate(field);
  }
  const start = document.locate(`config_templates[${JSON.stringify(key)}]:${line}`);
  const text = appImage.configTemplates.get(key)?.split('\n')[Number(line) - 1] ?? '';
  const indentation = text.length - text.trimStart().length;
  const offset = Number(column) - 1 - indentation;
  // A text in quotes has other columns in the file, and so does one whose line was not found.
  return start.length === text.trim().length && offset >= 0 && offset < start.length
    ? { line: start.line, column: start.column + offset, length: Math.min(2, start.length - offset) }
    : start;
}

/** The templates of the files, as the server would store them. */
export function templatesOf({ documents }: Sources): Source[] {
  return documents.flatMap(({ file, document }) =>
    document.appImage === undefined ? [] : [{ file, document, appImage: normaliseAppImage(document.appImage) }],
  );
}

/**
 * The templates of files that are going to be used: nothing is wrong with them as far as that can be told without a server.
 * @throws CliError FAILED after all faults have been shown
 */
export function checkedTemplates(sources: Sources, level: ValidationLevel, { terminal }: CliContext): Source[] {
  const templates = templatesOf(sources);
  const reading = readingFindings(sources, level);
  // The size is for the server to judge, which may allow for more.
  const faults = lintFindings(templates).filter(
    ({ severity, rule }) => severity === 'ERROR' && rule !== 'template-too-large',
  );
  // A value of the wrong type is read as nothing, of which the linter would complain once more.
  const broken = new Set(reading.filter(({ rule }) => rule === 'invalid-manifest').map(({ template }) => template));
  const findings = [...reading, ...faults.filter(({ template }) => !broken.has(template))];
  for (const finding of findings) {
    terminal.say(describeFinding(finding, terminal.paintTalk));
  }
  const errors = findings.filter(({ severity }) => severity === 'ERROR');
  if (errors.length > 0) {
    throw new CliError('FAILED', `${count(errors.length, 'fault')} in the files; nothing has been done`, {
      violations: errors.map(({ file, position, field, message }) => ({
        field,
        description: `${file.name}:${position.line}:${position.column}: ${message}`,
      })),
      areViolationsShown: true,
      hint: errors.some(({ rule }) => rule === 'unknown-field')
        ? '--validate=warn leaves out the fields that a template cannot hold'
        : undefined,
    });
  }
  return templates;
}
