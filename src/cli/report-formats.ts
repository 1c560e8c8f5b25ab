import { Option } from 'commander';
import { readVersion } from '../config/version.js';
import { LINT_RULES, type LintSeverity } from '../domain/lint/lint-rules.js';
import { FILE_RULES } from './check-sources.js';
import type { CliContext } from './cli-context.js';
import { type Finding, reportPath } from './finding.js';
import type { SourceFile } from './sources.js';

/** Forms of reports for pipelines. */
export const REPORT_FORMATS = ['github', 'sarif', 'junit'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export function isReportFormat(format: string): format is ReportFormat {
  return (REPORT_FORMATS as readonly string[]).includes(format);
}

export function formatOption(): Option {
  return new Option(
    '--format <format>',
    'report for a pipeline, with the lines of the files: github (annotations), sarif (2.1.0), junit (XML)',
  ).choices(REPORT_FORMATS);
}

/** What a report is about. */
export interface Report {
  readonly title: string;
  readonly findings: readonly Finding[];
  /** Every template that was looked at. */
  readonly templates: readonly { readonly file: SourceFile; readonly name: string }[];
  /** Whether a finding makes the command fail, which JUnit calls a failure. */
  readonly isFailure: (finding: Finding) => boolean;
  /** What the rules are, where they are not the linter's. */
  readonly rules?: Readonly<Record<string, string>>;
}

export function formatReport(format: ReportFormat, report: Report, context: CliContext): string {
  const pathOf = (file: SourceFile): string => reportPath(file, context.env, context.cwd);
  switch (format) {
    case 'github':
      return github(report, pathOf);
    case 'sarif':
      return sarif(report, pathOf);
    default:
      return junit(report, pathOf);
  }
}

const GITHUB_LEVELS = { ERROR: 'error', WARNING: 'warning', INFO: 'notice' } as const;

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function github({ findings }: Report, pathOf: (file: SourceFile) => string): string {
  return findings
    .map(({ file, position, severity, rule, template, field, message, suggestion }) => {
      const properties = Object.entries({
        file: pathOf(file),
        line: position.line,
        col: position.column,
        endColumn: position.column + position.length,
        title: `${template === '' ? '' : `${template}: `}${rule}`,
      }).map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
      const text = `${field === '' ? '' : `${field}: `}${message}${suggestion === '' ? '' : ` (${suggestion})`}`;
      return `::${GITHUB_LEVELS[severity]} ${properties.join(',')}::${escapeData(text)}\n`;
    })
    .join('');
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

const SARIF_LEVELS = { ERROR: 'error', WARNING: 'warning', INFO: 'note' } as const;

/** https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
function sarif({ findings, rules }: Report, pathOf: (file: SourceFile) => string): string {
  const used = [...new Set(findings.map(({ rule }) => rule))].sort();
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'appimagectl',
            version: readVersion(),
            rules: used.map((id) => ({ id, shortDescription: { text: summaryOf(id, rules) } })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: findings.map(({ file, position, severity, rule, template, field, message, suggestion }) => ({
          ruleId: rule,
          ruleIndex: used.indexOf(rule),
          level: SARIF_LEVELS[severity],
          message: {
            text: `${field === '' ? '' : `${field}: `}${message}${suggestion === '' ? '' : `. ${suggestion}`}`,
          },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: encodeURI(pathOf(file)) },
                region: {
                  startLine: position.line,
                  startColumn: position.column,
                  endColumn: position.column + position.length,
                },
              },
              logicalLocations: [{ fullyQualifiedName: `${template}${field === '' ? '' : `/${field}`}` }],
            },
          ],
        })),
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function summaryOf(rule: string, rules: Readonly<Record<string, string>> = {}): string {
  const known: Readonly<Record<string, { readonly summary: string }>> = LINT_RULES;
  const ofFiles: Readonly<Record<string, string>> = FILE_RULES;
  return rules[rule] ?? known[rule]?.summary ?? ofFiles[rule] ?? rule;
}

/** One suite for each file, one case for each template; findings of no template belong to the file. */
function junit({ title, findings, templates, isFailure }: Report, pathOf: (file: SourceFile) => string): string {
  const files = new Set([...templates.map(({ file }) => file), ...findings.map(({ file }) => file)]);
  const suites = [...files].map((file) => {
    const own = findings.filter((finding) => finding.file === file);
    const names = new Set([
      ...templates.filter((template) => template.file === file).map(({ name }) => name),
      ...own.map(({ template }) => template),
    ]);
    const cases = [...names].map((name) => {
      const ofCase = own.filter(({ template }) => template === name);
      const failures = ofCase.filter(isFailure);
      const notes = ofCase.filter((finding) => !isFailure(finding));
      const [first] = failures;
      const failure =
        first === undefined
          ? ''
          : `\n      <failure type="${xml(first.rule)}" message="${xml(first.message)}">${xml(failures.map(line).join('\n'))}</failure>`;
      const output = notes.length === 0 ? '' : `\n      <system-out>${xml(notes.map(line).join('\n'))}</system-out>`;
      return {
        failed: failures.length > 0,
        text: `    <testcase name="${xml(name || '(no template)')}" classname="${xml(pathOf(file))}" file="${xml(pathOf(file))}">${failure}${output}\n    </testcase>\n`,
      };
    });
    const failed = cases.filter((one) => one.failed).length;
    return {
      tests: cases.length,
      failed,
      text: `  <testsuite name="${xml(pathOf(file))}" tests="${cases.length}" failures="${failed}" errors="0">\n${cases.map(({ text }) => text).join('')}  </testsuite>\n`,
    };
  });
  const sum = (pick: (suite: (typeof suites)[number]) => number): number =>
    suites.reduce((total, suite) => total + pick(suite), 0);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(title)}" tests="${sum(({ tests }) => tests)}" failures="${sum(({ failed }) => failed)}" errors="0">\n${suites.map(({ text }) => text).join('')}</testsuites>\n`;

  function line({ file, position, severity, rule, field, message, suggestion }: Finding): string {
    const level: Lowercase<LintSeverity> = severity.toLowerCase() as Lowercase<LintSeverity>;
    return `${pathOf(file)}:${position.line}:${position.column}: ${level}: ${field === '' ? '' : `${field}: `}${message} [${rule}]${suggestion === '' ? '' : `; ${suggestion}`}`;
  }
}

/** Escapes a text for XML 1.0, which has no word for most control characters. */
function xml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
