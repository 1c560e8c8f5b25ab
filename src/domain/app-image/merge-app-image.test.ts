import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { anyAppImage, maskPath, validAppImage, validUpdate } from '../../../test/support/app-image-arbitraries.js';
import { documentedAppImage, documentedUpdate } from '../../../test/support/app-image-fixtures.js';
import type { AppImage, AppImageInfo, AppImageUpdate } from './app-image.js';
import { mergeAppImage } from './merge-app-image.js';

const current = QueryAppImageResponseData.fromPartial({
  name: 'demo',
  image: { name: 'app', tag: 'v1', id: 'id-1', sign: 'sign-1' },
  configTemplates: new Map([
    ['a.conf', 'A'],
    ['b.conf', 'B'],
  ]),
  deployTemplates: [{ name: 'first' }, { name: 'second' }],
  labels: new Map([
    ['team', 'a'],
    ['app.kubernetes.io/name', 'demo'],
  ]),
  annotations: new Map([['note', 'text']]),
});

function image(parts: Partial<AppImageInfo>): AppImageInfo {
  return { name: '', tag: '', id: '', sign: '', ...parts };
}

function merge(parts: Partial<AppImageUpdate>): AppImage {
  return mergeAppImage(current, {
    name: 'demo',
    image: undefined,
    configTemplates: undefined,
    deployTemplates: undefined,
    labels: undefined,
    annotations: undefined,
    updateMask: undefined,
    ...parts,
  });
}

describe('mergeAppImage without a mask', () => {
  it.each([
    ['keeps what is not given', { name: 'app' }, { name: 'app', tag: 'v1', id: 'id-1', sign: 'sign-1' }],
    ['clears id and sign with another tag', { name: 'app', tag: 'v2' }, { name: 'app', tag: 'v2', id: '', sign: '' }],
    ['clears id and sign with another name', { name: 'other' }, { name: 'other', tag: 'v1', id: '', sign: '' }],
    [
      'keeps them with the same tag',
      { name: 'app', tag: 'v1' },
      { name: 'app', tag: 'v1', id: 'id-1', sign: 'sign-1' },
    ],
    [
      'clears only the sign if an id is given',
      { name: 'app', tag: 'v2', id: 'id-2' },
      { name: 'app', tag: 'v2', id: 'id-2', sign: '' },
    ],
    [
      'clears only the id if a sign is given',
      { name: 'other', sign: 's-2' },
      { name: 'other', tag: 'v1', id: '', sign: 's-2' },
    ],
    [
      'keeps the sign with another id',
      { name: 'app', id: 'id-2' },
      { name: 'app', tag: 'v1', id: 'id-2', sign: 'sign-1' },
    ],
  ])('%s', (_, given, expected) => {
    expect(merge({ image: image(given) })).toEqual({ ...current, image: expected });
  });

  it('replaces config templates as a whole, and clears them for an empty map', () => {
    expect(merge({ configTemplates: new Map([['c', 'C']]) })).toEqual({
      ...current,
      configTemplates: new Map([['c', 'C']]),
    });
    expect(merge({ configTemplates: new Map() })).toEqual({ ...current, configTemplates: new Map() });
  });

  it('replaces labels and annotations as a whole, and clears them for an empty map', () => {
    const labels = new Map([['tier', 'x']]);
    expect(merge({ labels })).toEqual({ ...current, labels });
    expect(merge({ annotations: labels })).toEqual({ ...current, annotations: labels });
    expect(merge({ labels: new Map(), annotations: new Map() })).toEqual({
      ...current,
      labels: new Map(),
      annotations: new Map(),
    });
  });

  it('replaces deploy templates as a whole, and keeps them for an empty list', () => {
    const deployTemplates = QueryAppImageResponseData.fromPartial({
      deployTemplates: [{ name: 'third' }],
    }).deployTemplates;
    expect(merge({ deployTemplates })).toEqual({ ...current, deployTemplates });
    expect(merge({ deployTemplates: [] })).toEqual(current);
  });

  it('takes an empty mask for none', () => {
    expect(merge({ updateMask: [], image: image({ name: 'app', tag: 'v2' }) }).image).toEqual(
      image({ name: 'app', tag: 'v2' }),
    );
    expect(merge({ updateMask: [] })).toEqual(current);
  });

  it('makes of the documented template what the documented update says', () => {
    const { configTemplates, deployTemplates } = documentedUpdate();
    expect(mergeAppImage(documentedAppImage(), documentedUpdate())).toEqual({
      ...documentedAppImage(),
      configTemplates,
      deployTemplates,
    });
  });

  it('leaves everything as it is when nothing is given', () => {
    fc.assert(
      fc.property(anyAppImage, (stored) => {
        const nothing = {
          name: stored.name,
          image: image({}),
          configTemplates: undefined,
          deployTemplates: [],
          labels: undefined,
          annotations: undefined,
          updateMask: undefined,
        };
        const merged = mergeAppImage(stored, nothing);
        expect(merged).toEqual({ ...stored, image: stored.image ?? image({}) });
        expect(mergeAppImage(stored, { ...nothing, image: undefined })).toEqual(stored);
      }),
    );
  });
});

