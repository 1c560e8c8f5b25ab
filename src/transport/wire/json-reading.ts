import { didYouMean } from '../../domain/did-you-mean.js';
import type { FieldViolation } from '../../domain/errors.js';
import { formatPath, type JsonBody, type JsonObject, type PathSegment, scanJson } from './json-text.js';
import type { FieldValidation } from './method.js';

/** Faults that one answer names at most; the last then says how many more there are. */
const MAX_VIOLATIONS = 1000;

/** Faults in the order found. A hostile body may hold millions: those beyond {@link MAX_VIOLATIONS} are counted, but not put into words. */
class FaultList {
  readonly listed: FieldViolation[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param describe is called only where the fault is listed */
  add(path: readonly PathSegment[], describe: () => string): void {
    this.#count += 1;
    if (this.#count <= MAX_VIOLATIONS) {
      this.listed.push({ field: formatPath(path), description: describe() });
    }
  }
}

/** The state of one reading: where it is, and what it has found. */
export class JsonReading {
  readonly path: PathSegment[] = [];
  readonly #faults = new FaultList();
  readonly #unknown = new FaultList();
  readonly #body: JsonBody;
  readonly #fieldValidation: FieldValidation;
  readonly #hasUnicodeEscapes: boolean;
  readonly #needsSource: (path: readonly PathSegment[]) => boolean;
  #sources: Map<string, string> | undefined;

  /** @param needsSource whether {@link source} may be asked for at a path; what it leaves out costs no memory */
  constructor(
    body: JsonBody,
    fieldValidation: FieldValidation,
    needsSource: (path: readonly PathSegment[]) => boolean,
  ) {
    this.#body = body;
    this.#fieldValidation = fieldValidation;
    this.#hasUnicodeEscapes = body.text.includes('\\u');
    this.#needsSource = needsSource;
  }

  /** Whether no half of a surrogate pair is in this text of the body: only an escape such as `\ud800` brings one into valid UTF-8. */
  isWellFormed(text: string): boolean {
    return !this.#hasUnicodeEscapes || text.isWellFormed();
  }

  fault(description: string): undefined {
    this.#faults.add(this.path, () => description);
  }

  unknownField(name: string, known: Iterable<string>): void {
    if (this.#fieldValidation === 'Ignore') {
      return;
    }
    this.path.push(name);
    this.#unknown.add(this.path, () => {
      const guess = didYouMean(name, known);
      return `unknown field${guess === undefined ? '' : `; did you mean ${JSON.stringify(guess)}?`}`;
    });
    this.path.pop();
  }

  /** Under Strict, a field that its object gives under another name as well is a duplicate. */
  sawField(object: JsonObject, names: readonly string[], name: string): void {
    if (this.#fieldValidation === 'Strict') {
      const other = names.find((candidate) => candidate !== name && Object.hasOwn(object, candidate));
      if (other !== undefined && Object.keys(object).indexOf(other) < Object.keys(object).indexOf(name)) {
        this.fault(`this field is given under two names; its other one is ${other}`);
      }
    }
  }

  /** The number or object at the current path as it was written, since `JSON.parse` rounds what is beyond 2^53. */
  source(): string {
    this.#sources ??= this.#findSources();
    return this.#sources.get(JSON.stringify(this.path)) ?? '';
  }

  #findSources(): Map<string, string> {
    const sources = new Map<string, string>();
    const { text } = this.#body;
    scanJson(text, {
      number: (path, written) => {
        if (this.#needsSource(path)) {
          sources.set(JSON.stringify(path), written);
        }
      },
      object: (path, start, end) => {
        if (this.#needsSource(path)) {
          sources.set(JSON.stringify(path), text.slice(start, end));
        }
      },
    });
    return sources;
  }

  faultDuplicates(): void {
    scanJson(this.#body.text, {
      duplicateKey: (path) => this.#faults.add(path, () => 'this key appears more than once in its object'),
    });
  }

  /** Why the body is refused, if it is: what is wrong with it, and under Strict its unknown fields. */
  violations(): readonly FieldViolation[] {
    const lists = this.#fieldValidation === 'Strict' ? [this.#faults, this.#unknown] : [this.#faults];
    const listed = lists.flatMap((list) => list.listed).slice(0, MAX_VIOLATIONS);
    const hidden = lists.reduce((sum, list) => sum + list.count, 0) - listed.length;
    return hidden === 0 ? listed : [...listed, { field: '', description: `${hidden} more faults are not listed` }];
  }

  /** The unknown fields under Warn, which are accepted. */
  warnings(): readonly FieldViolation[] {
    return this.#fieldValidation === 'Warn' ? this.#unknown.listed : [];
  }
}
