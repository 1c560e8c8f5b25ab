/** First code unit of surrogates, and the first one behind them. */
const SURROGATES_START = 0xd800;
const SURROGATES_END = 0xe000;

/**
 * Orders texts by code points, which is the order of their UTF-8 bytes: negative, zero or positive as the first sorts before,
 * with or behind the second. JavaScript's own order, by UTF-16 code units, puts U+10000 and above before U+E000 to U+FFFF.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) {
      return rank(unitA) - rank(unitB);
    }
  }
  return a.length - b.length;
}

/** Places surrogates, of which all code points above U+FFFF consist, behind every other code unit. */
function rank(unit: number): number {
  return unit >= SURROGATES_START && unit < SURROGATES_END ? unit + 0x10000 : unit;
}