describe('mergeAppImage with a mask', () => {
  it.each([
    ['image.tag', { ...current, image: image({ name: 'app', tag: 'v2', id: 'id-1', sign: 'sign-1' }) }],
    ['image.id', { ...current, image: image({ name: 'app', tag: 'v1', sign: 'sign-1' }) }],
    ['image', { ...current, image: image({ name: 'app', tag: 'v2' }) }],
    [
      'config_templates.a.conf',
      { ...current, configTemplates: new Map(Object.entries({ 'a.conf': 'AA', 'b.conf': 'B' })) },
    ],
    ['config_templates.`b.conf`', { ...current, configTemplates: new Map([['a.conf', 'A']]) }],
    ['config_templates.absent', current],
    ['configTemplates', { ...current, configTemplates: new Map(Object.entries({ 'a.conf': 'AA', 'c.conf': 'C' })) }],
    ['deploy_templates', { ...current, deployTemplates: [] }],
    ['labels', { ...current, labels: new Map([['team', 'b']]) }],
    ['labels.team', { ...current, labels: new Map(Object.entries({ team: 'b', 'app.kubernetes.io/name': 'demo' })) }],
    ['labels.app.kubernetes.io/name', { ...current, labels: new Map([['team', 'a']]) }],
    ['annotations.note', { ...current, annotations: new Map() }],
    ['name', current],
  ] as const)('sets exactly %s', (path, expected) => {
    const given = {
      name: 'demo',
      image: image({ name: 'app', tag: 'v2' }),
      configTemplates: new Map(Object.entries({ 'a.conf': 'AA', 'c.conf': 'C' })),
      labels: new Map([['team', 'b']]),
    };
    expect(merge({ ...given, updateMask: [path] })).toEqual(expected);
  });

  it('sets what it names to empty where the request holds nothing', () => {
    expect(merge({ updateMask: ['image.tag', 'config_templates', 'deploy_templates'] })).toEqual({
      ...current,
      image: { ...current.image, tag: '' },
      configTemplates: new Map(),
      deployTemplates: [],
    });
    expect(merge({ updateMask: ['image'] }).image).toBeUndefined();
  });

  it('replaces everything but the name for *', () => {
    fc.assert(
      fc.property(anyAppImage, anyAppImage, (stored, given) => {
        expect(mergeAppImage(stored, { ...given, updateMask: ['*'] })).toEqual({ ...given, name: stored.name });
      }),
    );
  });

  it('does not depend on the order of the paths, nor on their number', () => {
    fc.assert(
      fc.property(anyAppImage, validUpdate, fc.array(maskPath, { minLength: 1 }), (stored, update, paths) => {
        const merged = mergeAppImage(stored, { ...update, updateMask: paths });
        expect(mergeAppImage(stored, { ...update, updateMask: [...paths, ...paths].toReversed() })).toEqual(merged);
      }),
    );
  });
});

describe('mergeAppImage', () => {
  const update = fc
    .tuple(validUpdate, fc.option(fc.array(maskPath, { minLength: 1 }), { nil: undefined }))
    .map(([parts, updateMask]) => ({ ...parts, updateMask }));

  it('does nothing the second time', () => {
    fc.assert(
      fc.property(validAppImage, update, (stored, given) => {
        const merged = mergeAppImage(stored, given);
        expect(mergeAppImage(merged, given)).toEqual(merged);
      }),
    );
  });

  it('keeps the name and changes neither argument', () => {
    fc.assert(
      fc.property(anyAppImage, update, (stored, given) => {
        const before = structuredClone({ stored, given });
        expect(mergeAppImage(stored, given).name).toBe(stored.name);
        expect({ stored, given }).toEqual(before);
      }),
    );
  });
});
