import { didYouMean } from '../../domain/did-you-mean.js';
import { AppImageError, quoteValue } from '../../domain/errors.js';
import { Refusal } from './refusal.js';

/** The HTTP methods that each path takes, as they stand in the `Allow` header. */
export type AllowedMethods = ReadonlyMap<string, string>;

/** The path of a request's target without scheme, host and query string. */
export function pathOf(target: string): string {
  const end = target.search(/[?#]/);
  return (end < 0 ? target : target.slice(0, end)).replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '');
}

/** Why a request's path or HTTP method is wrong, and for a wrong method the value of `Allow`. */
export function unknownTarget(
  httpMethod: string,
  target: string,
  paths: AllowedMethods,
): { readonly refusal: Refusal; readonly allow: string | undefined } {
  const path = pathOf(target);
  const allow = paths.get(path);
  if (allow !== undefined) {
    const error = new AppImageError(
      'REQUEST_MALFORMED',
      `${path} does not take ${quoteValue(httpMethod)}; use ${allow}`,
    );
    return { refusal: new Refusal(405, error), allow };
  }
  const near = didYouMean(path, paths.keys());
  const hint = near === undefined ? '; GET /openapi.json has every path' : `; did you mean ${near}?`;
  const error = new AppImageError('REQUEST_MALFORMED', `there is no path ${quoteValue(path)}${hint}`);
  return { refusal: new Refusal(404, error), allow: undefined };
}
