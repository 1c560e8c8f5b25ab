import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFieldPath, parseFieldPath } from './field-path.js';

const segments = fc.array(fc.oneof(fc.nat({ max: 1000 }), fc.string({ unit: 'binary' }), fc.constantFrom('name', '')));

describe('field paths', () => {
  it.each([
    ['', []],
    ['name', ['name']],
    ['deploy_templates[0].containers[12].ports[1].name', ['deploy_templates', 0, 'containers', 12, 'ports', 1, 'name']],
    ['config_templates["app.conf"]', ['config_templates', 'app.conf']],
    ['labels["a\\"]b"]', ['labels', 'a"]b']],
    ['spec.configTemplates["x"]', ['spec', 'configTemplates', 'x']],
  ])('are taken apart: %s', (path, expected) => {
    expect(parseFieldPath(path)).toEqual(expected);
  });

  it('lead to the nearest readable place where a part was cut', () => {
    expect(parseFieldPath('config_templates["aaaa"... (300 characters)]')).toEqual(['config_templates']);
    expect(parseFieldPath('env["\\q"].value')).toEqual(['env']);
  });

  it('come back as the segments that they were written from', () => {
    fc.assert(
      fc.property(segments, (path) => {
        expect(parseFieldPath(formatFieldPath(path))).toEqual(path);
      }),
    );
  });
});
