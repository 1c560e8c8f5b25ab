import { describe, expect, it } from 'vitest';
import { type AcceptedToken, tokenDigest, tokenFilesParser } from './token-files.js';

const SECRET = 'S3cretTokenOfTests-0123456789';

const singleParser = await tokenFilesParser({ tokenFile: 'certs/token', tokensFile: undefined });
const listParser = await tokenFilesParser({ tokenFile: undefined, tokensFile: 'tokens.yaml' });

function parseSingle(content: string): AcceptedToken[] {
  return singleParser(() => Buffer.from(content));
}

function parseList(content: string): AcceptedToken[] {
  return listParser(() => Buffer.from(content));
}

function entry(fields: Record<string, unknown>): string {
  return JSON.stringify([{ name: 'ci', sha256: tokenDigest(SECRET), role: 'editor', ...fields }]);
}

describe('the single token file', () => {
  it.each(['', '\n', '\r\n'])('holds the token of an admin, ended by %j', (ending) => {
    expect(parseSingle(SECRET + ending)).toEqual([
      {
        principal: { tokenName: 'token', role: 'admin' },
        sha256: tokenDigest(SECRET),
        expiresAtMs: Number.POSITIVE_INFINITY,
      },
    ]);
  });

  it.each([
    ['', /certs\/token is empty; make one with/],
    ['  \n', /is empty/],
    ['short', /has 5 characters; it must have 16 to 4096/],
    ['x'.repeat(64), /can be guessed/],
    ['x1y2z3w4a5'.repeat(500), /has 5000 characters/],
    ['two tokens in one file 123', /one line of ASCII/],
    ['first-token-012345\nsecond-token-012345', /one line of ASCII/],
    ['tökén-mit-umlauten-012345', /one line of ASCII/],
    ['\u0000\u0001binary-binary-0123456', /one line of ASCII/],
  ])('is refused where it holds %j', (content, message) => {
    expect(() => parseSingle(content)).toThrow(message);
  });

  it('is not quoted in an error', () => {
    const content = 'first-token-012345\nsecond-token-012345';
    expect(() => parseSingle(content)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('first') }),
    );
  });
});

describe('the tokens file', () => {
  it('lists tokens as YAML', () => {
    const yaml = `
# two tokens of one pipeline, while it is being changed over
- { name: ci-2026, sha256: ${tokenDigest('old')}, role: editor, expires: 2026-12-31T23:59:59Z }
- name: ci-2027
  sha256: ${tokenDigest('new').toUpperCase()}
  role: viewer
`;
    expect(parseList(yaml)).toEqual([
      {
        principal: { tokenName: 'ci-2026', role: 'editor' },
        sha256: tokenDigest('old'),
        expiresAtMs: Date.UTC(2026, 11, 31, 23, 59, 59),
      },
      {
        principal: { tokenName: 'ci-2027', role: 'viewer' },
        sha256: tokenDigest('new'),
        expiresAtMs: Number.POSITIVE_INFINITY,
      },
    ]);
  });

  it('lists tokens as JSON, with an expiry in any time zone', () => {
    const [token] = parseList(entry({ expires: '2027-01-01T01:00:00.5+01:00' }));
    expect(token?.expiresAtMs).toBe(Date.UTC(2027, 0, 1, 0, 0, 0, 500));
  });

  it('takes values that YAML would read as numbers as what they are', () => {
    const digits = '1'.repeat(64);
    expect(parseList(`[{name: 2027, sha256: ${digits}, role: admin}]`)).toMatchObject([
      { principal: { tokenName: '2027' }, sha256: digits },
    ]);
  });

  it.each([
    [entry({ role: 'root' }), 'tokens.yaml: entry 1 ("ci"): role must be one of viewer, editor, admin; it is "root"'],
    [entry({ sha256: SECRET }), 'entry 1 ("ci"): sha256 must be the SHA-256 of the token, 64 hexadecimal digits'],
    [entry({ expires: 'tomorrow' }), 'entry 1 ("ci"): expires must be a time as RFC 3339 has it'],
    [entry({ expires: '2027-13-01T00:00:00Z' }), 'entry "ci": expires must be a time as RFC 3339 has it'],
    [entry({ name: 'a b' }), 'entry 1 ("a b"): name must be 1 to 64 letters'],
    [entry({ name: 'anonymous' }), 'not be anonymous'],
    [entry({ token: SECRET }), 'entry 1 ("ci"): there is no field "token"; the fields are name, sha256, role, expires'],
    [entry({ role: undefined }), 'entry 1 ("ci"): role is missing; it must be one of'],
    ['- just a string', 'entry 1: must have name, sha256 and role'],
    ['[]', 'must be a list with at least one entry'],
    ['', 'must be a list with at least one entry'],
    ['{}', 'must be a list'],
    [`- {name: a\n- b: [`, 'tokens.yaml is neither YAML nor JSON: see line 2, column'],
    ['*alias', 'is neither YAML nor JSON'],
  ])('refuses %s', (content, message) => {
    expect(() => parseList(content)).toThrow(message);
  });

  it('names every entry that is at fault', () => {
    const list = JSON.stringify([
      { name: 'a', sha256: 'x', role: 'viewer' },
      { name: 'b', sha256: tokenDigest('b'), role: 'x' },
    ]);
    expect(() => parseList(list)).toThrow(/entry 1 \("a"\): sha256 .*; entry 2 \("b"\): role /);
  });

  it('does not quote what may be a token', () => {
    for (const content of [entry({ sha256: SECRET }), entry({ token: SECRET }), SECRET, `*${SECRET}`, `[${SECRET}`]) {
      expect(errorOf(() => parseList(content))).not.toContain(SECRET);
    }
  });

  it('refuses two entries of one name, and one token under two names', () => {
    const one = { name: 'one', sha256: tokenDigest('1'), role: 'viewer' };
    expect(() => parseList(JSON.stringify([one, { ...one, sha256: tokenDigest('2') }]))).toThrow(
      'tokens.yaml: two tokens have the name "one"',
    );
    expect(() => parseList(JSON.stringify([one, { ...one, name: 'two' }]))).toThrow(
      '"one" and "two" are the same token',
    );
  });

  it('counts together with the single token file', async () => {
    const parse = await tokenFilesParser({ tokenFile: 'token', tokensFile: 'tokens.yaml' });
    const read = (list: string) => (path: string) => Buffer.from(path === 'token' ? SECRET : list);
    const other = { name: 'ci', sha256: tokenDigest('x'), role: 'viewer' };
    expect(parse(read(JSON.stringify([other]))).map(({ principal }) => principal.tokenName)).toEqual(['token', 'ci']);
    expect(() => parse(read(JSON.stringify([{ ...other, name: 'token' }])))).toThrow(
      'token and tokens.yaml: two tokens have the name "token"',
    );
  });
});

function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof Error ? `${error.message} ${String(error.cause)}` : '';
  }
  throw new Error('expected an error');
}
