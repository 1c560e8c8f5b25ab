import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type LineCounter, type Node, Scalar } from 'yaml';
import type { DocumentStep } from '../domain/manifest/document-path.js';

/** A place in a text, for a person and for tools: the line and a caret below it. */
export interface TextPosition {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** How much of the line is meant, in UTF-16 code units; at least 1. */
  readonly length: number;
}

/** What of a field to point at: where there are both, a wrong value is shown by itself, an unknown field by its name. */
export type PlacePart = 'key' | 'value';

/** Brings the fields of another mapping in (https://yaml.org/type/merge.html), unless it is quoted. */
const MERGE_KEY = '<<';

interface Place {
  readonly key: Node | undefined;
  readonly value: Node | undefined;
}

/** Finds the lines of fields in one YAML text. */
export class YamlPlaces {
  readonly #text: string;
  readonly #lines: LineCounter;

  constructor(text: string, lines: LineCounter) {
    this.#text = text;
    this.#lines = lines;
  }

  /** The place that the steps lead to; of what the document has not, the nearest place above that it has. */
  find(document: Document, steps: readonly DocumentStep[], part: PlacePart): TextPosition {
    const place = follow(document, steps);
    const inline = isScalar(place.value) && !isBlock(place.value) && length(place.value) > 0;
    return this.#positionOf(
      (part === 'value' && (inline || isAlias(place.value)) ? place.value : place.key) ?? place.value,
    );
  }

  /** A line of a text that a document has as a block, from 1; `undefined` where the text is written otherwise. */
  findLine(document: Document, steps: readonly DocumentStep[], line: number): TextPosition | undefined {
    const { value } = follow(document, steps);
    const start = isScalar(value) && value.type === Scalar.BLOCK_LITERAL ? value.range?.[0] : undefined;
    const end = value?.range?.[1] ?? 0;
    if (start === undefined) {
      return undefined;
    }
    const lineNumber = this.#lines.linePos(start).line + line;
    const lineStart = this.#lines.lineStarts[lineNumber - 1];
    if (lineStart === undefined || lineStart >= end) {
      return undefined;
    }
    const content = this.#lineFrom(lineStart);
    const indentation = content.length - content.trimStart().length;
    return {
      line: lineNumber,
      column: indentation + 1,
      length: Math.max(1, content.trim().length),
    };
  }

  at(offset: number, end: number): TextPosition {
    const { line, col } = this.#lines.linePos(offset);
    const onLine = this.#lineFrom(offset).trimEnd().length;
    return { line, column: col, length: Math.max(1, Math.min(end - offset, onLine)) };
  }

  #positionOf(node: Node | undefined): TextPosition {
    const [start, end] = node?.range ?? [0, 0];
    return this.at(start, end);
  }

  #lineFrom(offset: number): string {
    const end = this.#text.indexOf('\n', offset);
    return this.#text.slice(offset, end < 0 ? undefined : end);
  }
}

function follow(document: Document, steps: readonly DocumentStep[]): Place {
  let place: Place = { key: undefined, value: document.contents ?? undefined };
  for (const step of steps) {
    const inner = enter(document, place.value, step);
    if (inner === undefined) {
      // What is above stands for it, and not by its value, with which nothing is wrong.
      return { key: place.key ?? place.value, value: undefined };
    }
    place = inner;
  }
  return place;
}

function enter(document: Document, node: Node | undefined, step: DocumentStep): Place | undefined {
  const collection = isAlias(node) ? node.resolve(document) : node;
  if (typeof step === 'number') {
    const item = isSeq(collection) ? collection.items[step] : undefined;
    return isNode(item) ? { key: undefined, value: item } : undefined;
  }
  if (!isMap(collection)) {
    return undefined;
  }
  let merged: Place | undefined;
  for (const { key, value } of collection.items) {
    const name = isScalar(key) ? key.value : undefined;
    if (isScalar(key) && typeof name === 'string' && step.includes(name)) {
      return { key, value: isNode(value) ? value : undefined };
    }
    if (isScalar(key) && key.type === Scalar.PLAIN && name === MERGE_KEY && isNode(value)) {
      merged ??= enterMerged(document, value, step);
    }
  }
  return merged;
}

/** Looks into what a merge key brings in: one mapping, or the first of several that has the field. */
function enterMerged(document: Document, source: Node, step: DocumentStep): Place | undefined {
  const resolved = isAlias(source) ? source.resolve(document) : source;
  const sources = isSeq(resolved) ? resolved.items.filter((item) => isNode(item)) : [resolved];
  for (const candidate of sources) {
    const found = enter(document, candidate, step);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function isBlock(node: Scalar): boolean {
  return node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
}

function length(node: Node): number {
  const [start, end] = node.range ?? [0, 0];
  return end - start;
}
