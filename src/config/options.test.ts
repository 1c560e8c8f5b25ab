import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { COMMAND_FLAGS } from './command-line.js';
import { environmentName, flagName, isOptionKey, OPTION_KEYS, optionOf } from './options.js';

describe('the option table', () => {
  it('names flags and variables after the settings', () => {
    expect(flagName('httpPort')).toBe('http-port');
    expect(environmentName('storeUriFile')).toBe('APPIMAGE_STORE_URI_FILE');
  });

  it('has settings whose flags and variables nothing else uses', () => {
    const flags = [...OPTION_KEYS.map(flagName), ...Object.keys(COMMAND_FLAGS)];
    expect(new Set(flags).size).toBe(flags.length);
    expect(flags.filter((flag) => flag.startsWith('no-'))).toEqual([]);
    expect(OPTION_KEYS.map(environmentName)).not.toContain('APPIMAGE_CONFIG');
  });

  it.each(OPTION_KEYS)('describes %s in full sentences', (key) => {
    expect(optionOf(key).description).toMatch(/^[A-Z].*\.$/);
  });

  it.each(OPTION_KEYS)('has a good JSON schema for %s, which a start takes on trust', (key) => {
    expect(new Ajv({ strict: true }).validateSchema(optionOf(key).schema)).toBe(true);
  });

  it('has units in the names of settings', () => {
    const endings = new Map([
      ['milliseconds', 'Ms'],
      ['bytes', 'Bytes'],
    ]);
    const nameless = OPTION_KEYS.filter((key) => !key.endsWith(endings.get(optionOf(key).unit ?? '') ?? ''));
    expect(nameless).toEqual([]);
  });

  it('has derived defaults that look at plain ones only', () => {
    const asked = new Set<string>();
    for (const key of OPTION_KEYS) {
      const fallback = optionOf(key).default;
      if (fallback.kind === 'derived') {
        fallback.derive((other) => asked.add(other) && undefined);
      }
    }
    expect([...asked]).toContain('certsDir');
    expect([...asked].filter((key) => !isOptionKey(key) || optionOf(key).default.kind !== 'plain')).toEqual([]);
  });
});
