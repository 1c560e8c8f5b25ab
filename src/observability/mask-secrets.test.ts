import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskSecretFields, maskUrlSecrets } from './mask-secrets.js';

describe('masking fields', () => {
  it('masks whatever has a secret name, in any case and depth', () => {
    const fields = {
      token: 'a',
      headers: { Authorization: 'Bearer a', 'X-Api-Key': 'a', 'set-cookie': ['a'], host: 'h' },
      list: [{ clientSecret: 'a', name: 'n' }],
    };
    expect(maskSecretFields(fields)).toEqual({
      token: '***',
      headers: { Authorization: '***', 'X-Api-Key': '***', 'set-cookie': '***', host: 'h' },
      list: [{ clientSecret: '***', name: 'n' }],
    });
    expect(fields.token).toBe('a');
  });

  it('leaves names that only resemble one, and hands fields without a secret back as they are', () => {
    const fields = { tokenName: 'ci', secretRef: 'x', absent: undefined, nested: { list: [1, 'a', null] } };
    expect(maskSecretFields(fields)).toBe(fields);
  });

  it('keeps errors and dates as they are', () => {
    const fields = { err: Object.assign(new Error('x'), { token: 'a' }), at: new Date(0) };
    expect(maskSecretFields(fields)).toBe(fields);
  });

  it('ends on fields that contain themselves', () => {
    const fields: Record<string, unknown> = { name: 'n' };
    fields['self'] = fields;
    expect(maskSecretFields(fields)['name']).toBe('n');
  });
});

describe('masking URLs', () => {
  it.each([
    ['mongodb://app:hunter2@a,b/db?x=y', 'mongodb://app:***@a,b/db?x=y'],
    ['mongodb+srv://app:p@ss:hunter2@a/db', 'mongodb+srv://app:***@a/db'],
    ['cannot reach https://:hunter2@h/ now', 'cannot reach https://:***@h/ now'],
    ['mongodb://a/?tlsCertificateKeyFilePassword=hunter2&x=y', 'mongodb://a/?tlsCertificateKeyFilePassword=***&x=y'],
    ['mongodb://a/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2', 'mongodb://a/?authMechanismProperties=***'],
  ])('masks %s', (text, masked) => {
    expect(maskUrlSecrets(text)).toBe(masked);
  });

  it.each(['mongodb://app@a:27017/db', 'https://localhost:8082/path?name=a', 'no URL: a@b', 'http://h/?tokenName=a'])(
    'leaves %s as it is',
    (text) => {
      expect(maskUrlSecrets(text)).toBe(text);
    },
  );

  it('never shows a password, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^\s"]{1,60}$/), (password) => {
        expect(maskUrlSecrets(`mongodb://app:${password}@db.example/x`)).toMatch(/^mongodb:\/\/app:\*\*\*@/);
        expect(maskUrlSecrets(`mongodb://app:${password}QQQ@db.example/x`)).not.toContain('QQQ');
      }),
    );
  });
});
