import { describe, expect, it } from 'vitest';
import { pathOf, unknownTarget } from './unknown-path.js';

const PATHS = new Map([
  ['/api/v1/appimage/query', 'POST'],
  ['/api/v1/appimage/batchQuery', 'POST'],
  ['/docs', 'GET, HEAD'],
]);

describe('unknownTarget', () => {
  it('names the methods that a known path takes', () => {
    const { refusal, allow } = unknownTarget('GET', '/api/v1/appimage/query?a=b', PATHS);
    expect(refusal.status).toBe(405);
    expect(refusal.message).toBe('/api/v1/appimage/query does not take "GET"; use POST');
    expect(allow).toBe('POST');
  });

  it.each([
    ['/api/v1/appimage/querry', '/api/v1/appimage/query'],
    ['/api/v1/appimage/query/', '/api/v1/appimage/query'],
    ['/API/v1/AppImage/batch-query', '/api/v1/appimage/batchQuery'],
    ['/doc', '/docs'],
  ])('guesses for %s', (target, meant) => {
    const { refusal, allow } = unknownTarget('POST', target, PATHS);
    expect(refusal.status).toBe(404);
    expect(refusal.message).toContain(`did you mean ${meant}?`);
    expect(allow).toBeUndefined();
  });

  it('points at the list of paths where nothing is near', () => {
    expect(unknownTarget('POST', '/etc/passwd', PATHS).refusal.message).toContain('GET /openapi.json has every path');
  });

  it('repeats only the beginning of a long path', () => {
    expect(unknownTarget('POST', `/${'x'.repeat(10_000)}`, PATHS).refusal.message.length).toBeLessThan(200);
  });
});

describe('pathOf', () => {
  it.each([
    ['/a?b=c', '/a'],
    ['/a#b', '/a'],
    ['http://host:1/a?b', '/a'],
    ['*', '*'],
    ['', ''],
  ])('finds the path of %j', (target, path) => {
    expect(pathOf(target)).toBe(path);
  });
});
