/**
 * Writes `man/appimagectl.1` and `docs/cli.md` from the help of the command line. `--check` compares instead of writing and fails on a
 * difference.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cliPage } from './docs/cli-page.js';
import { cliTree } from './docs/cli-tree.js';
import { manPage } from './docs/man-page.js';

const root = resolve(import.meta.dirname, '..');
const tree = cliTree();
const pages = { 'docs/cli.md': cliPage(tree), 'man/appimagectl.1': manPage(tree) };

if (process.argv.includes('--check')) {
  const stale = Object.entries(pages).filter(([path, text]) => readFileSync(join(root, path), 'utf8') !== text);
  if (stale.length > 0) {
    process.stderr.write(
      `these do not match the help: ${stale.map(([path]) => path).join(', ')}\nRun: npx tsx scripts/generate-cli-docs.ts\n`,
    );
    process.exitCode = 1;
  }
} else {
  for (const [path, text] of Object.entries(pages)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
