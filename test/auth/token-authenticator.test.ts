import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openAuthenticator } from '../../src/auth/open-authenticator.js';
import { TokenAuthenticator, type TokenAuthenticatorOptions } from '../../src/auth/token-authenticator.js';
import { tokenDigest } from '../../src/auth/token-files.js';
import { AppImageError } from '../../src/domain/errors.js';
import type { ReloadObserver } from '../../src/file-watch/reload-observer.js';

const TOKEN = 'S3cretTokenOfTests-0123456789';

let directory: string;
let tokenFile: string;
let tokensFile: string;
let logged: string;
const reloaded = vi.fn<ReloadObserver['reloaded']>();
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'appimage-tokens-'));
  tokenFile = join(directory, 'token');
  tokensFile = join(directory, 'tokens.yaml');
  logged = '';
  reloaded.mockReset();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (resource) => resource[Symbol.asyncDispose]()));
  await rm(directory, { recursive: true });
});

function options(files: Partial<TokenAuthenticatorOptions['files']>, requestsPerSecond = 0): TokenAuthenticatorOptions {
  return {
    files: { tokenFile: undefined, tokensFile: undefined, ...files },
    pollIntervalMs: 3_600_000,
    requestsPerSecond,
    log: pino({ level: 'trace' }, { write: (line: string) => (logged += line) }),
    observer: { reloaded },
  };
}

async function load(
  files: Partial<TokenAuthenticatorOptions['files']>,
  requestsPerSecond = 0,
): Promise<TokenAuthenticator> {
  const authenticator = await TokenAuthenticator.load(options(files, requestsPerSecond));
  open.push(authenticator);
  return authenticator;
}

async function writeTokens(
  ...tokens: { name: string; token: string; role: string; expires?: string }[]
): Promise<void> {
  await writeFile(
    tokensFile,
    JSON.stringify(tokens.map(({ token, ...rest }) => ({ ...rest, sha256: tokenDigest(token) }))),
  );
}

function refusal(run: () => unknown): AppImageError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppImageError) {
      return error;
    }
    throw error;
  }
  throw new Error('expected to be refused');
}

