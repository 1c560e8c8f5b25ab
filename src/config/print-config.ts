import { stringify } from 'yaml';
import { maskUrlSecrets } from '../observability/mask-secrets.js';
import { type ConfigSources } from './check-settings.js';
import { describeSource } from './config-error.js';
import { type Config, OPTION_KEYS, optionOf } from './options.js';

/**
 * The configuration as a YAML file that can be used as one again; a comment tells where each value came from. Passwords are masked:
 * a file with a masked one is refused until the password is put back.
 * @param storeUriFile the file that `store` was read from, if it was
 */
export function printedConfig(config: Config, sources: ConfigSources, storeUriFile: string | undefined): string {
  const lines = OPTION_KEYS.map((key) => {
    const value = config[key];
    const source = describeSource(sources.get(key) ?? { kind: 'default' });
    if (value === undefined) {
      return `# ${key}: not set`;
    }
    const shown = optionOf(key).secret && typeof value === 'string' ? maskUrlSecrets(value) : value;
    const line = `${key}: ${stringify(shown, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd()} # ${source}`;
    return key === 'store' && storeUriFile !== undefined ? `# ${line}` : line;
  });
  return `${['# Settings in force, and where each came from.', ...lines].join('\n')}\n`;
}
