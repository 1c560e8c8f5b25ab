import { CliError } from './cli-error.js';

/** A revision as the API names it: by number, or by tag. */
export interface RevisionArgument {
  readonly revision: bigint;
  readonly tag: string;
}

/**
 * Reads a number or a tag; nothing is the newest revision. What has only digits is a number, though a tag could have that form.
 * @throws CliError USAGE
 */
export function readRevision(text: string | undefined): RevisionArgument {
  if (text === undefined) {
    return { revision: 0n, tag: '' };
  }
  return /^[0-9]+$/.test(text) ? { revision: readNumber(text), tag: '' } : { revision: 0n, tag: text };
}

function readNumber(text: string): bigint {
  const revision = BigInt(text);
  if (revision < 1n || revision > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new CliError('USAGE', `${text} is no revision; they are numbered 1, 2, ...`);
  }
  return revision;
}

/**
 * Reads the number of a condition such as `--if-revision`; 0 for what must not exist.
 * @throws CliError USAGE
 */
export function readIfRevision(text: string | undefined): bigint | undefined {
  if (text === undefined) {
    return undefined;
  }
  if (!/^[0-9]{1,15}$/.test(text)) {
    throw new CliError('USAGE', `--if-revision: "${text}" is no revision`, {
      hint: 'give its number; 0 for what must not exist yet',
    });
  }
  return BigInt(text);
}
