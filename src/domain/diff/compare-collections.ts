import { compareCodePoints } from '../app-image/code-point-order.js';
import type { FieldPathSegment } from '../field-path.js';
import type { DiffClass } from './app-image-diff.js';
import { type Comparison, type Impact, showJson } from './comparison.js';
import { longestIncreasing } from './longest-increasing.js';

/** How the elements of a list are told apart, and what it means when one comes, goes or moves. */
export interface ListRules<T> {
  /** What an element is known by. Elements of one name are matched in their order, so that none gets lost. */
  readonly key: (element: T) => string;
  readonly impact: Pick<Impact, 'added' | 'removed'>;
  /** What a change of the order means. */
  readonly moved: (before: readonly T[], after: readonly T[]) => DiffClass;
}

/** Compares lists by the names of their elements. */
export function list<T>(element: Comparison<T>, { key, impact, moved }: ListRules<T>): Comparison<readonly T[]> {
  return {
    compare: (path, before, after, found) => {
      const old = new Map(identify(before, key).map((identity, index) => [identity, index]));
      const now = identify(after, key);
      const show = (value: T) => showJson(element.json(value) ?? '');
      const kept = new Set(now);
      for (const [identity, index] of old) {
        const gone = before[index];
        if (!kept.has(identity) && gone !== undefined) {
          found.push({
            path: path + identity,
            kind: 'REMOVED',
            oldValue: show(gone),
            newValue: '',
            class: impact.removed,
          });
        }
      }
      const matched = now.filter((identity) => old.has(identity));
      const inOrder = longestIncreasing(matched.map((identity) => old.get(identity) ?? 0));
      const staying = new Set(inOrder.map((index) => matched[index]));
      for (const [index, identity] of now.entries()) {
        const oldIndex = old.get(identity);
        const value = after[index];
        const oldValue = oldIndex === undefined ? undefined : before[oldIndex];
        if (value === undefined) {
          continue;
        }
        if (oldIndex === undefined || oldValue === undefined) {
          found.push({
            path: path + identity,
            kind: 'ADDED',
            oldValue: '',
            newValue: show(value),
            class: impact.added,
          });
          continue;
        }
        if (!staying.has(identity)) {
          found.push({
            path: path + identity,
            kind: 'MOVED',
            oldValue: String(oldIndex),
            newValue: String(index),
            class: moved(before, after),
          });
        }
        element.compare(path + identity, oldValue, value, found);
      }
    },
    json: (value) => (value.length === 0 ? undefined : value.map((item) => element.json(item) ?? '')),
    resolve: (value, path) => {
      const [identity, length] = identityOf(path);
      const index = identify(value, key).indexOf(identity);
      const found = value[index];
      return found === undefined ? [] : [index, ...element.resolve(found, path.slice(length))];
    },
  };
}

/** How the values of a map are compared, and what it means when one comes or goes. */
export interface MapRules {
  readonly value: Comparison<string>;
  readonly impact: Pick<Impact, 'added' | 'removed'>;
}

/** Compares maps key by key, in the order of the keys. */
export function map({ value, impact }: MapRules): Comparison<ReadonlyMap<string, string>> {
  return {
    compare: (path, before, after, found) => {
      const keys = new Set([...before.keys(), ...after.keys()]);
      for (const key of [...keys].sort(compareCodePoints)) {
        const place = path + identityText(key, 0);
        const oldValue = before.get(key);
        const newValue = after.get(key);
        if (oldValue !== undefined && newValue !== undefined) {
          value.compare(place, oldValue, newValue, found);
        } else if (newValue !== undefined) {
          found.push({ path: place, kind: 'ADDED', oldValue: '', newValue, class: impact.added });
        } else if (oldValue !== undefined) {
          found.push({ path: place, kind: 'REMOVED', oldValue, newValue: '', class: impact.removed });
        }
      }
    },
    json: (entries) =>
      entries.size === 0 ? undefined : Object.fromEntries([...entries].sort(([a], [b]) => compareCodePoints(a, b))),
    resolve: (entries, path) => path.slice(0, 1).filter((key) => typeof key === 'string' && entries.has(key)),
  };
}

/** What each element is called in a path; no two of a list are called the same. */
function identify<T>(elements: readonly T[], key: (element: T) => string): string[] {
  const occurrences = new Map<string, number>();
  return elements.map((element) => {
    const name = key(element);
    const occurrence = occurrences.get(name) ?? 0;
    occurrences.set(name, occurrence + 1);
    return identityText(name, occurrence);
  });
}

function identityText(name: string, occurrence: number): string {
  return `[${JSON.stringify(name)}]${occurrence === 0 ? '' : `[${occurrence}]`}`;
}

/** Reads back what {@link identityText} wrote, with the number of segments that it took. */
function identityOf([name, occurrence]: readonly FieldPathSegment[]): [identity: string, length: number] {
  return typeof occurrence === 'number'
    ? [identityText(String(name), occurrence), 2]
    : [identityText(String(name), 0), 1];
}
