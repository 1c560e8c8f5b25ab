import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { anyAppImage } from '../../../test/support/app-image-arbitraries.js';
import { documentedAppImage } from '../../../test/support/app-image-fixtures.js';
import { normaliseAppImage } from './normalise-app-image.js';

describe('normaliseAppImage', () => {
  it('makes no replicas one and leaves every other number alone', () => {
    const appImage = QueryAppImageResponseData.fromPartial({
      deployTemplates: [{ replicas: 0 }, { replicas: 3 }, { replicas: -1 }],
    });
    expect(normaliseAppImage(appImage).deployTemplates.map(({ replicas }) => replicas)).toEqual([1, 3, -1]);
  });

  it('puts config templates into the order of the bytes of their keys', () => {
    const keys = ['\u{1f600}', '\uff5e', 'b', 'a.b', 'a', 'B', ''];
    const appImage = QueryAppImageResponseData.fromPartial({ configTemplates: new Map(keys.map((key) => [key, key])) });
    expect([...normaliseAppImage(appImage).configTemplates.keys()]).toEqual([
      '',
      'B',
      'a',
      'a.b',
      'b',
      '\uff5e',
      '\u{1f600}',
    ]);
  });

  it('gives JSON objects with the same content the same text, and leaves what is none', () => {
    const appImage = QueryAppImageResponseData.fromPartial({
      deployTemplates: [
        { affinity: '{ "b": 1.0, "a": {} }', containers: [{ securityContext: '{"runAsUser":1e3}' }] },
        { affinity: '[]', containers: [{ securityContext: '{' }, {}] },
      ],
    });
    const [first, second] = normaliseAppImage(appImage).deployTemplates;
    expect([first?.affinity, first?.containers[0]?.securityContext]).toEqual(['{"a":{},"b":1}', '{"runAsUser":1000}']);
    expect([second?.affinity, second?.containers.map(({ securityContext }) => securityContext)]).toEqual([
      '[]',
      ['{', ''],
    ]);
  });

  it('gives equal bytes for equal templates, whatever the order of their keys', () => {
    fc.assert(
      fc.property(anyAppImage, (appImage) => {
        const reversed = {
          ...appImage,
          configTemplates: new Map([...appImage.configTemplates].toReversed()),
          labels: new Map([...appImage.labels].toReversed()),
          annotations: new Map([...appImage.annotations].toReversed()),
        };
        const [bytes, reversedBytes] = [appImage, reversed].map((given) =>
          QueryAppImageResponseData.encode(normaliseAppImage(given)).finish(),
        );
        expect(reversedBytes).toEqual(bytes);
      }),
    );
  });

  it('changes nothing else, not its argument, and nothing the second time', () => {
    fc.assert(
      fc.property(anyAppImage, (appImage) => {
        const before = structuredClone(appImage);
        const normal = normaliseAppImage(appImage);
        expect(appImage).toEqual(before);
        expect([...appImage.configTemplates.keys()]).toEqual([...before.configTemplates.keys()]);
        expect(normaliseAppImage(normal)).toBe(normal);
        expect({
          ...normal,
          deployTemplates: normal.deployTemplates.map((deployTemplate, index) => ({
            ...deployTemplate,
            replicas: deployTemplate.replicas === 1 ? before.deployTemplates[index]?.replicas : deployTemplate.replicas,
            affinity: before.deployTemplates[index]?.affinity,
            containers: deployTemplate.containers.map((container, containerIndex) => ({
              ...container,
              securityContext: before.deployTemplates[index]?.containers[containerIndex]?.securityContext,
            })),
          })),
        }).toEqual(before);
      }),
    );
  });

  it('costs no copy where there is nothing to do', () => {
    const appImage = documentedAppImage();
    expect(normaliseAppImage(appImage)).toBe(appImage);
  });
});
