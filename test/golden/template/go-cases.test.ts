import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderOutcome } from './render-outcome.js';

type GoldenCase = [template: string, output: string] | [template: string, error: string, line: number];
interface Golden {
  readonly data: Record<string, Record<string, string>>;
  readonly cases: Record<string, readonly GoldenCase[]>;
}

const golden = JSON.parse(readFileSync(new URL('cases.golden', import.meta.url), 'utf8')) as Golden;

describe('the golden cases made by Go', () => {
  it.each(Object.keys(golden.cases))(
    'come out byte for byte as in Go, errors with their line, for the values "%s"',
    (name) => {
      const cases = golden.cases[name] ?? [];
      expect(cases.length).toBeGreaterThan(5);
      const differences: unknown[] = [];
      for (const [template, expected, line] of cases) {
        const actual = renderOutcome(template, golden.data[name] ?? {});
        // Where Go would render and we do not, a place is all that is asked for.
        const isSame =
          expected === 'unsupported' && line !== undefined
            ? actual.error !== undefined && (actual.line ?? 0) > 0
            : line === undefined
              ? actual.output === expected
              : actual.error === expected && actual.line === line;
        if (!isSame) differences.push({ template, expected: [expected, line], actual });
      }
      expect(differences).toEqual([]);
    },
  );
});
