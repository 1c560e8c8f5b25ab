import type { ByteString } from './byte-string.js';
import { isEqual, isLess } from './compare.js';
import { escapeHtml, escapeJs, escapeUrlQuery } from './escapers.js';
import type { GoValue } from './go-value.js';
import { bool, int, isTrue, NIL, string, typeName } from './go-value.js';
import { sprint, sprintf, sprintln } from './printer.js';
import { CallError } from './template-errors.js';

/** One of Go's predefined template functions. */
export interface Builtin {
  /** The number of parameters that are not variadic. */
  readonly fixed: number;
  readonly isVariadic: boolean;
  /** Whether the first parameter is of type string; the others take any value. */
  readonly takesFormat?: boolean;
  /** The arguments as the call gives them; strings in the result are at most `maxLength` bytes. Throws CallError. */
  readonly call: (values: readonly GoValue[], maxLength: number) => GoValue;
}

const exactly = (fixed: number, run: Builtin['call']): Builtin => ({ fixed, isVariadic: false, call: run });
const atLeast = (fixed: number, run: Builtin['call']): Builtin => ({ fixed, isVariadic: true, call: run });
const comparison = (test: (a: GoValue, b: GoValue) => boolean): Builtin =>
  exactly(2, ([a = NIL, b = NIL]) => bool(test(a, b)));
const escaper = (escape: (text: ByteString) => ByteString): Builtin =>
  atLeast(0, (values, maxLength) => {
    // A nil shows here as it does in the output, unlike in print.
    const shown = values.map((value) => (value.type === 'nil' ? string('<no value>') : value));
    const escaped = escape(sprint(shown, maxLength));
    if (escaped.length > maxLength)
      throw new CallError(`output is longer than the limit of ${maxLength} bytes`, 'limit');
    return string(escaped);
  });

/** `le` is `lt` or `eq`, which matters for values that do not compare. */
const isLessOrEqual = (a: GoValue, b: GoValue): boolean => isLess(a, b) || isEqual(a, [b]);

const BUILTINS: ReadonlyMap<string, Builtin> = new Map([
  // The executor stops at the first argument that decides, so these never see the others.
  ['and', atLeast(1, (values) => values.at(-1) ?? NIL)],
  ['or', atLeast(1, (values) => values.at(-1) ?? NIL)],
  ['not', exactly(1, ([value = NIL]) => bool(!isTrue(value)))],
  ['len', exactly(1, ([value = NIL]) => length(value))],
  ['index', atLeast(1, ([item = NIL, ...indexes]) => indexes.reduce(element, requireItem(item, 'index')))],
  ['slice', atLeast(1, ([item = NIL, ...indexes]) => slice(requireItem(item, 'slice'), indexes))],
  ['call', atLeast(1, ([callee = NIL]) => call(callee))],
  ['print', atLeast(0, (values, maxLength) => string(sprint(values, maxLength)))],
  ['println', atLeast(0, (values, maxLength) => string(sprintln(values, maxLength)))],
  ['printf', { ...atLeast(1, format), takesFormat: true }],
  ['html', escaper(escapeHtml)],
  ['js', escaper(escapeJs)],
  ['urlquery', escaper(escapeUrlQuery)],
  ['eq', atLeast(1, ([a = NIL, ...others]) => bool(isEqual(a, others)))],
  ['ne', comparison((a, b) => !isEqual(a, [b]))],
  ['lt', comparison(isLess)],
  ['le', comparison(isLessOrEqual)],
  ['gt', comparison((a, b) => !isLessOrEqual(a, b))],
  ['ge', comparison((a, b) => !isLess(a, b))],
]);

export function isBuiltin(name: string): boolean {
  return BUILTINS.has(name);
}

/** Throws for a name that {@link isBuiltin} does not know. */
export function builtin(name: string): Builtin {
  const found = BUILTINS.get(name);
  if (found === undefined) throw new CallError(`"${name}" is not a defined function`);
  return found;
}

function format([first = NIL, ...values]: readonly GoValue[], maxLength: number): GoValue {
  return string(sprintf(first.type === 'string' ? first.value : '', values, maxLength));
}

function length(value: GoValue): GoValue {
  if (value.type === 'string') return int(value.value.length);
  if (value.type === 'map') return int(value.value.size);
  throw new CallError(value.type === 'nil' ? 'len of untyped nil' : `len of type ${typeName(value)}`);
}

function requireItem(item: GoValue, name: string): GoValue {
  if (item.type === 'nil') throw new CallError(`${name} of untyped nil`);
  return item;
}

/** An index into something of a length; an index equal to the length passes, as in Go, for the sake of `slice`. */
function position(index: GoValue, size: number): number {
  if (index.type === 'nil') throw new CallError('cannot index slice/array with nil');
  if (index.type !== 'int' && index.type !== 'uint8') {
    throw new CallError(`cannot index slice/array with type ${typeName(index)}`);
  }
  if (index.value < 0n || index.value > BigInt(size)) throw new CallError(`index out of range: ${index.value}`);
  return Number(index.value);
}

function element(item: GoValue, index: GoValue): GoValue {
  if (item.type === 'string') {
    const at = position(index, item.value.length);
    if (at === item.value.length) throw new CallError('reflect: string index out of range');
    return { type: 'uint8', value: BigInt(item.value.charCodeAt(at)) };
  }
  if (item.type !== 'map') throw new CallError(`can't index item of type ${typeName(item)}`);
  if (index.type === 'nil') throw new CallError('value is nil; should be of type string');
  if (index.type !== 'string') throw new CallError(`value has type ${typeName(index)}; should be string`);
  return string(item.value.get(index.value));
}

function slice(item: GoValue, indexes: readonly GoValue[]): GoValue {
  if (indexes.length > 3) throw new CallError(`too many slice indexes: ${indexes.length}`);
  if (item.type !== 'string') throw new CallError(`can't slice item of type ${typeName(item)}`);
  if (indexes.length === 3) throw new CallError('cannot 3-index slice a string');
  const size = item.value.length;
  const [from = 0, to = size] = indexes.map((index) => position(index, size));
  if (from > to) throw new CallError(`invalid slice index: ${from} > ${to}`);
  return string(item.value.slice(from, to));
}

/** There being no functions among the values of a template, this fails as it does in Go. */
function call(callee: GoValue): GoValue {
  throw new CallError(callee.type === 'nil' ? 'call of nil' : `non-function of type ${typeName(callee)}`);
}
