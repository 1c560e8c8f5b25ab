import { readFileSync } from 'node:fs';
import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { didYouMean } from '../domain/did-you-mean.js';
import { quoteValue } from '../domain/errors.js';
import type { ConfigFault } from './config-error.js';
import type { GivenSetting, GivenSettings } from './given-settings.js';
import { isOptionKey, OPTION_KEYS, type OptionKey } from './options.js';

/** Reads the settings of a YAML file. Every fault names its line. */
export function readConfigFile(path: string): GivenSettings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      settings: new Map(),
      warnings: [],
      faults: [{ setting: undefined, message: `the configuration file cannot be read: ${reason}` }],
    };
  }
  return parseConfigFile(text, path);
}

/** Reads the settings of a YAML text; `path` is only named in messages. */
export function parseConfigFile(text: string, path: string): GivenSettings {
  const settings = new Map<OptionKey, GivenSetting>();
  const lineCounter = new LineCounter();
  // Pretty errors would repeat the line they are in, which may hold a password.
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const lineAt = (offset: number | undefined): number => lineCounter.linePos(offset ?? 0).line;

  const faults: ConfigFault[] = [...document.errors, ...document.warnings].map((error) => ({
    setting: undefined,
    message: `${path}:${lineAt(error.pos[0])} is not good YAML: ${error.message}`,
  }));
  const contents: unknown = document.contents;
  if (faults.length > 0 || contents === null || (isScalar(contents) && contents.value === null)) {
    return { settings, faults, warnings: [] };
  }
  if (!isMap(contents)) {
    const message = `${path}:1 must hold settings, one a line, such as "httpPort: 8082"`;
    return { settings, faults: [{ setting: undefined, message }], warnings: [] };
  }
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : String(key);
    const line = lineAt(isNode(key) ? key.range?.[0] : undefined);
    if (isOptionKey(name)) {
      settings.set(name, { value: isNode(value) ? value.toJS(document) : null, source: { kind: 'file', path, line } });
    } else {
      const guess = didYouMean(name, OPTION_KEYS);
      const hint = guess === undefined ? 'see --help for the settings' : `did you mean ${guess}?`;
      faults.push({
        setting: undefined,
        message: `${path}:${line} has the unknown setting ${quoteValue(name)}; ${hint}`,
      });
    }
  }
  return { settings, faults, warnings: [] };
}
