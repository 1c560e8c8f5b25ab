import { hash } from 'node:crypto';
import { quoteValue } from '../domain/errors.js';
import type { Principal } from './principal.js';

/** Where tokens are configured. Both may be given; the tokens of both count. */
export interface TokenFiles {
  /** Path of a file that holds one token, whose holder is admin under the name `token`. */
  readonly tokenFile: string | undefined;
  /** Path of a YAML or JSON file that lists tokens by name, SHA-256, role and expiry. */
  readonly tokensFile: string | undefined;
}

/** A token that the server accepts. */
export interface AcceptedToken {
  readonly principal: Principal;
  /** SHA-256 of the token in lower-case hexadecimal digits. */
  readonly sha256: string;
  /** In milliseconds since 1970; `Infinity` where it does not expire. */
  readonly expiresAtMs: number;
}

/** Name of the token of the single token file. */
export const SINGLE_TOKEN_NAME = 'token';
/** Name of a caller who needs no token. */
export const ANONYMOUS_NAME = 'anonymous';

/** Longer tokens are neither configured nor looked at. */
export const MAX_TOKEN_LENGTH = 4096;
const MIN_TOKEN_LENGTH = 16;
const MIN_DISTINCT_CHARACTERS = 8;
const MAKE_ONE = 'make one with: openssl rand -hex 32';

/** SHA-256 of a token as the tokens file has it. */
export function tokenDigest(token: string): string {
  return hash('sha256', token);
}

/**
 * Gives the accepted tokens of the configured files.
 * @param read gives a file's contents
 * @throws Error naming file, entry and fault; never with a token in it
 */
export type ParseTokenFiles = (read: (path: string) => Buffer) => AcceptedToken[];

/** Loads what reads the files: lists are YAML, whose library takes part of a start that has no list. */
export async function tokenFilesParser(files: TokenFiles): Promise<ParseTokenFiles> {
  const { tokenFile, tokensFile } = files;
  const parsers: ParseTokenFiles[] = [];
  if (tokenFile !== undefined) {
    parsers.push((read) => [parseSingleToken(read(tokenFile), tokenFile)]);
  }
  if (tokensFile !== undefined) {
    const { parseTokenList } = await import('./token-list.js');
    parsers.push((read) => parseTokenList(read(tokensFile), tokensFile));
  }
  return (read) =>
    withoutDuplicates(
      files,
      parsers.flatMap((parse) => parse(read)),
    );
}

function withoutDuplicates(files: TokenFiles, tokens: AcceptedToken[]): AcceptedToken[] {
  const byName = new Map<string, AcceptedToken>();
  const byDigest = new Map<string, AcceptedToken>();
  for (const token of tokens) {
    const name = token.principal.tokenName;
    if (byName.has(name)) {
      throw new Error(`${describe(files)}: two tokens have the name ${quoteValue(name)}; each needs a name of its own`);
    }
    const same = byDigest.get(token.sha256);
    if (same !== undefined) {
      const names = `${quoteValue(same.principal.tokenName)} and ${quoteValue(name)}`;
      throw new Error(`${describe(files)}: ${names} are the same token; each needs one of its own`);
    }
    byName.set(name, token);
    byDigest.set(token.sha256, token);
  }
  return tokens;
}

function describe({ tokenFile, tokensFile }: TokenFiles): string {
  return [tokenFile, tokensFile].filter((file) => file !== undefined).join(' and ');
}

function parseSingleToken(content: Buffer, path: string): AcceptedToken {
  const token = content.toString('utf8').trim();
  const fault = findWeakness(token);
  if (fault !== undefined) {
    throw new Error(`the token in ${path} ${fault}; ${MAKE_ONE}`);
  }
  return {
    principal: { tokenName: SINGLE_TOKEN_NAME, role: 'admin' },
    sha256: tokenDigest(token),
    expiresAtMs: Number.POSITIVE_INFINITY,
  };
}

/** What makes a token one that cannot be sent in a header, or can be guessed. */
function findWeakness(token: string): string | undefined {
  if (token === '') {
    return 'is empty';
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return 'must be one line of ASCII letters, digits and signs without a space';
  }
  if (token.length < MIN_TOKEN_LENGTH || token.length > MAX_TOKEN_LENGTH) {
    return `has ${token.length} characters; it must have ${MIN_TOKEN_LENGTH} to ${MAX_TOKEN_LENGTH}`;
  }
  return new Set(token).size < MIN_DISTINCT_CHARACTERS
    ? `can be guessed: it has fewer than ${MIN_DISTINCT_CHARACTERS} different characters`
    : undefined;
}
