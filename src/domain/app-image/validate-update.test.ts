import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anyAppImage,
  maskPath,
  text,
  validAppImage,
  validUpdate,
} from '../../../test/support/app-image-arbitraries.js';
import { appImage, withContainer } from '../../../test/support/app-image-builders.js';
import { documentedUpdate } from '../../../test/support/app-image-fixtures.js';
import type { AppImageUpdate } from './app-image.js';
import { mergeAppImage } from './merge-app-image.js';
import { validateAppImage, validateUpdate } from './validate-app-image.js';
import { MAX_VIOLATIONS } from './violations.js';

const LIMITS = { maxTemplateBytes: 1024 * 1024 };
const CONTAINER = 'deploy_templates[0].containers[0]';

function update(parts: Partial<AppImageUpdate>): AppImageUpdate {
  return {
    name: 'demo',
    image: appImage({}).image,
    configTemplates: undefined,
    deployTemplates: undefined,
    labels: undefined,
    annotations: undefined,
    updateMask: undefined,
    ...parts,
  };
}

function faultyFields(parts: Partial<AppImageUpdate>, limits = LIMITS): string[] {
  return validateUpdate(update(parts), limits).map(({ field }) => field);
}

describe('validateUpdate', () => {
  const faultyParts = {
    image: { name: '', tag: '.', id: '', sign: '' },
    configTemplates: new Map([['a/b', '']]),
    deployTemplates: withContainer({ name: '' }).deployTemplates,
  };

  it('gives every fault of the parts that are given', () => {
    expect(faultyFields({ name: 'A', ...faultyParts })).toEqual([
      'name',
      'image.name',
      'image.tag',
      'config_templates["a/b"]',
      `${CONTAINER}.name`,
    ]);
  });

  it('accepts the update of the API document', () => {
    expect(validateUpdate(documentedUpdate(), LIMITS)).toEqual([]);
  });

  it('counts the size of what would be stored, which has no white space in JSON', () => {
    const affinity = `{${' '.repeat(60_000)}}`;
    const deployTemplates = Array.from({ length: 18 }, (_, index) => ({
      ...withContainer({}).deployTemplates[0],
      name: `d${index}`,
      affinity,
    })) as AppImageUpdate['deployTemplates'];
    expect(faultyFields({ deployTemplates })).toEqual([]);
    const configTemplates = new Map([['large.conf', ' '.repeat(LIMITS.maxTemplateBytes)]]);
    expect(faultyFields({ configTemplates })).toEqual(['']);
  });

  it('asks for the image and its name, unless the mask leaves it out', () => {
    expect(faultyFields({ image: undefined })).toEqual(['image']);
    expect(faultyFields({ image: undefined, updateMask: [] })).toEqual(['image']);
    expect(faultyFields({ image: undefined, updateMask: ['image'] })).toEqual(['image']);
    expect(faultyFields({ image: undefined, updateMask: ['image.name'] })).toEqual(['image.name']);
    expect(faultyFields({ image: undefined, updateMask: ['*'] })).toEqual(['image', 'deploy_templates']);
    expect(faultyFields({ image: undefined, updateMask: ['image.tag', 'config_templates'] })).toEqual([]);
  });

  it('accepts parts that are absent or empty, which change nothing', () => {
    expect(faultyFields({ configTemplates: new Map(), deployTemplates: [] })).toEqual([]);
  });

  it('looks only at what the mask names', () => {
    expect(faultyFields({ ...faultyParts, updateMask: ['name', 'image.id', 'config_templates.a'] })).toEqual([]);
    expect(faultyFields({ ...faultyParts, updateMask: ['image.tag'] })).toEqual(['image.tag']);
    expect(faultyFields({ ...faultyParts, updateMask: ['configTemplates'] })).toEqual(['config_templates["a/b"]']);
    expect(faultyFields({ ...faultyParts, updateMask: ['config_templates.a/b'] })).toEqual(['config_templates["a/b"]']);
    expect(faultyFields({ ...faultyParts, updateMask: ['deployTemplates'] })).toEqual([`${CONTAINER}.name`]);
  });

  it('checks labels and annotations that are given, whole and by keys', () => {
    const labels = new Map([
      ['-a', ''],
      ['b', '?'],
    ]);
    const annotations = new Map([['c c', '']]);
    const all = ['labels["-a"]', 'labels["b"]', 'annotations["c c"]'];
    expect(faultyFields({ labels, annotations })).toEqual(all);
    expect(faultyFields({ labels, annotations, updateMask: ['labels', 'annotations'] })).toEqual(all);
    expect(
      faultyFields({ labels, annotations, updateMask: ['labels.b', 'annotations.`c c`', 'labels.absent'] }),
    ).toEqual(['labels["b"]', 'annotations["c c"]']);
    expect(faultyFields({ labels, annotations, updateMask: ['image'] })).toEqual([]);
    expect(faultyFields({ annotations: new Map([['a', 'x'.repeat(256 * 1024)]]) })).toEqual(['annotations']);
  });

  it('refuses a mask that leaves no deploy templates', () => {
    expect(faultyFields({ updateMask: ['deploy_templates'] })).toEqual(['deploy_templates']);
  });

  it('refuses every path that does not exist, with a guess, behind the faults of the parts', () => {
    expect(validateUpdate(update({ name: '', updateMask: ['imgae.tag', 'image', 'replicas'] }), LIMITS)).toEqual([
      { field: 'name', description: expect.any(String) },
      {
        field: 'update_mask.paths[0]',
        description: expect.stringMatching(/^"imgae\.tag" is not a path; .*; did you mean "image\.tag"\?$/),
      },
      {
        field: 'update_mask.paths[2]',
        description: expect.stringMatching(/^"replicas" is not a path; use \*, name, image/),
      },
    ]);
  });

  it('refuses parts that alone are too large, but not those that the mask leaves out', () => {
    const limits = { maxTemplateBytes: 1000 };
    const configTemplates = new Map([['a', 'x'.repeat(1000)]]);
    expect(faultyFields({ configTemplates }, limits)).toEqual(['']);
    expect(faultyFields({ configTemplates, updateMask: ['config_templates.a'] }, limits)).toEqual(['']);
    expect(faultyFields({ configTemplates, updateMask: ['config_templates.b', 'image'] }, limits)).toEqual([]);
  });

  it('finds no fault that a create of the merged template would not find', () => {
    const paths = fc.option(fc.array(maskPath, { minLength: 1 }), { nil: undefined });
    fc.assert(
      fc.property(
        validAppImage,
        anyAppImage,
        validUpdate,
        fc.boolean(),
        paths,
        (stored, anything, valid, isValid, updateMask) => {
          const given = { ...(isValid ? valid : anything), name: stored.name, updateMask };
          fc.pre(given.image !== undefined || updateMask !== undefined);
          const merged = validateAppImage(mergeAppImage(stored, given), LIMITS).map(({ field }) => field);
          // Without a mask an image without a name would leave the stored one as it is; the contract asks for it all the same.
          const early = validateUpdate(given, LIMITS)
            .map(({ field }) => field)
            .filter((field) => field !== 'image.name');
          expect(merged).toEqual(expect.arrayContaining(early));
        },
      ),
    );
  });

  it('lets through only what merges into a template without a fault, into whatever valid template it is merged', () => {
    const paths = fc.option(fc.array(maskPath, { minLength: 1 }), { nil: undefined });
    fc.assert(
      fc.property(
        validAppImage,
        validUpdate,
        anyAppImage,
        fc.boolean(),
        paths,
        (stored, valid, anything, isValid, updateMask) => {
          const given = { ...(isValid ? valid : anything), name: stored.name, updateMask };
          fc.pre(validateUpdate(given, LIMITS).length === 0);
          expect(validateAppImage(mergeAppImage(stored, given), LIMITS)).toEqual([]);
        },
      ),
    );
  });

  it('takes any mask without an exception', () => {
    fc.assert(
      fc.property(anyAppImage, fc.array(text), (template, updateMask) => {
        const faults = validateUpdate({ ...template, updateMask }, LIMITS);
        expect(faults.filter(({ field }) => field.startsWith('update_mask')).length).toBeLessThanOrEqual(
          updateMask.length,
        );
      }),
    );
    expect(faultyFields({ updateMask: Array.from({ length: 100_000 }, () => 'x'.repeat(60)) })).toHaveLength(
      MAX_VIOLATIONS,
    );
  });
});
