import {
  DiffClass as DiffClassCode,
  DiffEntry_Kind,
  type AppImageDiff as DiffMessage,
} from '../../gen/appimage/v1/registry.js';
import type { AppImageDiff, DiffClass, DiffEntry, DiffKind } from '../domain/diff/app-image-diff.js';
import type { Colour, Paint } from './colours.js';
import { printable } from './output.js';

const MARKS: Readonly<Record<DiffKind, readonly [mark: string, colour: Colour]>> = {
  ADDED: ['+', 'green'],
  REMOVED: ['-', 'red'],
  CHANGED: ['~', 'yellow'],
  MOVED: ['>', 'cyan'],
};
const CLASS_COLOURS: Readonly<Record<DiffClass, Colour>> = {
  COSMETIC: 'dim',
  SCALING: 'blue',
  CONFIG: 'yellow',
  IMAGE: 'magenta',
  BREAKING: 'red',
};
/** Characters of a value that are shown to people; documents have all of it. */
const SHOWN_VALUE_LENGTH = 160;
const FILE_LINE = /^config_templates\[.*\]:[0-9]+$/s;

/** A difference as the server sends it. */
export function readDiff({ entries, class: weight }: DiffMessage): AppImageDiff {
  return {
    entries: entries.map(({ path, kind, oldValue, newValue, class: own }) => ({
      path,
      kind: (DiffEntry_Kind[kind] ?? 'CHANGED') as DiffKind,
      oldValue,
      newValue,
      class: (DiffClassCode[own] ?? 'CONFIG') as DiffClass,
    })),
    class:
      weight === DiffClassCode.DIFF_CLASS_UNSPECIFIED ? undefined : ((DiffClassCode[weight] ?? 'CONFIG') as DiffClass),
  };
}

/** The class of a difference, in its colour. */
export function paintClass(weight: DiffClass | undefined, paint: Paint): string {
  return weight === undefined ? 'cosmetic' : paint(CLASS_COLOURS[weight], weight.toLowerCase());
}

/** One difference for people: a line, or for a line of a configuration file the old and the new one. */
export function describeEntry(entry: DiffEntry, paint: Paint): string {
  const { path, kind, oldValue, newValue } = entry;
  const [mark, colour] = MARKS[kind];
  const start = `  ${paint(colour, `${mark} ${path}`)}`;
  const end = ` ${paint('dim', '[')}${paintClass(entry.class, paint)}${paint('dim', ']')}`;
  if (FILE_LINE.test(path)) {
    const old = kind === 'ADDED' ? '' : describeLines(oldValue, '-', 'red', paint);
    const fresh = kind === 'REMOVED' ? '' : describeLines(newValue, '+', 'green', paint);
    return `${start}${end}${old}${fresh}\n`;
  }
  return `${start}: ${describeChange(entry, paint)}${end}\n`;
}

function describeLines(text: string, mark: string, colour: Colour, paint: Paint): string {
  return text
    .split('\n')
    .map((line) => `\n      ${paint(colour, `${mark} ${printable(line)}`)}`)
    .join('');
}

/** What became what. */
export function describeChange({ kind, oldValue, newValue }: DiffEntry, paint: Paint): string {
  switch (kind) {
    case 'ADDED':
      return paint('green', show(newValue));
    case 'REMOVED':
      return paint('red', show(oldValue));
    case 'MOVED':
      return `from place ${oldValue} to ${newValue}`;
    default:
      return `${paint('red', show(oldValue))} -> ${paint('green', show(newValue))}`;
  }
}

function show(value: string): string {
  const text = /^[[{]/.test(value) ? printable(value) : JSON.stringify(value);
  return text.length > SHOWN_VALUE_LENGTH ? `${text.slice(0, SHOWN_VALUE_LENGTH)}… (${value.length} characters)` : text;
}

/** A difference in documents. */
export function diffDocument(diff: AppImageDiff): object {
  return {
    class: diff.class?.toLowerCase() ?? null,
    entries: diff.entries.map((entry) => ({
      path: entry.path,
      kind: entry.kind.toLowerCase(),
      class: entry.class.toLowerCase(),
      old_value: entry.oldValue,
      new_value: entry.newValue,
    })),
  };
}
