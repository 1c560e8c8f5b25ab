import type { ByteString } from './byte-string.js';
import { decodeUtf8, encodeUtf8 } from './byte-string.js';
import type { JsonValue } from './go-json.js';
import { parseJsonContainer } from './go-json.js';
import { quoteString } from './go-quote.js';
import type { DataMap } from './go-value.js';
import type { StepCounter } from './step-counter.js';
import { toUpperCase } from './unicode-classes.js';

/** The values of a rendering, in the two forms in which templates see them. Both are made when first asked for. */
export class TemplateData implements DataMap {
  readonly #values = new Map<ByteString, string>();
  readonly #quoted = new Map<ByteString, ByteString>();
  readonly #parsed = new Map<ByteString, JsonValue>();
  readonly #used = new Set<string>();
  readonly #steps: StepCounter;
  readonly #maxDepth: number;
  #keys: readonly ByteString[] | undefined;

  /** Names are upper-cased; of names that become the same the last one counts. */
  constructor(values: ReadonlyMap<string, string>, steps: StepCounter, maxDepth: number) {
    for (const [name, value] of values) this.#values.set(encodeUtf8(toUpperCase(name)), value);
    this.#steps = steps;
    this.#maxDepth = maxDepth;
  }

  get size(): number {
    return this.#values.size;
  }

  has(name: string): boolean {
    return this.#values.has(encodeUtf8(name));
  }

  /** Names that were asked for so far, with or without a value. */
  get used(): ReadonlySet<string> {
    return this.#used;
  }

  /** A value as `{{.NAME}}` sees it: quoted as a Go string literal, and then without the quotes at both ends. */
  get(key: ByteString): ByteString {
    this.#used.add(decodeUtf8(key));
    const known = this.#quoted.get(key);
    if (known !== undefined) return known;
    const value = encodeUtf8(this.#values.get(key) ?? '');
    const quoted = trimQuotes(quoteString(value));
    this.#steps.takeBytes(value.length + quoted.length);
    // Missing names are not kept: a template can ask for any number of them.
    if (this.#values.has(key)) this.#quoted.set(key, quoted);
    return quoted;
  }

  /** A value as `{{{.NAME.path}}}` sees it. */
  json(name: string): JsonValue {
    this.#used.add(name);
    const key = encodeUtf8(name);
    const value = this.#values.get(key);
    if (value === undefined) return null;
    // Each time, because walking into it may take as long as parsing it.
    this.#steps.takeBytes(value.length);
    const known = this.#parsed.get(key);
    if (known !== undefined) return known;
    const parsed = parseJsonContainer(value, this.#maxDepth) ?? value;
    this.#parsed.set(key, parsed);
    return parsed;
  }

  keys(): readonly ByteString[] {
    this.#keys ??= [...this.#values.keys()].sort();
    this.#steps.take(this.#keys.length);
    return this.#keys;
  }
}

/** Go's strings.Trim(text, `"`): also the quotes of the value itself, but not their backslashes. */
function trimQuotes(text: ByteString): ByteString {
  let start = 0;
  let end = text.length;
  while (start < end && text[start] === '"') start++;
  while (end > start && text[end - 1] === '"') end--;
  return text.slice(start, end);
}
