import { readFileSync } from 'node:fs';
import { type ConfigSources, checkSettings } from './check-settings.js';
import { type CommandLine, readCommandLine } from './command-line.js';
import { ConfigError, type ConfigFault, describeSource, type Source } from './config-error.js';
import { CONFIG_FILE_VARIABLE, readEnvironment } from './environment.js';
import type { GivenSetting, GivenSettings } from './given-settings.js';
import { helpText } from './help-text.js';
import { canonicalValue } from './option.js';
import { type Config, OPTION_KEYS, type OptionKey, optionOf } from './options.js';
import { readVersion } from './version.js';

/** What the program is to do: run with a configuration, or print something and end. */
export type LoadedConfig =
  | {
      readonly kind: 'run';
      readonly config: Config;
      readonly sources: ConfigSources;
      /** What deserves a line in the log although the configuration can be used. */
      readonly warnings: readonly string[];
    }
  | { readonly kind: 'print'; readonly text: string };

/**
 * Loads the configuration: flags count more than the environment, that more than the file, and that more than the defaults. Reads nothing
 * but the files that `--config` and `storeUriFile` name.
 * @param argv the arguments behind the program's name
 * @throws ConfigError with every fault
 */
export async function loadConfig(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  const commandLine = readCommandLine(argv);
  if (commandLine.help) {
    return { kind: 'print', text: helpText() };
  }
  if (commandLine.version) {
    return { kind: 'print', text: `appimage-server ${readVersion()}\n` };
  }
  const environment = readEnvironment(env);
  const file = await readFile(commandLine, env);
  const faults = [...commandLine.faults, ...environment.faults, ...file.faults];
  const given = new Map([...file.settings, ...environment.settings, ...commandLine.settings]);
  const uriFile = readStoreUri(given, faults);

  const { values, sources } = inForce(given);
  const checked = checkSettings(values, sources);
  if (isFaults(checked)) {
    throw new ConfigError([...faults, ...checked]);
  }
  if (faults.length > 0) {
    throw new ConfigError(faults);
  }
  const config = Object.freeze(checked);
  if (commandLine.printConfig) {
    const { printedConfig } = await import('./print-config.js');
    return { kind: 'print', text: printedConfig(config, sources, uriFile) };
  }
  const warnings = [
    ...commandLine.warnings,
    ...environment.warnings,
    ...file.warnings,
    ...passwordWarning(config, sources),
  ];
  return { kind: 'run', config, sources, warnings };
}

async function readFile(commandLine: CommandLine, env: NodeJS.ProcessEnv): Promise<GivenSettings> {
  const path = commandLine.configFile ?? env[CONFIG_FILE_VARIABLE];
  if (path === undefined || path === '') {
    return { settings: new Map(), faults: [], warnings: [] };
  }
  // Not loaded before: the YAML library takes part of a start that has no file.
  const { readConfigFile } = await import('./config-file.js');
  return readConfigFile(path);
}

/** Puts the content of `storeUriFile` in the place of `store`, so that nothing else has to know where it came from. */
function readStoreUri(given: Map<OptionKey, GivenSetting>, faults: ConfigFault[]): string | undefined {
  const path = given.get('storeUriFile');
  if (path === undefined || typeof path.value !== 'string') {
    return undefined;
  }
  const store = given.get('store');
  if (store !== undefined) {
    const places = `${describeSource(store.source)}, ${describeSource(path.source)}`;
    faults.push({
      setting: 'storeUriFile',
      message: `store and storeUriFile are both set (${places}); leave one of them out`,
    });
    return undefined;
  }
  try {
    given.set('store', {
      value: readFileSync(path.value, 'utf8').trim(),
      source: { kind: 'file', path: path.value, line: 1 },
    });
    return path.value;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    faults.push({
      setting: 'storeUriFile',
      message: `storeUriFile (${describeSource(path.source)}) cannot be read: ${reason}`,
    });
    return undefined;
  }
}

/** The value and source of every setting, defaults filled in: plain ones first, since derived ones look at them. */
function inForce(given: ReadonlyMap<OptionKey, GivenSetting>): {
  values: Record<string, unknown>;
  sources: ConfigSources;
} {
  const plain = new Map<string, unknown>();
  for (const key of OPTION_KEYS) {
    const setting = given.get(key);
    const fallback = optionOf(key).default;
    plain.set(
      key,
      setting === undefined
        ? fallback.kind === 'plain'
          ? fallback.value
          : undefined
        : canonicalValue(optionOf(key), setting.value),
    );
  }
  const values: Record<string, unknown> = {};
  const sources = new Map<OptionKey, Source>();
  for (const key of OPTION_KEYS) {
    const fallback = optionOf(key).default;
    const value =
      given.has(key) || fallback.kind === 'plain' ? plain.get(key) : fallback.derive((other) => plain.get(other));
    values[key] = Array.isArray(value) ? Object.freeze([...value]) : value;
    sources.set(key, given.get(key)?.source ?? { kind: 'default' });
  }
  return { values, sources };
}

function isFaults(checked: Config | readonly ConfigFault[]): checked is readonly ConfigFault[] {
  return Array.isArray(checked);
}

function passwordWarning({ store }: Config, sources: ConfigSources): readonly string[] {
  return sources.get('store')?.kind === 'flag' && /:\/\/[^/]*:[^/]*@/.test(store)
    ? [
        'the password in --store is visible to every user of this machine; put the connection string into a file and name it in --store-uri-file',
      ]
    : [];
}
