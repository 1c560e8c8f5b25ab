import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASK_PATH, parseFieldMask } from './field-mask.js';

function configKeys(...paths: string[]): string[] {
  return [...(parseFieldMask(paths).keys.get('configTemplates') ?? [])];
}

describe('parseFieldMask', () => {
  it('names fields in both spellings', () => {
    const fields = ['image', 'configTemplates', 'deployTemplates'];
    expect([...parseFieldMask(['image', 'config_templates', 'deploy_templates']).fields]).toEqual(fields);
    expect([...parseFieldMask(['image', 'configTemplates', 'deployTemplates']).fields]).toEqual(fields);
  });

  it('takes * for every field', () => {
    expect([...parseFieldMask(['*']).fields]).toEqual([
      'image',
      'configTemplates',
      'deployTemplates',
      'labels',
      'annotations',
    ]);
  });

  it('names labels and annotations, whole and by keys, whose prefixes hold dots and slashes', () => {
    expect([...parseFieldMask(['labels', 'annotations']).fields]).toEqual(['labels', 'annotations']);
    expect(parseFieldMask(['labels.app.kubernetes.io/name', 'annotations.`a/b`']).keys).toEqual(
      new Map([
        ['labels', new Set(['app.kubernetes.io/name'])],
        ['annotations', new Set(['a/b'])],
      ]),
    );
  });

  it('sets nothing for the name, which says what is meant', () => {
    expect(parseFieldMask(['name'])).toEqual({ fields: new Set(), imageMembers: new Set(), keys: new Map() });
  });

  it('names members of the image', () => {
    const paths = ['image.name', 'image.tag', 'image.id', 'image.sign', 'image.tag'];
    expect([...parseFieldMask(paths).imageMembers]).toEqual(['name', 'tag', 'id', 'sign']);
  });

  it('takes everything behind the first dot for the key', () => {
    expect(configKeys('config_templates.task-config.conf', 'configTemplates.a.b.c')).toEqual([
      'task-config.conf',
      'a.b.c',
    ]);
    expect(configKeys('config_templates.__proto__', 'config_templates.a b')).toEqual(['__proto__', 'a b']);
  });

  it('takes what stands in backticks for the key', () => {
    expect(configKeys('config_templates.`task-config.conf`')).toEqual(['task-config.conf']);
    expect(configKeys('config_templates.`*`', 'config_templates.`a``b`', 'config_templates.````')).toEqual([
      '*',
      'a`b',
      '`',
    ]);
  });

  it('gives back every key that was put in backticks', () => {
    const key = fc.oneof(fc.string({ unit: fc.constantFrom('`', 'a', '.') }), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(key, (written) => {
        fc.pre(written !== '');
        expect(configKeys(`config_templates.\`${written.replaceAll('`', '``')}\``)).toEqual([written]);
      }),
    );
  });

  it('refuses to go on with a path that does not exist', () => {
    expect(() => parseFieldMask(['image', 'imgae'])).toThrow(RangeError);
  });
});

describe('MASK_PATH', () => {
  it.each([
    '',
    ' ',
    '.',
    'imgae',
    'Image',
    'image.',
    'image.*',
    'image.Name',
    'image.name.x',
    'name.x',
    'header',
    'update_mask',
    'constructor',
    '__proto__',
    '**',
    '*.name',
    'config_templates.',
    'config_templates.*',
    'config_templates.`',
    'config_templates.``',
    'config_templates.`a',
    'config_templates.`a``',
    'config_templates.`a`b`',
    'config_templates.`a```b`',
    'config_templates.`a`.b',
    'config_templates[a]',
    'deploy_templates.',
    'deploy_templates.0',
    'deploy_templates[0]',
    'deploy_templates.*.name',
  ])('refuses %j', (path) => {
    expect(MASK_PATH.allows(path)).toBe(false);
    expect(MASK_PATH.explain(path)).toMatch(/^is not a path; /);
  });

  it('says what would be right', () => {
    expect(MASK_PATH.explain('imgae.tag')).toContain('did you mean "image.tag"?');
    expect(MASK_PATH.explain('deploy_template')).toContain('did you mean "deploy_templates"?');
    expect(MASK_PATH.explain('config_templates.*')).toContain('use config_templates for the whole map');
    expect(MASK_PATH.explain('deploy_templates.0')).toContain('can only be set as a whole');
    expect(MASK_PATH.explain('config_templates.`a')).toContain('backtick');
  });

  it('takes any text without an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (path) => {
        expect(MASK_PATH.explain(path)).not.toBe('');
        expect(MASK_PATH.allows(`${path}!.`)).toBe(false);
      }),
    );
  });
});
