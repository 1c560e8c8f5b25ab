/** Warnings that a response spells out; the rest is counted. */
const MOST_WARNINGS = 32;
/** Length of one warning's text, in characters. */
const LONGEST_WARNING = 200;

/** Values of the `Warning` header (RFC 7234, section 5.5), one for each warning, as Kubernetes sends them. */
export function warningHeader(warnings: readonly string[]): string[] {
  const values = warnings.slice(0, MOST_WARNINGS).map(warningValue);
  if (warnings.length > MOST_WARNINGS) {
    values.push(warningValue(`and ${warnings.length - MOST_WARNINGS} more warnings`));
  }
  return values;
}

function warningValue(text: string): string {
  // A header is read as Latin-1 at best, and a line break in it would end it.
  const ascii = text.replaceAll(/[^\x20-\x7e]/g, '?');
  const cut = ascii.length > LONGEST_WARNING ? `${ascii.slice(0, LONGEST_WARNING - 3)}...` : ascii;
  return `299 - "${cut.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
