import { longestIncreasing } from './longest-increasing.js';

/** Neighbouring lines that differ. */
export interface LineHunk {
  /** Number of the first new line, from 1; where there is none, of the line before which the old ones stood. */
  readonly newLine: number;
  /** The old lines with their line ends; empty where there were none. */
  readonly oldText: string;
  /** The new lines with their line ends; empty where there are none. */
  readonly newText: string;
}

/** A pair of places, in the old and in the new list, that hold the same line. */
type Match = readonly [oldIndex: number, newIndex: number];

/** Beyond these, an exact answer would cost too much time, and would be of no use to a reader. */
const MAX_EDITS = 1000;
const MAX_STEPS = 10_000_000;

/**
 * What differs between two texts, line by line: as few lines as possible for texts that differ in up to 1000 lines, otherwise
 * around the lines that both texts have exactly once. Takes time in proportion to the size of the texts at most, but for a bounded
 * part. The order of the hunks is that of the lines.
 */
export function diffLines(before: string, after: string): LineHunk[] {
  const oldLines = splitLines(before);
  const newLines = splitLines(after);
  const start = commonLength(oldLines, newLines, (lines, index) => lines[index]);
  const oldMiddle = oldLines.slice(start);
  const newMiddle = newLines.slice(start);
  const end = commonLength(oldMiddle, newMiddle, (lines, index) => lines[lines.length - 1 - index]);
  oldMiddle.length -= end;
  newMiddle.length -= end;
  const [oldIds, newIds] = numberLines(oldMiddle, newMiddle);
  const matches = shortestEdit(oldIds, newIds) ?? uniqueMatches(oldIds, newIds);
  return gaps(oldMiddle, newMiddle, matches, start);
}

function splitLines(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

/** A number for each line, the same for the same text, since numbers are compared faster than long lines. */
function numberLines(...sides: readonly (readonly string[])[]): [number[], number[]] {
  const numbers = new Map<string, number>();
  const [oldIds = [], newIds = []] = sides.map((lines) =>
    lines.map((line) => {
      const number = numbers.get(line) ?? numbers.size;
      numbers.set(line, number);
      return number;
    }),
  );
  return [oldIds, newIds];
}

function commonLength(
  a: readonly string[],
  b: readonly string[],
  at: (lines: readonly string[], index: number) => string | undefined,
): number {
  const longest = Math.min(a.length, b.length);
  let length = 0;
  while (length < longest && at(a, length) === at(b, length)) {
    length += 1;
  }
  return length;
}

/**
 * The greedy algorithm of Myers, "An O(ND) Difference Algorithm and Its Variations" (1986): for each number of edits the farthest
 * place that each diagonal can be followed to. `undefined` where that takes more edits or steps than are allowed.
 */
function shortestEdit(a: readonly number[], b: readonly number[]): Match[] | undefined {
  const farthest = new Int32Array(2 * MAX_EDITS + 3);
  const middle = MAX_EDITS + 1;
  const trace: Int32Array[] = [];
  let steps = 0;
  for (let edits = 0; edits <= MAX_EDITS && steps < MAX_STEPS; edits += 1) {
    trace.push(farthest.slice(middle - edits - 1, middle + edits + 2));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const down = farthest[middle + diagonal + 1] ?? 0;
      const right = (farthest[middle + diagonal - 1] ?? 0) + 1;
      let x = diagonal === -edits || (diagonal !== edits && right <= down) ? down : right;
      const entered = x;
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) {
        x += 1;
      }
      steps += x - entered + 1;
      farthest[middle + diagonal] = x;
      if (x >= a.length && x - diagonal >= b.length) {
        return backtrack(trace, a.length, b.length);
      }
    }
  }
  return undefined;
}

/** Follows the farthest places back from the end; `trace` holds them as they stood before each number of edits. */
function backtrack(trace: readonly Int32Array[], oldLength: number, newLength: number): Match[] {
  const matches: Match[] = [];
  let x = oldLength;
  let y = newLength;
  for (let edits = trace.length - 1; edits > 0; edits -= 1) {
    const reached = trace[edits] ?? new Int32Array();
    const diagonal = x - y;
    const down = reached[edits + 1 + diagonal + 1] ?? 0;
    const right = (reached[edits + 1 + diagonal - 1] ?? 0) + 1;
    const goDown = diagonal === -edits || (diagonal !== edits && right <= down);
    const entered = goDown ? down : right;
    while (x > entered) {
      x -= 1;
      y -= 1;
      matches.push([x, y]);
    }
    if (goDown) {
      y -= 1;
    } else {
      x -= 1;
    }
  }
  while (x > 0 && y > 0) {
    x -= 1;
    y -= 1;
    matches.push([x, y]);
  }
  return matches.toReversed();
}

/** The lines that both sides have exactly once, as many of them as stand in the same order. */
function uniqueMatches(a: readonly number[], b: readonly number[]): Match[] {
  const inOld = uniqueLines(a);
  const inNew = uniqueLines(b);
  const shared: Match[] = [];
  for (const [line, newIndex] of inNew) {
    const oldIndex = inOld.get(line);
    if (oldIndex !== undefined) {
      shared.push([oldIndex, newIndex]);
    }
  }
  return longestIncreasing(shared.map(([oldIndex]) => oldIndex)).flatMap((place) => {
    const match = shared[place];
    return match === undefined ? [] : [match];
  });
}

/** Each line that occurs exactly once, with its place, in the order of the places. */
function uniqueLines(lines: readonly number[]): Map<number, number> {
  const places = new Map<number, number>();
  const repeated = new Set<number>();
  for (const [index, line] of lines.entries()) {
    if (places.has(line)) {
      repeated.add(line);
    }
    places.set(line, index);
  }
  for (const line of repeated) {
    places.delete(line);
  }
  return places;
}

function gaps(a: readonly string[], b: readonly string[], matches: readonly Match[], offset: number): LineHunk[] {
  const hunks: LineHunk[] = [];
  let oldStart = 0;
  let newStart = 0;
  for (const [oldEnd, newEnd] of [...matches, [a.length, b.length] as const]) {
    if (oldEnd > oldStart || newEnd > newStart) {
      hunks.push({
        newLine: offset + newStart + 1,
        oldText: a.slice(oldStart, oldEnd).join(''),
        newText: b.slice(newStart, newEnd).join(''),
      });
    }
    oldStart = oldEnd + 1;
    newStart = newEnd + 1;
  }
  return hunks;
}
