import { join } from 'node:path';

/** Headings under which settings are shown in help and documentation. */
export type OptionGroup = 'Listening' | 'Certificates and tokens' | 'Store' | 'Limits and times' | 'Behaviour';

/** How a setting is written: decides how the text of a flag or an environment variable is converted. */
export type OptionKind = 'text' | 'integer' | 'boolean' | 'choice' | 'list';

/** A default that depends on other settings. It must look at settings with a plain default only. */
export interface DerivedDefault<T> {
  /** The rule in words, for help and documentation. */
  readonly words: string;
  readonly derive: (setting: (key: string) => unknown) => T;
}

/** One entry of the option table. `T` is the type of the setting in the configuration object. */
export interface Option<T> {
  readonly kind: OptionKind;
  readonly group: OptionGroup;
  /** Full sentences for help and documentation; Markdown code marks are allowed. */
  readonly description: string;
  /** JSON schema of the value. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** What the value may be, as the end of a sentence "it must be ...". */
  readonly allowed: string;
  readonly unit: string | undefined;
  /** Whether the value may hold a password: it is then masked wherever it is shown. */
  readonly secret: boolean;
  readonly default: { readonly kind: 'plain'; readonly value: T } | ({ readonly kind: 'derived' } & DerivedDefault<T>);
}

/** The type of a setting in the configuration object. */
export type OptionValue<O> = O extends Option<infer T> ? T : never;

interface Description {
  readonly group: OptionGroup;
  readonly description: string;
}

interface TextDescription extends Description {
  readonly allowed: string;
  /** Regular expression that the text must match; any text that is not empty by default. */
  readonly pattern?: string;
  readonly secret?: boolean;
}

/** A setting that is a text. */
export function text(spec: TextDescription & { readonly default: string | DerivedDefault<string> }): Option<string> {
  return { ...textOption(spec), default: defaultOf(spec.default) };
}

/** A setting that is a text, or nothing. */
export function optionalText(
  spec: TextDescription & { readonly default?: DerivedDefault<string | undefined> },
): Option<string | undefined> {
  return { ...textOption(spec), default: defaultOf<string | undefined>(spec.default) };
}

function textOption(spec: TextDescription): Omit<Option<string>, 'default'> {
  return {
    kind: 'text',
    group: spec.group,
    description: spec.description,
    schema: spec.pattern === undefined ? { type: 'string', minLength: 1 } : { type: 'string', pattern: spec.pattern },
    allowed: spec.allowed,
    unit: undefined,
    secret: spec.secret ?? false,
  };
}

/** A setting that is a whole number within bounds, both included. */
export function integer(
  spec: Description & {
    readonly minimum: number;
    readonly maximum: number;
    readonly unit?: string;
    readonly default: number;
  },
): Option<number> {
  const unit = spec.unit === undefined ? '' : ` of ${spec.unit}`;
  return {
    kind: 'integer',
    group: spec.group,
    description: spec.description,
    schema: { type: 'integer', minimum: spec.minimum, maximum: spec.maximum },
    allowed: `a whole number${unit} from ${spec.minimum} to ${spec.maximum}`,
    unit: spec.unit,
    secret: false,
    default: defaultOf(spec.default),
  };
}

/** A setting that is the number of a TCP port; 0 lets the system choose a free one. */
export function port(spec: Description & { readonly default: number }): Option<number> {
  return { ...integer({ ...spec, minimum: 0, maximum: 65535 }), allowed: 'a port: a whole number from 0 to 65535' };
}

/** A setting that is on or off. */
export function boolean(spec: Description & { readonly default: boolean }): Option<boolean> {
  return {
    kind: 'boolean',
    group: spec.group,
    description: spec.description,
    schema: { type: 'boolean' },
    allowed: '`true` or `false`',
    unit: undefined,
    secret: false,
    default: defaultOf(spec.default),
  };
}

/** A setting that is one of several words; upper and lower case mean the same. */
export function choice<const V extends readonly string[]>(
  spec: Description & { readonly values: V; readonly default: V[number] },
): Option<V[number]> {
  return {
    kind: 'choice',
    group: spec.group,
    description: spec.description,
    schema: { type: 'string', enum: [...spec.values] },
    allowed: `one of ${spec.values.map((value) => `\`${value}\``).join(', ')}`,
    unit: undefined,
    secret: false,
    default: defaultOf<V[number]>(spec.default),
  };
}

/** A setting that is a list of texts, separated by commas in a flag or an environment variable; empty by default. */
export function list(
  spec: Description & { readonly allowed: string; readonly pattern: string },
): Option<readonly string[]> {
  return {
    kind: 'list',
    group: spec.group,
    description: spec.description,
    schema: { type: 'array', items: { type: 'string', pattern: spec.pattern } },
    allowed: spec.allowed,
    unit: undefined,
    secret: false,
    default: defaultOf<readonly string[]>([]),
  };
}

/** The default path of a file: a name within the folder that another setting gives. */
export function inFolder(key: string, file: string): DerivedDefault<string> {
  return { words: `\`${file}\` in \`${key}\``, derive: (setting) => join(String(setting(key)), file) };
}

function defaultOf<T>(value: T | DerivedDefault<T>): Option<T>['default'] {
  return isDerived(value) ? { kind: 'derived', ...value } : { kind: 'plain', value };
}

function isDerived<T>(value: T | DerivedDefault<T>): value is DerivedDefault<T> {
  return typeof value === 'object' && value !== null && 'derive' in value;
}

/**
 * The value that a flag or an environment variable stands for. A text that does not fit the kind is returned as it is, so that
 * the schema refuses it with the same words as a wrong value from the file.
 */
export function valueOfText(option: Option<unknown>, written: string): unknown {
  return CONVERSIONS[option.kind](written);
}

const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

const CONVERSIONS = {
  text: (written) => written,
  choice: (written) => written,
  integer: (written) => (/^[+-]?\d{1,15}$/.test(written) ? Number(written) : written),
  boolean: (written) => BOOLEAN_WORDS.get(written.toLowerCase()) ?? written,
  list: (written) => written.split(',').map((item) => item.trim()),
} as const satisfies Record<OptionKind, (written: string) => unknown>;

/** The value with the words of a choice in the spelling of the table. */
export function canonicalValue(option: Option<unknown>, value: unknown): unknown {
  if (option.kind !== 'choice' || typeof value !== 'string') {
    return value;
  }
  const words = Array.isArray(option.schema['enum']) ? option.schema['enum'] : [];
  return words.find((word) => typeof word === 'string' && word.toLowerCase() === value.toLowerCase()) ?? value;
}
