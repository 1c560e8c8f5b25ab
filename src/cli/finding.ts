import { relative, resolve } from 'node:path';
import type { LintSeverity } from '../domain/lint/lint-rules.js';
import type { TextPosition } from '../manifest/yaml-places.js';
import { type Paint } from './colours.js';
import { textWidth } from './output.js';
import type { SourceFile } from './sources.js';

/** Something to say about a place in a file. */
export interface Finding {
  readonly file: SourceFile;
  readonly position: TextPosition;
  readonly severity: LintSeverity;
  /** Stable name of what was found. */
  readonly rule: string;
  /** Name of the template; empty where it has none. */
  readonly template: string;
  /** Path of the field; empty for the template as a whole. */
  readonly field: string;
  readonly message: string;
  /** What to do; empty where that cannot be said. */
  readonly suggestion: string;
}

const COLOURS = { ERROR: 'red', WARNING: 'yellow', INFO: 'blue' } as const satisfies Record<LintSeverity, string>;
const EXCERPT_WIDTH = 120;

/** A finding for people: where, what, the line with a caret below it, and what to do. */
export function describeFinding(finding: Finding, paint: Paint): string {
  const { file, position, severity, rule, field, message, suggestion } = finding;
  const place = `${file.name}:${position.line}:${position.column}:`;
  const what = `${paint(COLOURS[severity], `${severity.toLowerCase()}:`)} ${field === '' ? '' : `${field}: `}${message}`;
  const lines = [`${paint('bold', place)} ${what} ${paint('dim', `[${rule}]`)}`, ...excerpt(finding, paint)];
  if (suggestion !== '') {
    lines.push(`${' '.repeat(marginOf(position))} ${paint('cyan', '= help:')} ${suggestion}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The line of a finding, and carets below what it is about. */
function excerpt({ file, position, severity }: Finding, paint: Paint): string[] {
  const line = (file.text.split('\n', position.line)[position.line - 1] ?? '').replace(/\r$/, '').replaceAll('\t', ' ');
  const start = Math.max(0, position.column - 1);
  // A minified file is one line; what stands around the place is enough.
  const from = start > EXCERPT_WIDTH - 40 ? start - 40 : 0;
  const shown = line.slice(from, from + EXCERPT_WIDTH);
  const marked = line.slice(start, Math.min(start + position.length, from + EXCERPT_WIDTH));
  const before = textWidth(line.slice(from, start)) + (from > 0 ? 3 : 0);
  const margin = marginOf(position);
  const bar = paint('dim', '|');
  return [
    `${paint('dim', String(position.line).padStart(margin))} ${bar} ${from > 0 ? '...' : ''}${shown}`,
    `${' '.repeat(margin)} ${bar} ${' '.repeat(before)}${paint(COLOURS[severity], '^'.repeat(Math.max(1, textWidth(marked))))}`,
  ];
}

function marginOf({ line }: TextPosition): number {
  return Math.max(4, String(line).length + 1);
}

/** The path of a file as those who read reports want it: relative, with forward slashes, below the checkout where there is one. */
export function reportPath(file: SourceFile, env: NodeJS.ProcessEnv, cwd: string): string {
  const root = env['GITHUB_WORKSPACE'] || env['CI_PROJECT_DIR'] || cwd;
  const path = relative(root, resolve(cwd, file.name));
  return path.startsWith('..') ? file.name : path;
}
