import { didYouMean } from '../did-you-mean.js';
import { quoteValue } from '../errors.js';

/** What the text of a field may be. */
export interface TextRule {
  /** Costs time in proportion to the length of the text at most, also for hostile ones. */
  allows(value: string): boolean;
  /** What is wrong with a text that is not allowed, and what is right; continues a sentence that starts with the text. */
  explain(value: string): string;
}

const LONGEST_LABEL = 63;
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** RFC 1123 label: the form of every name that ends up in a host name. */
export const DNS_LABEL: TextRule = {
  allows: (value) => value.length <= LONGEST_LABEL && LABEL.test(value),
  explain: (value) =>
    `is not an RFC 1123 label; use 1 to ${LONGEST_LABEL} of a-z, 0-9 and "-", the first and last a letter or digit${suggest(labelLike(value))}`,
};

export const NOT_EMPTY: TextRule = {
  allows: (value) => value !== '',
  explain: () => 'is empty; a value is required',
};

/** A rule that allows these words and the empty text. */
export function emptyOrOneOf(...words: readonly string[]): TextRule {
  const allowed: ReadonlySet<string> = new Set(['', ...words]);
  return {
    allows: (value) => allowed.has(value),
    explain: (value) =>
      `is not allowed; use ${words.join(', ')}, or leave it empty${suggest(didYouMean(value, words))}`,
  };
}

/** The end of an explanation that guesses what was meant; nothing where there is no guess. */
export function suggest(guess: string | undefined): string {
  return guess === undefined ? '' : `; did you mean ${quoteValue(guess)}?`;
}

function labelLike(value: string): string | undefined {
  if (value.length > LONGEST_LABEL) {
    return undefined;
  }
  const label = value
    .trim()
    .toLowerCase()
    .replaceAll(/[_. ]/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return DNS_LABEL.allows(label) ? label : undefined;
}
