import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IMAGE_NAME, IMAGE_TAG } from './image-reference.js';

const DIGEST = `sha256:${'f'.repeat(64)}`;

describe('IMAGE_NAME', () => {
  it.each([
    'app',
    'app-image',
    'secretflow/serving-anolis8',
    'secretflow-registry.cn-hangzhou.cr.aliyuncs.com/secretflow/psi-anolis8',
    'registry.example.com:5000/team/app',
    'localhost/app',
    'localhost:5000/app',
    'Registry.Example.com/app',
    'a__b/c---d.e_f',
    'test.com',
    '192.168.1.1:5000/app',
    '[::1]:5000/app',
    '[2001:db8::1]/app',
    'x'.repeat(255),
  ])('allows %s', (name) => {
    expect(IMAGE_NAME.allows(name)).toBe(true);
  });

  it.each([
    '',
    '/app',
    'app/',
    'a//b',
    'App',
    'team/App',
    'a..b',
    'a___b',
    '-app',
    'app-',
    '_app',
    'app image',
    'app\n',
    'host:port/app',
    'host:/app',
    ':5000/app',
    'https://host/app',
    '[::1]',
    '[::1]:5000',
    '[fe80::1%eth0]:5000/app',
    'app:v1',
    'host:5000',
    `app@${DIGEST}`,
    '应用',
    'x'.repeat(256),
  ])('refuses %j', (name) => {
    expect(IMAGE_NAME.allows(name)).toBe(false);
  });

  it('says where tag and digest belong', () => {
    expect(IMAGE_NAME.explain('team/app:v1')).toBe('has the tag "v1"; put it into image.tag, and only "team/app" here');
    expect(IMAGE_NAME.explain('host:5000/app:v1')).toContain('only "host:5000/app" here');
    expect(IMAGE_NAME.explain(`app@${DIGEST}`)).toMatch(
      /^has the digest "sha256:f.*put it into image\.id, and only "app"/,
    );
    expect(IMAGE_NAME.explain(`app:v1@${DIGEST}`)).toMatch(/has the tag "v1".* has the digest/);
  });

  it('guesses what was meant', () => {
    expect(IMAGE_NAME.explain('team/App')).toContain('did you mean "team/app"?');
    expect(IMAGE_NAME.explain('https://host.io/app')).toContain('did you mean "host.io/app"?');
    expect(IMAGE_NAME.explain('a b')).not.toContain('did you mean');
  });

  it('explains every text in few words', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
        expect(IMAGE_NAME.explain(name).length).toBeLessThan(1000);
      }),
    );
  });
});

describe('IMAGE_TAG', () => {
  it.each(['', 'v1.0.0', '0.4.0.dev240517', '1.11.0b1', '_x', 'A-b_c.d', 'x'.repeat(128)])('allows %j', (tag) => {
    expect(IMAGE_TAG.allows(tag)).toBe(true);
  });

  it.each(['.v1', '-v1', 'v1+build', 'v 1', 'v1\n', ':v1', DIGEST, 'x'.repeat(129)])('refuses %j', (tag) => {
    expect(IMAGE_TAG.allows(tag)).toBe(false);
  });

  it('guesses that a leading colon was too much', () => {
    expect(IMAGE_TAG.explain(':v1')).toContain('did you mean "v1"?');
  });
});
