import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appImage, withContainer, withDeployTemplate } from '../../../test/support/app-image-builders.js';
import { appImagePair } from '../../../test/support/app-image-pairs.js';
import { diffAppImages } from '../diff/diff-app-images.js';
import type { AppImage } from './app-image.js';
import { normaliseAppImage } from './normalise-app-image.js';
import { sameContent } from './same-content.js';

const resources = (cpu: string, memory = '') => withContainer({ resources: { limits: { cpu, memory } } });

describe('templates mean the same', () => {
  it.each<[string, AppImage, AppImage]>([
    ['in another order of map keys', configFiles(['a', '1'], ['b', '2']), configFiles(['b', '2'], ['a', '1'])],
    ['with a quantity spelled otherwise', resources('1000m', '1Gi'), resources('1', '1024Mi')],
    ['with replicas 0 for 1', withDeployTemplate({ replicas: 0 }), withDeployTemplate({ replicas: 1 })],
    [
      'with JSON spelled otherwise',
      withDeployTemplate({ affinity: '{"a":1,"b":[]}' }),
      withDeployTemplate({ affinity: '{ "b": [], "a": 1.0 }' }),
    ],
    ['with empty resources for none', withContainer({ resources: { limits: {} } }), withContainer({})],
    ['with an empty image for none', { ...appImage({}), image: undefined }, appImage({ image: {} })],
  ])('%s', (_, a, b) => {
    expect(sameContent(a, b)).toBe(true);
    expect(sameContent(b, a)).toBe(true);
  });

  it('after they were put into the form in which they are stored', () => {
    fc.assert(
      fc.property(appImagePair, ([template]) => {
        expect(sameContent(template, normaliseAppImage(structuredClone(template)))).toBe(true);
      }),
    );
  });
});

describe('templates differ', () => {
  it.each<[string, AppImage, AppImage]>([
    ['by a config template', configFiles(['a', '1']), configFiles(['a', '2'])],
    ['by the key of a config template', configFiles(['a', '1']), configFiles(['b', '1'])],
    ['by a label', appImage({ labels: new Map([['a', '1']]) }), appImage({})],
    ['by a quantity', resources('1'), resources('2')],
    ['by what only looks like a quantity', resources('one'), resources('1')],
    ['by replicas', withDeployTemplate({ replicas: 1 }), withDeployTemplate({ replicas: 2 })],
    ['by the order of arguments', withContainer({ args: ['a', 'b'] }), withContainer({ args: ['b', 'a'] })],
    [
      'by the order of variables',
      withContainer({ env: [{ name: 'A' }, { name: 'B' }] }),
      withContainer({ env: [{ name: 'B' }, { name: 'A' }] }),
    ],
    ['by a value in JSON', withDeployTemplate({ affinity: '{"a":1}' }), withDeployTemplate({ affinity: '{"a":2}' })],
    [
      'by an integer in JSON that doubles cannot tell from another',
      withDeployTemplate({ affinity: '{"a":9007199254740993}' }),
      withDeployTemplate({ affinity: '{"a":9007199254740992}' }),
    ],
    [
      'by an empty network policy for none',
      withDeployTemplate({ networkPolicy: { ingresses: [] } }),
      withDeployTemplate({}),
    ],
    [
      'by 64-bit numbers',
      withContainer({ livenessProbe: { terminationGracePeriodSeconds: 9007199254740993n } }),
      withContainer({ livenessProbe: { terminationGracePeriodSeconds: 9007199254740992n } }),
    ],
  ])('%s', (_, a, b) => {
    expect(sameContent(a, b)).toBe(false);
    expect(sameContent(b, a)).toBe(false);
  });

  it('exactly where the diff shows more than spellings', () => {
    fc.assert(
      fc.property(appImagePair, ([a, b]) => {
        const onlySpellings = diffAppImages(a, b).entries.every(
          (entry) => entry.class === 'COSMETIC' && entry.kind === 'CHANGED' && entry.path.includes('.resources.'),
        );
        expect(sameContent(a, b)).toBe(onlySpellings);
      }),
      { numRuns: 300 },
    );
  });
});

function configFiles(...files: [string, string][]): AppImage {
  return appImage({ configTemplates: new Map(files) });
}
