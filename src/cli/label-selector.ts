import { Option } from 'commander';
import { CliError } from './cli-error.js';

/** Whether a template with these labels is meant. */
export type LabelSelector = (labels: ReadonlyMap<string, string>) => boolean;

export function selectorOption(description: string): Option {
  return new Option('-l, --selector <labels>', `${description}: app=psi, app!=psi, app, !app, several with commas`);
}

const REQUIREMENT = /^(!?)([\w./-]+)(?:(==?|!=)([\w.-]*))?$/;

/**
 * Reads a selector as kubectl takes it: requirements of equality and presence, all of which must hold.
 * @throws CliError USAGE
 */
export function parseSelector(text: string): LabelSelector {
  const requirements = text.split(',').map((part) => {
    const [match, not, key = '', operator, value = ''] = REQUIREMENT.exec(part.trim()) ?? [];
    if (match === undefined || (not === '!' && operator !== undefined)) {
      throw new CliError('USAGE', `--selector: "${part.trim()}" is no requirement`, {
        hint: 'write key=value, key!=value, key or !key, several with commas',
      });
    }
    return (labels: ReadonlyMap<string, string>): boolean => {
      if (operator === undefined) {
        return labels.has(key) === (not === '');
      }
      return (labels.get(key) === value) === (operator !== '!=');
    };
  });
  return (labels) => requirements.every((holds) => holds(labels));
}
