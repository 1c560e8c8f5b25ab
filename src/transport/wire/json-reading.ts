import { didYouMean } from '../../domain/did-you-mean.js';
import type { FieldViolation } from '../../domain/errors.js';
import { formatPath, type JsonBody, type JsonObject, type PathSegment, scanJson } from './json-text.js';

/** Faults that one answer names at most; the last then says how many more there are. */
const MAX_VIOLATIONS = 1000;

/** The state of one reading: where it is, and what it has found. */
export class JsonReading {
  readonly path: PathSegment[] = [];
  readonly violations: FieldViolation[] = [];
  readonly unknown: FieldViolation[] = [];
  readonly #body: JsonBody;
  readonly #strict: boolean;
  readonly #hasUnicodeEscapes: boolean;
  readonly #needsSource: (path: readonly PathSegment[]) => boolean;
  #sources: Map<string, string> | undefined;
  #hidden = 0;

  /** @param needsSource whether {@link source} may be asked for at a path; what it leaves out costs no memory */
  constructor(body: JsonBody, strict: boolean, needsSource: (path: readonly PathSegment[]) => boolean) {
    this.#body = body;
    this.#strict = strict;
    this.#hasUnicodeEscapes = body.text.includes('\\u');
    this.#needsSource = needsSource;
  }

  /** Whether no half of a surrogate pair is in this text of the body: only an escape such as `\ud800` brings one into valid UTF-8. */
  isWellFormed(text: string): boolean {
    return !this.#hasUnicodeEscapes || text.isWellFormed();
  }

  fault(description: string): undefined {
    this.#add(this.violations, description);
  }

  unknownField(name: string, known: Iterable<string>): void {
    const guess = didYouMean(name, known);
    this.path.push(name);
    this.#add(this.unknown, `unknown field${guess === undefined ? '' : `; did you mean ${JSON.stringify(guess)}?`}`);
    this.path.pop();
  }

  /** Under Strict, a field that its object gives under another name as well is a duplicate. */
  sawField(object: JsonObject, names: readonly string[], name: string): void {
    if (this.#strict) {
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
      duplicateKey: (path) => {
        if (this.violations.length < MAX_VIOLATIONS) {
          this.violations.push({
            field: formatPath(path),
            description: 'this key appears more than once in its object',
          });
        } else {
          this.#hidden += 1;
        }
      },
    });
  }

  cut(violations: readonly FieldViolation[]): readonly FieldViolation[] {
    const hidden = this.#hidden + Math.max(0, violations.length - MAX_VIOLATIONS);
    const shown = violations.slice(0, MAX_VIOLATIONS);
    return hidden === 0 ? shown : [...shown, { field: '', description: `${hidden} more faults are not listed` }];
  }

  #add(list: FieldViolation[], description: string): void {
    if (list.length < MAX_VIOLATIONS) {
      list.push({ field: formatPath(this.path), description });
    } else {
      this.#hidden += 1;
    }
  }
}
