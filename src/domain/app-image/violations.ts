import { type FieldViolation, quoteValue } from '../errors.js';
import type { TextRule } from './text-rule.js';

/** Most violations that one answer carries; what is beyond is counted. */
export const MAX_VIOLATIONS = 1000;

/**
 * Collects every fault of a template. It keeps the place where the validation stands as a stack, so that a path is spelt out
 * only where a fault is found: a template without one costs no strings.
 */
export class Violations {
  readonly #found: FieldViolation[] = [];
  readonly #fields: string[] = [];
  readonly #keys: (number | string | undefined)[] = [];
  #count = 0;

  /** Goes into a field, or into one entry of a list or a map. Every `enter` is paired with a {@link leave}. */
  enter(field: string, key?: number | string): void {
    this.#fields.push(field);
    this.#keys.push(key);
  }

  leave(): void {
    this.#fields.pop();
    this.#keys.pop();
  }

  /** Holds the text of a field below the present place, or of that place itself where `field` is empty, against a rule. */
  check(field: string, value: string, rule: TextRule): void {
    // A hostile template may hold a million faults: those beyond the limit are counted, but not put into words.
    if (!rule.allows(value) && ++this.#count <= MAX_VIOLATIONS) {
      this.#found.push({ field: this.#pathOf(field), description: `${quoteValue(value)} ${rule.explain(value)}` });
    }
  }

  /** Records a fault of a field below the present place, or of that place itself where `field` is empty. */
  add(field: string, description: string): void {
    if (++this.#count <= MAX_VIOLATIONS) {
      this.#found.push({ field: this.#pathOf(field), description });
    }
  }

  /** The faults in the order found, {@link MAX_VIOLATIONS} at most; the last one then says how many more there are. */
  all(): FieldViolation[] {
    if (this.#count <= MAX_VIOLATIONS) {
      return this.#found;
    }
    const listed = this.#found.slice(0, MAX_VIOLATIONS - 1);
    return [...listed, { field: '', description: `${this.#count - listed.length} more faults are not listed` }];
  }

  #pathOf(field: string): string {
    let path = '';
    for (const [depth, name] of this.#fields.entries()) {
      const key = this.#keys[depth];
      const entry = key === undefined ? '' : `[${typeof key === 'string' ? quoteValue(key) : key}]`;
      path += `${depth === 0 ? '' : '.'}${name}${entry}`;
    }
    return path === '' || field === '' ? path + field : `${path}.${field}`;
  }
}
