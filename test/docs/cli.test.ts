import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliPage } from '../../scripts/docs/cli-page.js';
import { cliTree } from '../../scripts/docs/cli-tree.js';
import { manPage } from '../../scripts/docs/man-page.js';
import { EXIT_CODES } from '../../src/cli/exit-codes.js';

const root = join(import.meta.dirname, '../..');
const tree = cliTree();

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

describe('docs/cli.md', () => {
  const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');

  it('is what the help generates; else run: npx tsx scripts/generate-cli-docs.ts', () => {
    expect(page).toBe(cliPage(tree));
  });

  it.each(tree.commands.map(({ title }) => [title]))(
    'has a section for %s, to which its list of commands leads',
    (title) => {
      expect(page).toContain(`\n## ${title}\n`);
      expect(page).toContain(`[\`${title}\`](#${title.replaceAll(' ', '-')})`);
    },
  );

  it('has every exit code', () => {
    for (const { code, meaning } of Object.values(EXIT_CODES)) {
      expect(page).toContain(`  ${code}  ${meaning}`);
    }
  });
});

describe('man/appimagectl.1', () => {
  const page = readFileSync(join(root, 'man/appimagectl.1'), 'utf8');

  it('is what the help generates; else run: npx tsx scripts/generate-cli-docs.ts', () => {
    expect(page).toBe(manPage(tree));
  });

  it.skipIf(!isInstalled('groff'))('is read by groff without a warning, and shows what the help says', () => {
    const { stdout, stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tascii', '-P-cbou'], {
      input: page,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const { title } of tree.commands) {
      expect(stdout).toContain(title);
    }
    expect(stdout).toContain('--insecure-plaintext');
    expect(stdout).toContain('source <(appimagectl completion bash)');
  });
});

describe('the help', () => {
  it.each(tree.commands.map((page) => [page.title, page] as const))('of %s is complete', (_, page) => {
    expect(page.summary).not.toBe('');
    expect(page.description).not.toBe('');
    for (const { term, description } of [...page.arguments, ...page.options]) {
      expect(`${term}: ${description}`).toMatch(/: \S/);
    }
  });

  it.each(tree.commands.flatMap(({ title, examples }) => examples.map(({ line }) => [title, line] as const)))(
    'of %s has an example that names commands and flags that there are: %s',
    (_, line) => {
      const flags = new Set(
        [...tree.commands, tree.program].flatMap(({ options }) =>
          options.flatMap(({ term }) => [...term.matchAll(/--[a-z-]+/g)].map(([flag]) => flag)),
        ),
      );
      for (const [, call = ''] of line.matchAll(/appimagectl ([^|&;>]*)/g)) {
        const used = [...call.matchAll(/(?<=\s)--[a-z][a-z-]*/g)].map(([flag]) => flag);
        expect(used.filter((flag) => !flags.has(flag))).toEqual([]);
        expect(tree.commands.some(({ title }) => `appimagectl ${call}`.startsWith(title))).toBe(true);
      }
    },
  );
});
