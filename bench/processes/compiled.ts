import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';

/** The root of the repository, in which every process of the bench runs. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** Where the parts of the bench are that are measured, or measure. */
export const COMPILED = join(ROOT, '.cache/bench');

/** The server as it is installed. */
export const SERVER_MAIN = join(ROOT, 'dist/src/main.js');

/**
 * Compiles floors and load generator with the same compiler as the server: tsx would give every closure of theirs a name, which
 * makes a floor slower than it is.
 */
export function compileBench(): void {
  execFileSync(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'bench/tsconfig.json')],
    {
      stdio: 'inherit',
    },
  );
}
