/**
 * Writes the pages of `docs/` that come from the code. `--check` compares instead of writing and fails on a difference.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { configPage } from './docs/config-page.js';
import { errorsPage } from './docs/errors-page.js';

const docs = resolve(import.meta.dirname, '../docs');
const pages = { 'config.md': configPage(), 'errors.md': errorsPage() };

if (process.argv.includes('--check')) {
  const stale = Object.entries(pages).filter(([name, text]) => readFileSync(join(docs, name), 'utf8') !== text);
  if (stale.length > 0) {
    process.stderr.write(
      `docs/ does not match the code: ${stale.map(([name]) => name).join(', ')}\nRun: npm run docs\n`,
    );
    process.exitCode = 1;
  }
} else {
  for (const [name, text] of Object.entries(pages)) {
    writeFileSync(join(docs, name), text);
  }
}
