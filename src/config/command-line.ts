import { type ParseArgsConfig, parseArgs } from 'node:util';
import { didYouMean } from '../domain/did-you-mean.js';
import { quoteValue } from '../domain/errors.js';
import { maskUrlSecrets } from '../observability/mask-secrets.js';
import type { ConfigFault } from './config-error.js';
import type { GivenSetting, GivenSettings } from './given-settings.js';
import { valueOfText } from './option.js';
import { flagName, OPTION_KEYS, type OptionKey, optionOf } from './options.js';

/** Flags that are not settings: what to do, and where the configuration file is. */
export const COMMAND_FLAGS = {
  config: { value: 'FILE', description: 'Read settings from this YAML file; also `APPIMAGE_CONFIG`.' },
  'print-config': {
    value: undefined,
    description: 'Print the settings in force, with where each came from, as a YAML file, and end.',
  },
  help: { value: undefined, description: 'Print this help and end.' },
  version: { value: undefined, description: 'Print the version and end.' },
} as const satisfies Record<string, { value: string | undefined; description: string }>;

type CommandFlag = keyof typeof COMMAND_FLAGS;

/** What the command line says. */
export interface CommandLine extends GivenSettings {
  readonly help: boolean;
  readonly version: boolean;
  readonly printConfig: boolean;
  readonly configFile: string | undefined;
}

const KEY_OF_FLAG: ReadonlyMap<string, OptionKey> = new Map(OPTION_KEYS.map((key) => [flagName(key), key]));

const PARSED_OPTIONS: ParseArgsConfig['options'] = Object.fromEntries([
  ...OPTION_KEYS.map(
    (key) => [flagName(key), { type: optionOf(key).kind === 'boolean' ? 'boolean' : 'string' }] as const,
  ),
  ...Object.entries(COMMAND_FLAGS).map(
    ([name, flag]) => [name, { type: flag.value === undefined ? 'boolean' : 'string' }] as const,
  ),
]);

/**
 * Reads flags: `--flag value`, `--flag=value`, `--flag` and `--no-flag` for what is on or off. Where a flag is given twice the last one
 * counts, but lists grow.
 * @param argv the arguments behind the program's name
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const settings = new Map<OptionKey, GivenSetting>();
  const commands = new Map<CommandFlag, string>();
  const faults: ConfigFault[] = [];
  // Not strict, since parseArgs would stop at the first fault, and we report them all.
  const { tokens } = parseArgs({
    args: [...argv],
    options: PARSED_OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  let unknownFlagIndex: number | undefined;
  for (const token of tokens) {
    // What follows an unknown flag is most likely its value: one fault tells enough, and the value may be a secret.
    if (token.kind === 'positional' && token.index - 1 !== unknownFlagIndex) {
      const argument = quoteValue(maskUrlSecrets(token.value));
      faults.push({
        setting: undefined,
        message: `argument ${argument} is not expected; settings are given as --name=value`,
      });
    }
    if (token.kind !== 'option') {
      continue;
    }
    const reading = readFlag({
      name: token.name,
      rawName: token.rawName,
      value: token.value,
      inline: token.inlineValue ?? false,
    });
    if (reading.kind === 'setting') {
      const before = settings.get(reading.key)?.value;
      const value =
        Array.isArray(before) && Array.isArray(reading.value) ? [...before, ...reading.value] : reading.value;
      settings.set(reading.key, { value, source: { kind: 'flag', name: token.rawName } });
    } else if (reading.kind === 'command') {
      commands.set(reading.name, reading.value);
    } else {
      faults.push({ setting: reading.setting, message: reading.message });
      unknownFlagIndex = reading.unknown === true ? token.index : unknownFlagIndex;
    }
  }
  return {
    settings,
    faults,
    warnings: [],
    help: commands.has('help'),
    version: commands.has('version'),
    printConfig: commands.has('print-config'),
    configFile: commands.get('config'),
  };
}

interface Flag {
  readonly name: string;
  /** As written: with its dashes, without its value. */
  readonly rawName: string;
  readonly value: string | undefined;
  /** Whether the value was given as `--flag=value`. */
  readonly inline: boolean;
}

type FlagReading =
  | { readonly kind: 'setting'; readonly key: OptionKey; readonly value: unknown }
  | { readonly kind: 'command'; readonly name: CommandFlag; readonly value: string }
  | {
      readonly kind: 'fault';
      readonly setting: OptionKey | undefined;
      readonly message: string;
      readonly unknown?: true;
    };

function readFlag(flag: Flag): FlagReading {
  const key = KEY_OF_FLAG.get(flag.name);
  if (key !== undefined) {
    return readSetting(key, flag);
  }
  const negatedKey = flag.name.startsWith('no-') ? KEY_OF_FLAG.get(flag.name.slice('no-'.length)) : undefined;
  if (negatedKey !== undefined) {
    return readNegation(negatedKey, flag);
  }
  return isCommandFlag(flag.name) ? readCommand(flag.name, flag) : unknownFlag(flag);
}

function readSetting(key: OptionKey, flag: Flag): FlagReading {
  const option = optionOf(key);
  if (option.kind === 'boolean') {
    return { kind: 'setting', key, value: flag.value === undefined ? true : valueOfText(option, flag.value) };
  }
  return flag.value === undefined || lacksValue(flag)
    ? { kind: 'fault', setting: key, message: `flag ${flag.rawName} needs a value: ${option.allowed}` }
    : { kind: 'setting', key, value: valueOfText(option, flag.value) };
}

function readNegation(key: OptionKey, flag: Flag): FlagReading {
  if (optionOf(key).kind !== 'boolean') {
    return {
      kind: 'fault',
      setting: key,
      message: `flag ${flag.rawName} does not exist: only what is on or off has a --no- form`,
    };
  }
  return flag.value === undefined
    ? { kind: 'setting', key, value: false }
    : { kind: 'fault', setting: key, message: `flag ${flag.rawName} takes no value` };
}

function readCommand(name: CommandFlag, flag: Flag): FlagReading {
  const takesValue = COMMAND_FLAGS[name].value !== undefined;
  if (takesValue && lacksValue(flag)) {
    return { kind: 'fault', setting: undefined, message: `flag ${flag.rawName} needs a value: the path of a file` };
  }
  return !takesValue && flag.value !== undefined
    ? { kind: 'fault', setting: undefined, message: `flag ${flag.rawName} takes no value` }
    : { kind: 'command', name, value: flag.value ?? '' };
}

function unknownFlag({ name, rawName }: Flag): FlagReading {
  // A guess at a single letter would be no more than a guess.
  const guess = rawName.startsWith('--')
    ? didYouMean(name, [...KEY_OF_FLAG.keys(), ...Object.keys(COMMAND_FLAGS)])
    : undefined;
  const hint = guess === undefined ? 'see --help' : `did you mean --${guess}?`;
  return {
    kind: 'fault',
    setting: undefined,
    message: `flag ${quoteValue(rawName)} does not exist; ${hint}`,
    unknown: true,
  };
}

/** Another flag where a value should be is a forgotten value; `--flag=--value` says that it is meant. */
function lacksValue({ value, inline }: Flag): boolean {
  return value === undefined || value === '' || (!inline && value.startsWith('--'));
}

function isCommandFlag(name: string): name is CommandFlag {
  return Object.hasOwn(COMMAND_FLAGS, name);
}
