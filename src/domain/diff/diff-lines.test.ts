import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from './diff-lines.js';
import { longestIncreasing } from './longest-increasing.js';

const file = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', 'c', '', '{', '\r'), { maxLength: 12 }), fc.boolean())
  .map(([parts, ends]) => parts.join('\n') + (ends ? '\n' : ''));

/** The new text as the hunks tell to make it from the old one. */
function patch(before: string, hunks: ReturnType<typeof diffLines>): string {
  let rest = before;
  let patched = '';
  let place = 0;
  for (const { newLine, oldText, newText } of hunks) {
    for (; place < newLine - 1; place += 1) {
      const end = rest.indexOf('\n') + 1 || rest.length;
      patched += rest.slice(0, end);
      rest = rest.slice(end);
    }
    expect(rest.startsWith(oldText)).toBe(true);
    rest = rest.slice(oldText.length);
    patched += newText;
    place += count(newText);
  }
  return patched + rest;
}

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  let previous = Array.from({ length: b.length + 1 }, () => 0);
  for (const line of a) {
    const row = [0];
    for (const [index, other] of b.entries()) {
      row.push(line === other ? (previous[index] ?? 0) + 1 : Math.max(previous[index + 1] ?? 0, row[index] ?? 0));
    }
    previous = row;
  }
  return previous.at(-1) ?? 0;
}

const lines = (text: string) => (text === '' ? [] : text.split(/(?<=\n)/));
const count = (text: string) => lines(text).length;

describe('a line diff', () => {
  it('gives one hunk for each run of lines that differ', () => {
    expect(diffLines('a\nb\nc\nd\n', 'a\nB\nc\nd\ne\n')).toEqual([
      { newLine: 2, oldText: 'b\n', newText: 'B\n' },
      { newLine: 5, oldText: '', newText: 'e\n' },
    ]);
    expect(diffLines('a\nb\nc\n', 'c\n')).toEqual([{ newLine: 1, oldText: 'a\nb\n', newText: '' }]);
    expect(diffLines('a\n', 'a')).toEqual([{ newLine: 1, oldText: 'a\n', newText: 'a' }]);
  });

  it('turns the old text into the new one with as few lines as possible', () => {
    fc.assert(
      fc.property(file, file, (before, after) => {
        const hunks = diffLines(before, after);
        expect(patch(before, hunks)).toBe(after);
        const common = longestCommonSubsequence(lines(before), lines(after));
        const touched = hunks.reduce((sum, { oldText, newText }) => sum + count(oldText) + count(newText), 0);
        expect(touched).toBe(count(before) + count(after) - 2 * common);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps to the lines that occur once where texts differ too much for an exact answer', () => {
    const old = Array.from({ length: 3000 }, (_, index) => `old ${index}`);
    const kept = new Set([10, 1500, 2990]);
    const rewritten = old.map((line, index) => (kept.has(index) ? line : `new ${index}`));
    const hunks = diffLines(old.join('\n'), rewritten.join('\n'));
    expect(hunks.map(({ newLine }) => newLine)).toEqual([1, 12, 1502, 2992]);
    expect(patch(old.join('\n'), hunks)).toBe(rewritten.join('\n'));
  });

  it('is not slowed down by texts made to', () => {
    const before = `${'a\n'.repeat(200_000)}${'b\n'.repeat(1000)}`;
    const after = `${'b\n'.repeat(1000)}${'a\n'.repeat(100_000)}c\n${'a\n'.repeat(99_999)}`;
    expect(patch(before, diffLines(before, after))).toBe(after);
  });
});

describe('a longest increasing run', () => {
  it('is increasing, and as long as can be', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 50 }), { maxLength: 12 }), (numbers) => {
        const run = longestIncreasing(numbers).map((place) => numbers[place] ?? Number.NaN);
        expect(run).toEqual([...run].sort((a, b) => a - b));
        const sorted = [...numbers].sort((a, b) => a - b).map(String);
        expect(run.length).toBe(longestCommonSubsequence(numbers.map(String), sorted));
      }),
    );
  });
});
