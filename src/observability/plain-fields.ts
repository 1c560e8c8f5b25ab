import { isSecretName } from './mask-secrets.js';

/** What is known of the fields of one name. */
interface KnownField {
  /** What stands before a value, such as `,"code":`; nothing where fields of this name are not plain. */
  readonly start: string;
  /** The last text that a field of this name held, and that field as it was written: most of a line has been said in the line before. */
  value: string | undefined;
  written: string;
}

/** Bounds the table below, though names of fields are ours and few. */
const MOST_KNOWN_FIELDS = 1000;
const knownFields = new Map<string, KnownField>();
/** Longer texts are not kept. */
const LONGEST_KEPT_TEXT = 256;

/** Fields of these names may need more than their value: `err` has a serialiser, and pino takes an object with a `socket` for a request. */
const SPECIAL_NAMES: ReadonlySet<string> = new Set(['err', 'socket']);

const QUOTE = 0x22;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/**
 * The fields of a log line as JSON, each with a comma before it, or `undefined` where something in them needs a closer look: a name that
 * may be a secret's, text that is not {@link isPlainText plain}, an object with fields of its own. Most lines are plain, audit lines above all, and cost
 * a third of what pino takes for them.
 */
export function plainFields(fields: object): string | undefined {
  if (Object.getPrototypeOf(fields) !== Object.prototype) {
    return undefined;
  }
  const values = fields as Record<string, unknown>;
  let text = '';
  for (const name in values) {
    // `Object.hasOwn` says the same, and V8 does not see that it always holds here.
    if (Object.prototype.hasOwnProperty.call(values, name)) {
      const value = values[name];
      if (value === undefined) {
        continue;
      }
      const field = knownField(name);
      const { start } = field;
      if (start === '') {
        return undefined;
      }
      if (typeof value === 'string') {
        const written = value === field.value ? field.written : writeText(field, value);
        if (written === undefined) {
          return undefined;
        }
        text += written;
      } else if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) {
        text += start + value;
      } else if (isEmptyObject(value)) {
        text += `${start}{}`;
      } else {
        return undefined;
      }
    }
  }
  return text;
}

/**
 * Whether a text stands in the log as it is: nothing in it must be escaped, and no `//` begins a part of a URL that may hold a password. Lone
 * surrogates do not stand in JSON as they are, and whether half a pair is lone is not worth finding out.
 */
export function isPlainText(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (
      unit < FIRST_PRINTABLE ||
      unit === QUOTE ||
      unit === BACKSLASH ||
      (unit === SLASH && text.charCodeAt(index + 1) === SLASH) ||
      (unit >= FIRST_SURROGATE && unit <= LAST_SURROGATE)
    ) {
      return false;
    }
  }
  return true;
}

function knownField(name: string): KnownField {
  let field = knownFields.get(name);
  if (field === undefined) {
    const start = SPECIAL_NAMES.has(name) || isSecretName(name) || !isPlainText(name) ? '' : `,"${name}":`;
    field = { start, value: undefined, written: '' };
    if (knownFields.size < MOST_KNOWN_FIELDS) {
      knownFields.set(name, field);
    }
  }
  return field;
}

/** A field with this text, or `undefined` where that does not stand in JSON as it is. */
function writeText(field: KnownField, value: string): string | undefined {
  if (!isPlainText(value)) {
    return undefined;
  }
  const written = `${field.start}"${value}"`;
  if (value.length <= LONGEST_KEPT_TEXT) {
    field.value = value;
    field.written = written;
  }
  return written;
}

function isEmptyObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return false;
  }
  for (const _ in value) {
    return false;
  }
  return true;
}
