const BEARER = /^Bearer +(\S+) *$/i;

/**
 * The token of a request, from the value of `Token` (HTTP header or gRPC metadata) or, where that is absent or empty, from
 * `Authorization: Bearer ...`. `undefined` where neither holds one.
 */
export function tokenFromHeaders(token: string | undefined, authorization: string | undefined): string | undefined {
  if (token !== undefined && token !== '') {
    return token;
  }
  return authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
}