describe('TokenAuthenticator', () => {
  it('lets the holder of the single token do everything', async () => {
    await writeFile(tokenFile, `${TOKEN}\n`);
    const authenticator = await load({ tokenFile });
    expect(authenticator.authenticate(TOKEN)).toEqual({ tokenName: 'token', role: 'admin' });
  });

  it('finds each token of a list with its role', async () => {
    await writeTokens({ name: 'reader', token: 'r', role: 'viewer' }, { name: 'writer', token: 'w', role: 'editor' });
    const authenticator = await load({ tokensFile });
    expect(authenticator.authenticate('r')).toEqual({ tokenName: 'reader', role: 'viewer' });
    expect(authenticator.authenticate('w')).toEqual({ tokenName: 'writer', role: 'editor' });
  });

  it('has other words for no token, a wrong one, an expired one and one that is too long', async () => {
    await writeTokens({ name: 'ci-old', token: TOKEN, role: 'editor', expires: '2020-02-03T04:05:06Z' });
    const authenticator = await load({ tokensFile });
    const words = (token: string | undefined): string => refusal(() => authenticator.authenticate(token)).message;
    expect(words(undefined)).toMatch(/^no token was sent; send it in the header Token .*or as Authorization: Bearer$/);
    expect(words('')).toBe(words(undefined));
    expect(words('wrong')).toMatch(/^the token is none of those that this server accepts/);
    expect(words(TOKEN)).toBe('the token ci-old expired at 2020-02-03T04:05:06.000Z; use a newer one');
    expect(words('x'.repeat(1_000_000))).toBe('the token has 1000000 characters; none has more than 4096');
  });

  it('refuses with AUTH_FAILED, code 11102', async () => {
    await writeFile(tokenFile, TOKEN);
    const authenticator = await load({ tokenFile });
    expect(refusal(() => authenticator.authenticate('wrong'))).toMatchObject({ reason: 'AUTH_FAILED', code: 11102 });
  });

  it('accepts a token until the moment it expires', async () => {
    const expires = new Date(Date.now() + 60_000);
    await writeTokens({ name: 'ci', token: TOKEN, role: 'editor', expires: expires.toISOString() });
    const authenticator = await load({ tokensFile });
    vi.useFakeTimers({ toFake: ['Date'], now: expires.getTime() - 1 });
    try {
      expect(authenticator.authenticate(TOKEN).tokenName).toBe('ci');
      vi.setSystemTime(expires);
      expect(refusal(() => authenticator.authenticate(TOKEN)).message).toContain('expired at');
    } finally {
      vi.useRealTimers();
    }
  });

  it('refuses whatever else is sent, unicode and all, and repeats none of it', async () => {
    await writeFile(tokenFile, TOKEN);
    const authenticator = await load({ tokenFile });
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 12, maxLength: 5000 }), (token) => {
        const { reason, message } = refusal(() => authenticator.authenticate(token));
        expect(reason).toBe('AUTH_FAILED');
        expect(message).not.toContain(token);
      }),
    );
    for (const near of [
      `${TOKEN} `,
      ` ${TOKEN}`,
      TOKEN.slice(0, -1),
      TOKEN.toLowerCase(),
      `${TOKEN}\u0000`,
      `Bearer ${TOKEN}`,
    ]) {
      expect(refusal(() => authenticator.authenticate(near)).reason).toBe('AUTH_FAILED');
    }
  });

  it('lets two tokens overlap in a rotation, and follows the file without a restart', async () => {
    await writeTokens({ name: 'ci-1', token: 'one', role: 'editor' });
    const authenticator = await load({ tokensFile });
    await writeTokens({ name: 'ci-1', token: 'one', role: 'editor' }, { name: 'ci-2', token: 'two', role: 'editor' });
    await authenticator.reloadNow();
    expect([authenticator.authenticate('one').tokenName, authenticator.authenticate('two').tokenName]).toEqual([
      'ci-1',
      'ci-2',
    ]);
    await writeTokens({ name: 'ci-2', token: 'two', role: 'viewer' });
    await authenticator.reloadNow();
    expect(refusal(() => authenticator.authenticate('one')).reason).toBe('AUTH_FAILED');
    expect(authenticator.authenticate('two').role).toBe('viewer');
    expect(reloaded.mock.calls).toEqual([
      ['tokens', true],
      ['tokens', true],
      ['tokens', true],
    ]);
  });

  it('keeps the tokens in use when the new file is broken or gone, and takes the next good one', async () => {
    await writeFile(tokenFile, TOKEN);
    const authenticator = await load({ tokenFile });
    await writeFile(tokenFile, '');
    await authenticator.reloadNow();
    expect(authenticator.authenticate(TOKEN).role).toBe('admin');
    await rename(tokenFile, `${tokenFile}.away`);
    await authenticator.reloadNow();
    expect(authenticator.authenticate(TOKEN).role).toBe('admin');
    expect(reloaded.mock.calls.slice(1)).toEqual([
      ['tokens', false],
      ['tokens', false],
    ]);
    expect(logged).toContain('is empty');
    expect(logged).toContain('there is no such file');
    await writeFile(tokenFile, 'Another-token-9876543210');
    await authenticator.reloadNow();
    expect(authenticator.authenticate('Another-token-9876543210').role).toBe('admin');
    expect(refusal(() => authenticator.authenticate(TOKEN)).reason).toBe('AUTH_FAILED');
  });

  it('never logs a token', async () => {
    await writeFile(tokenFile, TOKEN);
    const authenticator = await load({ tokenFile });
    await writeFile(tokenFile, `${TOKEN} ${TOKEN}`);
    await authenticator.reloadNow();
    expect(logged).toContain('broken');
    expect(logged).not.toContain(TOKEN);
    expect(logged).not.toContain(tokenDigest(TOKEN));
  });

  it.each([
    ['is missing', undefined, /cannot read .*token: there is no such file/],
    ['is weak', '123', /has 3 characters/],
  ])('does not start where the file %s', async (_title, content, message) => {
    if (content !== undefined) {
      await writeFile(tokenFile, content);
    }
    await expect(load({ tokenFile })).rejects.toThrow(message);
  });

  it('limits each token on its own, also across a reload', async () => {
    await writeTokens({ name: 'a', token: 'a', role: 'viewer' }, { name: 'b', token: 'b', role: 'viewer' });
    const authenticator = await load({ tokensFile }, 0.001);
    authenticator.authenticate('a');
    const { reason, message } = refusal(() => authenticator.authenticate('a'));
    expect(reason).toBe('RATE_LIMITED');
    expect(message).toMatch(/^a sends more than 0\.001 requests a second; retry in \d+ ms$/);
    expect(authenticator.authenticate('b').tokenName).toBe('b');
    await writeTokens({ name: 'a', token: 'a2', role: 'viewer' });
    await authenticator.reloadNow();
    expect(refusal(() => authenticator.authenticate('a2')).reason).toBe('RATE_LIMITED');
  });

  it('does not let wrong tokens use up the limit of a right one', async () => {
    await writeFile(tokenFile, TOKEN);
    const authenticator = await load({ tokenFile }, 0.001);
    for (let i = 0; i < 10; i++) {
      expect(refusal(() => authenticator.authenticate('wrong')).reason).toBe('AUTH_FAILED');
    }
    expect(authenticator.authenticate(TOKEN).role).toBe('admin');
  });
});

describe('openAuthenticator', () => {
  it.each(['MTLS', 'TLS'] as const)('requires a token under %s', async (protocol) => {
    await expect(openAuthenticator(protocol, options({}))).rejects.toThrow(
      `${protocol} requires a token from every caller`,
    );
    await writeFile(tokenFile, TOKEN);
    const authenticator = await openAuthenticator(protocol, options({ tokenFile }));
    open.push(authenticator);
    expect(refusal(() => authenticator.authenticate(undefined)).reason).toBe('AUTH_FAILED');
  });

  it('needs no token under NOTLS, unless token files are configured', async () => {
    const anonymous = await openAuthenticator('NOTLS', options({}));
    expect(anonymous.authenticate(undefined)).toEqual({ tokenName: 'anonymous', role: 'admin' });
    expect(logged).toContain('everybody who reaches the ports may do everything');
    await writeFile(tokenFile, TOKEN);
    const withToken = await openAuthenticator('NOTLS', options({ tokenFile }));
    open.push(withToken);
    expect(refusal(() => withToken.authenticate(undefined)).reason).toBe('AUTH_FAILED');
    expect(withToken.authenticate(TOKEN).tokenName).toBe('token');
  });

  it('limits anonymous callers together', async () => {
    const anonymous = await openAuthenticator('NOTLS', options({}, 0.001));
    anonymous.authenticate(undefined);
    expect(refusal(() => anonymous.authenticate(undefined)).reason).toBe('RATE_LIMITED');
  });
});
