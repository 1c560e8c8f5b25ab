import { canonicalJson, MAX_JSON_DEPTH } from '../app-image/canonical-json.js';
import { didYouMean } from '../did-you-mean.js';
import { quoteValue } from '../errors.js';
import { type FieldPathSegment, formatFieldPath } from '../field-path.js';
import { isJsonLikeArray, isJsonLikeObject, type JsonLike, type JsonLikeObject } from './json-like.js';
import type { ManifestProblem, ManifestProblemKind } from './manifest-problem.js';
import type { FieldShape, MessageShape, Shape } from './template-shape.js';

/** `manifest`: a Kubernetes manifest. `api`: the JSON of this API, in either spelling of names. */
export type DocumentForm = 'manifest' | 'api';

const HIGHEST_INT32 = 2n ** 31n - 1n;
const HIGHEST_INT64 = 2n ** 63n - 1n;

/** Reads a document by the shape of a template. It always returns as much as it could read, and collects what it could not. */
export class DocumentReading {
  readonly problems: ManifestProblem[] = [];
  readonly #form: DocumentForm;
  readonly #path: FieldPathSegment[] = [];

  constructor(form: DocumentForm) {
    this.#form = form;
  }

  /** Runs a step one level further down. */
  at<T>(segment: FieldPathSegment, read: () => T): T {
    this.#path.push(segment);
    try {
      return read();
    } finally {
      this.#path.pop();
    }
  }

  report(kind: ManifestProblemKind, message: string, guess?: string): void {
    const path = formatFieldPath(this.#path);
    this.problems.push(guess === undefined ? { path, kind, message } : { path, kind, message, didYouMean: guess });
  }

  /** Reads a message with all its fields; those in `skipped` are none of the template's and nothing to report either. */
  message(shape: MessageShape, value: JsonLike, skipped: ReadonlySet<string> = new Set()): Record<string, unknown> {
    const read: Record<string, unknown> = {};
    for (const field of shape.fields) {
      read[field.property] = initialValue(field.shape);
    }
    this.#fields(shape, undefined, value, read, skipped);
    return read;
  }

  #fields(
    shape: MessageShape,
    group: string | undefined,
    value: JsonLike,
    read: Record<string, unknown>,
    skipped: ReadonlySet<string>,
  ): void {
    const object = this.object(value);
    const fields = shape.fields.filter((field) => this.#form === 'api' || field.group === group);
    const groups = this.#form === 'api' || group !== undefined ? [] : shape.groups;
    for (const [key, inner] of Object.entries(object)) {
      const field = fields.find((candidate) => this.#namesOf(candidate).includes(key));
      this.at(key, () => {
        if (groups.includes(key)) {
          this.#fields(shape, key, inner ?? {}, read, new Set());
        } else if (field !== undefined) {
          read[field.property] = inner === null ? initialValue(field.shape) : this.value(field.shape, inner);
        } else if (!skipped.has(key)) {
          this.#unknown(key, inner, [...groups, ...fields.flatMap((known) => this.#namesOf(known).slice(0, 1))]);
        }
      });
    }
  }

  #namesOf({ name, property, alias }: FieldShape): string[] {
    return this.#form === 'manifest' ? [property] : [name, property, ...(alias === undefined ? [] : [alias])];
  }

  #unknown(key: string, value: JsonLike, candidates: readonly string[]): void {
    if (this.#form === 'manifest' && this.#path[0] === 'metadata' && SET_BY_CLUSTER.has(key)) {
      if (value !== null) {
        this.report('not-carried', 'is set by the cluster and no part of a template; remove it');
      }
      return;
    }
    const guess = didYouMean(key, candidates);
    const fields = guess === undefined ? `; the fields here are ${candidates.join(', ')}` : '';
    this.report('not-carried', `is no field that a template can hold${fields}`, guess);
  }

  /** The object that must stand here; an empty one where something else does. */
  object(value: JsonLike): JsonLikeObject {
    if (isJsonLikeObject(value)) {
      return value;
    }
    this.#wrong('a mapping', value);
    return {};
  }

