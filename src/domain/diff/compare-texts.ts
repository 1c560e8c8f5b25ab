import {
  type JsonContent,
  type JsonContentObject,
  parseJsonContent,
  sameJsonContent,
} from '../app-image/json-content.js';
import { sameQuantity } from '../app-image/same-content.js';
import type { DiffClass, DiffEntry } from './app-image-diff.js';
import { addEntry, always, type Comparison, scalar, showJson } from './comparison.js';
import { diffLines } from './diff-lines.js';

/** More pieces than a reader, or an answer, can take: the file is then shown as changed as a whole. */
const MAX_HUNKS = 1000;

/** Compares configuration files by line: an entry for each run of lines that differ, at its line in the new file. */
export function lines(impact: DiffClass): Comparison<string> {
  return {
    ...scalar(always(impact)),
    compare: (path, before, after, found) => {
      const hunks = before === after ? [] : diffLines(before, after);
      if (hunks.length > MAX_HUNKS) {
        found.push({ path, kind: 'CHANGED', oldValue: before, newValue: after, class: impact });
        return;
      }
      for (const { newLine, oldText, newText } of hunks) {
        // Decided before the line end is cut off: a line that holds nothing else is there all the same.
        const kind = oldText === '' ? 'ADDED' : newText === '' ? 'REMOVED' : 'CHANGED';
        const [oldValue, newValue] = withoutLastLineEnd(oldText, newText);
        found.push({ path: `${path}:${newLine}`, kind, oldValue, newValue, class: impact });
      }
    },
  };
}

/** The line end that both sides end in says nothing, so it is left out. */
function withoutLastLineEnd(oldText: string, newText: string): [oldValue: string, newValue: string] {
  return [oldText, newText].every((text) => text === '' || text.endsWith('\n'))
    ? [oldText.replace(/\n$/, ''), newText.replace(/\n$/, '')]
    : [oldText, newText];
}

/** Compares quantities by their amount: another spelling of the same one is cosmetic. */
export function quantity(impact: DiffClass): Comparison<string> {
  return {
    ...scalar(always(impact)),
    compare: (path, before, after, found) => {
      if (before !== after) {
        addEntry(found, path, before, after, always(sameQuantity(before, after) ? 'COSMETIC' : impact));
      }
    },
  };
}

/** Compares fields that hold JSON as text by what they say, down to the value that differs. */
export function jsonText(impact: DiffClass): Comparison<string> {
  return {
    ...scalar(always(impact)),
    compare: (path, before, after, found) => {
      if (sameJsonContent(before, after)) {
        return;
      }
      const oldContent = parseJsonContent(before);
      const newContent = parseJsonContent(after);
      if (oldContent !== undefined && newContent !== undefined) {
        compareJson(path, oldContent, newContent, impact, found);
      } else {
        addEntry(found, path, before, after, always(impact));
      }
    },
    json: (value) => (value === '' ? undefined : (parseJsonContent(value) ?? value)),
  };
}

function compareJson(
  path: string,
  before: JsonContent | undefined,
  after: JsonContent | undefined,
  impact: DiffClass,
  found: DiffEntry[],
): void {
  if (before === undefined || after === undefined) {
    const kind = before === undefined ? 'ADDED' : 'REMOVED';
    found.push({ path, kind, oldValue: showOrNothing(before), newValue: showOrNothing(after), class: impact });
  } else if (isArray(before) && isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      compareJson(`${path}[${index}]`, before[index], after[index], impact, found);
    }
  } else if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const place = /^\w+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
      compareJson(place, ownValue(before, key), ownValue(after, key), impact, found);
    }
  } else if (!Object.is(before, after)) {
    found.push({ path, kind: 'CHANGED', oldValue: showJson(before), newValue: showJson(after), class: impact });
  }
}

function showOrNothing(value: JsonContent | undefined): string {
  return value === undefined ? '' : showJson(value);
}

function ownValue(object: JsonContentObject, key: string): JsonContent | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isArray(value: JsonContent): value is readonly JsonContent[] {
  return Array.isArray(value);
}

function isObject(value: JsonContent): value is JsonContentObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
