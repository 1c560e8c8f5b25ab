import type { JsonContent } from '../app-image/json-content.js';
import type { FieldPathSegment } from '../field-path.js';
import type { DiffClass, DiffEntry } from './app-image-diff.js';

/** How values of one field are compared. */
export interface Comparison<T> {
  /** Adds what differs to `found`; `path` is where the value stands. */
  compare(path: string, before: T, after: T, found: DiffEntry[]): void;
  /** The value in the contract's JSON, as part of a structure; `undefined` where it is the default. */
  json(value: T): JsonContent | undefined;
  /** Turns a path by names, which leads from this value on, into one by indices, as far as the value has what it names. */
  resolve(value: T, path: readonly FieldPathSegment[]): FieldPathSegment[];
}

/** The classes of a thing that comes, changes or goes. */
export interface Impact {
  readonly added: DiffClass;
  readonly changed: DiffClass;
  readonly removed: DiffClass;
}

export function always(impact: DiffClass): Impact {
  return { added: impact, changed: impact, removed: impact };
}

type Scalar = string | number | bigint;

/** Compares single values. The default value, `''` or 0, counts as none, as everywhere in proto3. */
export function scalar<T extends Scalar>(impact: Impact): Comparison<T> {
  return {
    compare: (path, before, after, found) => {
      if (before !== after) {
        addEntry(found, path, showScalar(before), showScalar(after), impact);
      }
    },
    json: (value) => (isDefault(value) ? undefined : typeof value === 'bigint' ? String(value) : value),
    resolve: (_, path) => [...path],
  };
}

/** Compares lists of texts whose order matters, such as arguments, as one value. */
export function texts(impact: Impact): Comparison<readonly string[]> {
  const show = (list: readonly string[]) => (list.length === 0 ? '' : JSON.stringify(list));
  return {
    compare: (path, before, after, found) => {
      if (show(before) !== show(after)) {
        addEntry(found, path, show(before), show(after), impact);
      }
    },
    json: (value) => (value.length === 0 ? undefined : value),
    resolve: (_, path) => [...path],
  };
}

type FieldComparisons<T> = { readonly [Key in keyof T]-?: Comparison<T[Key]> };

/** Compares messages field by field; the fields are given in the order of their numbers. */
export function message<T extends object>(fields: FieldComparisons<T>): Comparison<T> {
  const plan = (Object.keys(fields) as (keyof T & string)[]).map((property) => ({
    property,
    name: snakeCase(property),
    comparison: fields[property],
  }));
  return {
    compare: (path, before, after, found) => {
      for (const { property, name, comparison } of plan) {
        comparison.compare(path === '' ? name : `${path}.${name}`, before[property], after[property], found);
      }
    },
    json: (value) =>
      Object.fromEntries(
        plan.flatMap(({ property, name, comparison }) => {
          const json = comparison.json(value[property]);
          return json === undefined ? [] : [[name, json] as const];
        }),
      ),
    resolve: (value, path) => {
      const [name, ...rest] = path;
      const field = plan.find((candidate) => candidate.name === name);
      return field === undefined ? [] : [field.name, ...field.comparison.resolve(value[field.property], rest)];
    },
  };
}

/** Compares messages that may be absent, where absent means something else than empty. */
export function optional<T extends object>(inner: Comparison<T>, impact: Impact): Comparison<T | undefined> {
  const show = (value: T | undefined) => (value === undefined ? '' : showJson(inner.json(value) ?? {}));
  return {
    compare: (path, before, after, found) => {
      if (before !== undefined && after !== undefined) {
        inner.compare(path, before, after, found);
      } else if (before !== after) {
        addEntry(found, path, show(before), show(after), impact);
      }
    },
    json: (value) => (value === undefined ? undefined : inner.json(value)),
    resolve: (value, path) => (value === undefined ? [] : inner.resolve(value, path)),
  };
}

/** Compares messages that may be absent, which means the same as empty. */
export function absentIsEmpty<T extends object>(inner: Comparison<T>, empty: T): Comparison<T | undefined> {
  return {
    compare: (path, before, after, found) => inner.compare(path, before ?? empty, after ?? empty, found),
    json: (value) => {
      const json = inner.json(value ?? empty);
      return json === undefined || Object.keys(json as object).length === 0 ? undefined : json;
    },
    resolve: (value, path) => inner.resolve(value ?? empty, path),
  };
}

/** Records one difference; which kind it is follows from which of the values is there. */
export function addEntry(found: DiffEntry[], path: string, oldValue: string, newValue: string, impact: Impact): void {
  const kind = oldValue === '' ? 'ADDED' : newValue === '' ? 'REMOVED' : 'CHANGED';
  const classes = { ADDED: impact.added, REMOVED: impact.removed, CHANGED: impact.changed } as const;
  found.push({ path, kind, oldValue, newValue, class: classes[kind] });
}

/** A structure as an entry shows it. */
export function showJson(json: JsonContent): string {
  return typeof json === 'string' ? json : JSON.stringify(json);
}

function showScalar(value: Scalar): string {
  return isDefault(value) ? '' : String(value);
}

function isDefault(value: Scalar): boolean {
  return value === '' || value === 0 || value === 0n;
}

function snakeCase(property: string): string {
  return property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
