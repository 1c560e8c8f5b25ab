import { describe, expect, it } from 'vitest';
import { NOT_EMPTY } from './text-rule.js';
import { MAX_VIOLATIONS, Violations } from './violations.js';

function faults(count: number): Violations {
  const violations = new Violations();
  for (let index = 0; index < count; index += 1) {
    violations.add(`field${index}`, 'is wrong');
  }
  return violations;
}

describe('Violations', () => {
  it('gives the path from the outermost field to the fault', () => {
    const violations = new Violations();
    violations.add('name', 'is wrong');
    violations.enter('deploy_templates', 0);
    violations.enter('containers', 12);
    violations.check('name', '', NOT_EMPTY);
    violations.enter('liveness_probe');
    violations.add('', 'has no handler');
    violations.leave();
    violations.leave();
    violations.leave();
    violations.enter('config_templates', 'a"/b');
    violations.add('', 'is wrong');
    expect(violations.all().map(({ field }) => field)).toEqual([
      'name',
      'deploy_templates[0].containers[12].name',
      'deploy_templates[0].containers[12].liveness_probe',
      'config_templates["a\\"/b"]',
    ]);
  });

  it('records nothing where a rule is kept', () => {
    const violations = new Violations();
    violations.check('name', 'app', NOT_EMPTY);
    expect(violations.all()).toEqual([]);
  });

  it('lists as many faults as an answer may carry', () => {
    const listed = faults(MAX_VIOLATIONS).all();
    expect(listed).toHaveLength(MAX_VIOLATIONS);
    expect(listed.at(-1)).toEqual({ field: `field${MAX_VIOLATIONS - 1}`, description: 'is wrong' });
  });

  it('says in the last place how many more faults there are', () => {
    const listed = faults(MAX_VIOLATIONS + 500).all();
    expect(listed).toHaveLength(MAX_VIOLATIONS);
    expect(listed.at(-2)?.field).toBe(`field${MAX_VIOLATIONS - 2}`);
    expect(listed.at(-1)).toEqual({ field: '', description: '501 more faults are not listed' });
  });
});
