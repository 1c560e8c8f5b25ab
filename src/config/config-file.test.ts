import { describe, expect, it } from 'vitest';
import { parseConfigFile } from './config-file.js';

function faults(text: string): string[] {
  return parseConfigFile(text, 'a.yaml').faults.map(({ message }) => message);
}

describe('the configuration file', () => {
  it('gives settings with their lines', () => {
    const { settings, faults: none } = parseConfigFile(
      '# ports\nhttpPort: 1\n\nextraNames: [a, b]\nstore: lmdb # kept\n',
      'a.yaml',
    );
    expect(none).toEqual([]);
    expect([...settings]).toEqual([
      ['httpPort', { value: 1, source: { kind: 'file', path: 'a.yaml', line: 2 } }],
      ['extraNames', { value: ['a', 'b'], source: { kind: 'file', path: 'a.yaml', line: 4 } }],
      ['store', { value: 'lmdb', source: { kind: 'file', path: 'a.yaml', line: 5 } }],
    ]);
  });

  it('may be empty, or hold comments alone', () => {
    expect(parseConfigFile('', 'a.yaml').settings.size).toBe(0);
    expect(faults('# nothing\n')).toEqual([]);
    expect(faults('---\n')).toEqual([]);
  });

  it('names the line of an unknown setting and guesses what was meant', () => {
    expect(faults('httpPort: 1\nhttp_prot: 2\nsomethingElse: 3\n')).toEqual([
      'a.yaml:2 has the unknown setting "http_prot"; did you mean httpPort?',
      'a.yaml:3 has the unknown setting "somethingElse"; see --help for the settings',
    ]);
  });

  it('does not take names that every object has for settings', () => {
    expect(faults('toString: 1\n__proto__: 2\nconstructor: 3\n')).toHaveLength(3);
  });

  it('names the line where the YAML is broken, and a setting given twice', () => {
    expect(faults('httpPort: 1\nextraNames: [a\n')[0]).toMatch(/^a\.yaml:\d is not good YAML: /);
    expect(faults('httpPort: 1\nhttpPort: 2\n')).toEqual(['a.yaml:2 is not good YAML: Map keys must be unique']);
  });

  it('does not repeat the broken line, since it may hold a password', () => {
    const broken = faults('store: mongodb://app:hunter2@db: {\n');
    expect(broken.length).toBeGreaterThan(0);
    expect(broken.join()).not.toContain('hunter2');
  });

  it('must hold settings, not a list or a word', () => {
    expect(faults('- httpPort\n')).toEqual(['a.yaml:1 must hold settings, one a line, such as "httpPort: 8082"']);
    expect(faults('httpPort\n')).toHaveLength(1);
  });
});