  value(shape: Shape, value: JsonLike): unknown {
    switch (shape.kind) {
      case 'text':
        return this.text(value);
      case 'port':
      case 'quantity':
        return typeof value === 'number' || typeof value === 'bigint' ? String(value) : this.text(value);
      case 'int32':
        return Number(this.#integer(value, HIGHEST_INT32));
      case 'int64':
        return this.#integer(value, HIGHEST_INT64);
      case 'text map':
        return new Map(
          Object.entries(this.object(value)).map(([key, inner]) => [key, this.at(key, () => this.text(inner))]),
        );
      case 'embedded json':
        return this.#embeddedJson(value);
      case 'list':
        return this.#list(shape.element, value);
      default:
        return this.message(shape, value);
    }
  }

  #list(element: Shape, value: JsonLike): unknown[] {
    if (!isJsonLikeArray(value)) {
      this.#wrong('a list', value);
      return [];
    }
    return value.map((item, index) => this.at(index, () => this.value(element, item)));
  }

  /** The text that must stand here. A number or a word that YAML takes for something else is read all the same. */
  text(value: JsonLike): string {
    if (typeof value === 'string') {
      if (!value.isWellFormed()) {
        this.report('error', 'holds half of a surrogate pair, which no UTF-8 text can');
      }
      return value.toWellFormed();
    }
    this.#wrong('a text', value, isScalar(value) ? '; put it in quotes' : '');
    return isScalar(value) ? String(value) : '';
  }

  #integer(value: JsonLike, highest: bigint): bigint {
    const integer = integerOf(value, this.#form);
    if (integer === undefined) {
      this.#wrong('an integer', value, typeof value === 'string' ? '; write it without quotes' : '');
      return 0n;
    }
    if (integer > highest || integer < -highest - 1n) {
      this.report('error', `expected an integer from ${-highest - 1n} to ${highest}, found ${integer}`);
      return 0n;
    }
    return integer;
  }

  #embeddedJson(value: JsonLike): string {
    if (!isJsonLikeObject(value)) {
      const text = typeof value === 'string' ? value : '';
      const canonical = canonicalJson(text);
      if (canonical === undefined) {
        this.#wrong('a mapping', value);
      }
      return canonical ?? text;
    }
    const text = jsonText(value, MAX_JSON_DEPTH);
    const canonical = text === undefined ? undefined : canonicalJson(text);
    if (canonical === undefined) {
      this.report('error', 'is too large or too deep, or holds what JSON has no word for, such as .inf and .nan');
    }
    return canonical ?? '';
  }

  #wrong(expected: string, value: JsonLike, advice = ''): void {
    this.report('error', `expected ${expected}, found ${describe(value)}${advice}`);
  }
}

/** What `kubectl get -o yaml` shows besides what someone wrote; `null` there means nothing. */
const SET_BY_CLUSTER: ReadonlySet<string> = new Set([
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
]);

function initialValue(shape: Shape): unknown {
  switch (shape.kind) {
    case 'int32':
      return 0;
    case 'int64':
      return 0n;
    case 'text map':
      return new Map();
    case 'list':
      return [];
    case 'message':
      return undefined;
    default:
      return '';
  }
}

function integerOf(value: JsonLike, form: DocumentForm): bigint | undefined {
  if (typeof value === 'bigint') {
    return value;
  }
  if (typeof value === 'number') {
    return Number.isInteger(value) ? BigInt(value) : undefined;
  }
  // The JSON mapping of protobuf writes 64-bit integers as texts.
  return form === 'api' && typeof value === 'string' && /^-?[0-9]{1,20}$/.test(value) ? BigInt(value) : undefined;
}

/** The JSON of a value; `undefined` where it has none, or is nested too deep, as a value that contains itself is. */
function jsonText(value: JsonLike, depth: number): string | undefined {
  if (typeof value === 'bigint') {
    return String(value);
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value);
  }
  const parts: string[] = [];
  for (const [key, inner] of Object.entries(value)) {
    const text = depth === 0 ? undefined : jsonText(inner, depth - 1);
    if (text === undefined) {
      return undefined;
    }
    parts.push(isJsonLikeArray(value) ? text : `${JSON.stringify(key)}:${text}`);
  }
  return isJsonLikeArray(value) ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
}

function isScalar(value: JsonLike): value is number | bigint | boolean {
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
}

function describe(value: JsonLike): string {
  if (value === null) {
    return 'nothing';
  }
  if (typeof value === 'string') {
    return `the text ${quoteValue(value)}`;
  }
  if (typeof value === 'object') {
    return isJsonLikeArray(value) ? 'a list' : 'a mapping';
  }
  return typeof value === 'boolean' ? String(value) : `the number ${value}`;
}
