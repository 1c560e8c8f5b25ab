import { Argument, Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { completeWords } from './complete-words.js';

function program(): Command {
  const root = new Command('tool').option('--server <host:port>').option('--context <name>').option('--quiet');
  root
    .command('show')
    .argument('[names...]')
    .addOption(new Option('-o, --output <format>').choices(['json', 'yaml']))
    .option('-f, --filename <path...>')
    .option('--ignore <rule...>');
  root.command('into').argument('<dir>');
  root.command('shell').addArgument(new Argument('<shell>').choices(['bash', 'fish']));
  root.command('secret', { hidden: true });
  const context = root.command('context');
  context.command('use').argument('<name>');
  return root;
}

function words(line: string): readonly string[] {
  const { candidates, typed, prefix } = completeWords(program(), line.split(' '));
  return candidates.filter(({ word }) => word.startsWith(typed)).map(({ word }) => prefix + word);
}

describe('completeWords', () => {
  it('offers visible commands, and those below one', () => {
    expect(words('')).toEqual(['show', 'into', 'shell', 'context', 'help']);
    expect(words('context ')).toEqual(['use']);
    expect(words('help s')).toEqual(['show', 'shell']);
  });

  it('offers flags from everywhere above, wherever they stand', () => {
    expect(words('show --')).toEqual([
      '--output',
      '--filename',
      '--ignore',
      '--help',
      '--server',
      '--context',
      '--quiet',
    ]);
    expect(words('--quiet show --o')).toEqual(['--output']);
  });

  it('offers the values of a flag in every way of writing it', () => {
    expect(words('show -o ')).toEqual(['json', 'yaml']);
    expect(words('show --output=y')).toEqual(['--output=yaml']);
    expect(words('show --output = y')).toEqual(['yaml']);
    expect(words('show --output = ')).toEqual(['json', 'yaml']);
    expect(words('show --ignore dead')).toEqual([]);
    expect(words('show --ignore duplicate-port-na')).toEqual(['duplicate-port-name']);
    expect(words('shell f')).toEqual(['fish']);
  });

  it.each([
    ['show ', { values: 'template', taken: [] }],
    ['show a b ', { values: 'template', taken: ['a', 'b'] }],
    ['context use ', { values: 'context' }],
    ['show --context ', { values: 'context' }],
    ['show -f ', { shell: 'files' }],
    ['show -f a b ', { shell: 'files' }],
    ['show -f a --context ', { values: 'context' }],
    ['into ', { shell: 'folders' }],
    ['into somewhere ', { shell: undefined, values: undefined }],
    ['show -- --a', { values: 'template', typed: '--a' }],
  ])('knows what only others can list: %j', (line, expected) => {
    expect(completeWords(program(), line.split(' '))).toMatchObject(expected);
  });

  it('reads the connection that the line names', () => {
    expect(completeWords(program(), ['--server', 'a:1', 'show', '--context=b', '--quiet', '']).flags).toEqual({
      server: 'a:1',
      context: 'b',
      quiet: true,
    });
  });

  it('offers nothing behind a command that does not exist', () => {
    expect(completeWords(program(), ['shwo', ''])).toMatchObject({
      candidates: [],
      values: undefined,
      shell: undefined,
    });
  });
});
