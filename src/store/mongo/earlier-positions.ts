/** How many of its predecessors each revision knows the place of. */
export const EARLIER_POSITIONS = 100;

const RADIX = 36;

/**
 * Places of the revisions before one, as text: the nearest first, each as its distance from the one after it. Each revision holds them, so
 * that the history of a name is found by the primary key alone, on servers that use no other index as well.
 */
export function formatEarlierPositions(position: number, earlier: readonly number[]): string {
  let from = position;
  return earlier
    .slice(0, EARLIER_POSITIONS)
    .map((each) => {
      const distance = from - each;
      from = each;
      return distance.toString(RADIX);
    })
    .join(' ');
}

/**
 * Places of the revisions before the one at `position`, the nearest first; at most {@link EARLIER_POSITIONS}.
 * @returns `undefined` where the text is none of {@link formatEarlierPositions}
 */
export function parseEarlierPositions(position: number, text: string): readonly number[] | undefined {
  if (text === '') {
    return [];
  }
  const positions: number[] = [];
  let from = position;
  for (const word of text.split(' ')) {
    from -= /^[0-9a-z]+$/.test(word) ? Number.parseInt(word, RADIX) : Number.NaN;
    if (!(from >= 1) || from >= (positions.at(-1) ?? position)) {
      return undefined;
    }
    positions.push(from);
  }
  return positions;
}
