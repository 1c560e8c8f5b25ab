/**
 * The places of a longest increasing run of numbers, which need not be neighbours: what has kept its order when everything else
 * has moved around it. The numbers must be distinct. Takes time in proportion to n log n.
 */
export function longestIncreasing(numbers: readonly number[]): number[] {
  /** For each length the place of the smallest number that a run of that length can end in. */
  const ends: number[] = [];
  const previous: (number | undefined)[] = [];
  for (const [place, number] of numbers.entries()) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[ends[middle] ?? 0] ?? 0) < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    previous.push(low === 0 ? undefined : ends[low - 1]);
    ends[low] = place;
  }
  const run: number[] = [];
  for (let place = ends.at(-1); place !== undefined; place = previous[place]) {
    run.push(place);
  }
  return run.toReversed();
}
