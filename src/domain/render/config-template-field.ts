import { quoteValue } from '../errors.js';

/** Far above what a valid key may have, in UTF-16 code units. */
const LONGEST_KEY = 512;

/** The path of a configuration template, whole so that programs can follow it, unless the key is absurdly long. */
export function configTemplateField(key: string): string {
  return `config_templates[${key.length <= LONGEST_KEY ? JSON.stringify(key) : quoteValue(key)}]`;
}
