import type { IfMatch } from '../../domain/app-image/if-match.js';
import { invalidRequest, quoteValue } from '../../domain/errors.js';

/** A strong entity tag, or a bare number as gRPC metadata may have it. */
const TAG = /^(?:W\/)?"([\x21\x23-\x7e]*)"$|^([0-9]{1,16})$/;

/** The entity tag of a revision, quotes included (RFC 9110, section 8.8.3). */
export function entityTag(revision: number): string {
  return `"${revision}"`;
}

/**
 * Reads an `If-Match` field. Tags that are not ours, weak ones among them, are conditions that no revision fulfils.
 * @throws AppImageError REQUEST_INVALID where it is no such field
 */
export function parseIfMatch(value: string | undefined): IfMatch {
  if (value === undefined) {
    return undefined;
  }
  if (value.trim() === '*') {
    return '*';
  }
  return value.split(',').flatMap((part) => {
    const tag = part.trim();
    const match = TAG.exec(tag);
    if (match === null) {
      throw invalidRequest([
        {
          field: 'If-Match',
          description: `${quoteValue(value)} is not an entity tag; send the ETag of a query, such as "3", or *`,
        },
      ]);
    }
    const revision = tag.startsWith('W/') ? Number.NaN : Number(match[1] ?? match[2]);
    return Number.isSafeInteger(revision) ? [revision] : [];
  });
}
