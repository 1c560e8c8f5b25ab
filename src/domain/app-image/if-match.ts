/**
 * The revisions that a conditional change accepts: `*` is any that exists (RFC 9110, section 13.1.1). `undefined` stands for no
 * condition at all.
 */
export type IfMatch = '*' | readonly number[] | undefined;

/** Whether a condition holds for the revision that stands; `undefined` where there is none. */
export function matchesRevision(ifMatch: IfMatch, revision: number | undefined): boolean {
  if (ifMatch === undefined) {
    return true;
  }
  return revision !== undefined && (ifMatch === '*' || ifMatch.includes(revision));
}
