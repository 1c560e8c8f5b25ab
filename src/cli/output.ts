import { Option } from 'commander';
import { stringify } from 'yaml';
import { CliError } from './cli-error.js';
import { type DocumentName, documentMark } from './document-schemas.js';
import type { Terminal } from './terminal.js';

/** The forms of output that nearly every command has. */
export const COMMON_FORMATS = ['table', 'json', 'yaml', 'name'] as const;

/** The flag that chooses a form of output. The first is the default. */
export function outputOption(formats: readonly [string, ...string[]]): Option {
  return new Option('-o, --output <format>', 'form of the output; `appimagectl schema` documents json and yaml')
    .choices(formats)
    .default(formats[0]);
}

/** A JSON document of the command line; see `document-schemas.ts` for the form of each. */
export function document(name: DocumentName, content: object): object {
  return { schema: documentMark(name), ...content };
}

/** Writes a document as JSON or YAML. */
export function writeDocument(terminal: Terminal, format: string, value: unknown): void {
  terminal.out(format === 'yaml' ? toYaml(value) : `${JSON.stringify(value, undefined, 2)}\n`);
}

function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1', version: '1.2' });
}

/** Whether the output is a document, so that an error has to be one too. */
export function isDocumentFormat(format: unknown): format is 'json' | 'yaml' {
  return format === 'json' || format === 'yaml';
}

/** An error as a document. */
export function errorDocument(error: CliError): object {
  return document('error', {
    error: {
      exit_code: error.exitCode,
      reason: error.exit.toLowerCase(),
      code: error.serverCode ?? null,
      message: error.message,
      hint: error.hint ?? null,
      violations: error.violations.map(({ field, description }) => ({ field, description })),
    },
  });
}

const GAP = '   ';
const SMALLEST_COLUMN = 8;

/**
 * A table in columns. Where it is wider than the terminal, the widest columns are cut.
 * @param width columns of the terminal; `undefined` for no limit
 */
export function formatTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  const cells = [headers, ...rows].map((row) => row.map(printable));
  const widths = headers.map((_, column) => Math.max(...cells.map((row) => textWidth(row[column] ?? ''))));
  fit(widths, width);
  const lines = cells.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function fit(widths: number[], width: number | undefined): void {
  if (width === undefined) {
    return;
  }
  const room = width - GAP.length * (widths.length - 1);
  for (let sum = total(widths); sum > room; sum = total(widths)) {
    const widest = Math.max(...widths);
    if (widest <= SMALLEST_COLUMN) {
      return;
    }
    // Down to the next column's width, or as far as it takes.
    const column = widths.indexOf(widest);
    const next = Math.max(SMALLEST_COLUMN, ...widths.filter((other) => other < widest));
    widths[column] = Math.max(next, widest - (sum - room), SMALLEST_COLUMN);
    if (widths[column] === widest) {
      widths[column] = widest - 1;
    }
  }
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0);
}

function pad(cell: string, width: number): string {
  if (textWidth(cell) <= width) {
    return cell + ' '.repeat(width - textWidth(cell));
  }
  let cut = '';
  let used = 0;
  for (const character of cell) {
    if (used + textWidth(character) > width - 1) {
      break;
    }
    cut += character;
    used += textWidth(character);
  }
  return `${cut}…${' '.repeat(width - 1 - used)}`;
}

/** East Asian characters take two columns; see Unicode Standard Annex 11. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/gu;
const COMBINING = /\p{Mn}/gu;

/** Columns of a text on a terminal. */
export function textWidth(text: string): number {
  const characters = Array.from(text.replaceAll(COMBINING, '')).length;
  return characters + (text.match(WIDE)?.length ?? 0);
}

/** A text without what would move the cursor or colour the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\r\n\t]+/g, ' ').replaceAll(/\p{Cc}/gu, '\ufffd');
}

/** A number with its noun: `1 template`, `2 templates`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/**
 * Takes `NAME=VALUE` apart.
 * @throws CliError USAGE
 */
export function readAssignment(text: string, flag: string): [name: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new CliError('USAGE', `${flag}: "${text}" is no NAME=VALUE`);
  }
  return [text.slice(0, at), text.slice(at + 1)];
}
