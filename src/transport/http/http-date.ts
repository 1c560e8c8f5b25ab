let second = Number.NaN;
let text = '';

/** A time in milliseconds since 1970 as the `Date` header has it. Made once for each second. */
export function httpDate(timeMs: number): string {
  const now = Math.floor(timeMs / 1000);
  if (now !== second) {
    second = now;
    text = new Date(timeMs).toUTCString();
  }
  return text;
}
