import { didYouMean } from '../domain/did-you-mean.js';
import type { GivenSetting, GivenSettings } from './given-settings.js';
import { valueOfText } from './option.js';
import { environmentName, OPTION_KEYS, type OptionKey, optionOf } from './options.js';

const PREFIX = 'APPIMAGE_';
/** Names the configuration file, as `--config` does. */
export const CONFIG_FILE_VARIABLE = `${PREFIX}CONFIG`;

/** Variables that Kubernetes makes for a Service called `appimage` or the like; nobody meant a setting by them. */
const SERVICE_LINK = /_(?:SERVICE_(?:HOST|PORT\w*)|PORT_\d+_(?:TCP|UDP|SCTP)\w*)$/;

/**
 * Reads the variables `APPIMAGE_*`. An empty one counts as absent. One that is no setting is not a fault, since others use the prefix as
 * well (Kubernetes, desktop AppImages), but what looks like a slip of the pen is a warning.
 */
export function readEnvironment(env: NodeJS.ProcessEnv): GivenSettings {
  const settings = new Map<OptionKey, GivenSetting>();
  for (const key of OPTION_KEYS) {
    const name = environmentName(key);
    const written = env[name];
    if (written !== undefined && written !== '') {
      settings.set(key, { value: valueOfText(optionOf(key), written), source: { kind: 'environment', name } });
    }
  }
  const known = new Set([CONFIG_FILE_VARIABLE, ...OPTION_KEYS.map(environmentName)]);
  const warnings = Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name) && !SERVICE_LINK.test(name))
    .sort()
    .flatMap((name) => {
      const guess = didYouMean(
        name.slice(PREFIX.length),
        [...known].map((candidate) => candidate.slice(PREFIX.length)),
      );
      return guess === undefined
        ? []
        : [`environment variable ${name} is not a setting and is ignored; did you mean ${PREFIX}${guess}?`];
    });
  return { settings, faults: [], warnings };
}
