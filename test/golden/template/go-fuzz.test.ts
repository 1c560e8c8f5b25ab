import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { PATH_FUNCTION } from '../../../src/domain/template/source-text.js';
import { type Outcome, renderOutcome } from './render-outcome.js';
import {
  expressionArbitrary,
  FUZZ_DATA,
  type FuzzCase,
  placeholderArbitrary,
  templateArbitrary,
  tokenSoupArbitrary,
  valueArbitrary,
} from './template-arbitrary.js';

/** TEMPLATE_FUZZ_SEED repeats a run, TEMPLATE_FUZZ_RUNS makes it longer; by default it takes a few seconds. */
const seed = Number(process.env['TEMPLATE_FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const runs = Number(process.env['TEMPLATE_FUZZ_RUNS'] ?? 1500);

const directory = mkdtempSync(join(tmpdir(), 'template-fuzz-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The Go reference, compiled; undefined where there is no Go. */
function buildReference(): string | undefined {
  const binary = join(directory, 'reference');
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  execFileSync('go', ['build', '-o', binary, '.'], { cwd: fileURLToPath(new URL('generate', import.meta.url)) });
  return binary;
}

function isSame(go: Outcome, ours: Outcome): boolean {
  // What takes Go long is more than our limits allow.
  if (go.error === 'unsupported' || go.error === 'timeout') return ours.error !== undefined;
  // Refused when parsed, whatever Go says about the rest of the template.
  if (/^imaginary|in placeholder$/.test(ours.message ?? '')) return true;
  if (go.error !== undefined) return ours.error === go.error && ours.line === go.line;
  // A placeholder in a string is a text that holds the name of the function, which is another one in the reference.
  return ours.output === (go.output ?? '').replaceAll('pathfn', PATH_FUNCTION);
}

const reference = buildReference();

const withFuzzData = (template: string): FuzzCase => ({ template, data: FUZZ_DATA });

describe('random templates', () => {
  it.skipIf(reference === undefined).each([
    ['whole templates', templateArbitrary.map(withFuzzData)],
    ['single expressions', expressionArbitrary.map(withFuzzData)],
    ['heaps of tokens', tokenSoupArbitrary.map(withFuzzData)],
    ['any values', valueArbitrary],
    ['any JSON', placeholderArbitrary],
  ])(`come out as in Go: %s (seed ${seed}; skipped where no go is on the PATH)`, (_, arbitrary) => {
    const cases = fc.sample(arbitrary, { numRuns: runs, seed });
    const answer = execFileSync(reference ?? '', ['-serve'], {
      input: JSON.stringify(cases),
      maxBuffer: 2 ** 30,
      timeout: 20_000,
    });
    const expected = JSON.parse(answer.toString('utf8')) as Outcome[];
    const differences = cases
      .map(({ template, data }, i) => ({ template, data, go: expected[i] ?? {}, ours: renderOutcome(template, data) }))
      .filter(({ go, ours }) => !isSame(go, ours));
    expect(differences.slice(0, 10)).toEqual([]);
  });
});
