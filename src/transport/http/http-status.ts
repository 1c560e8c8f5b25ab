import type { AppImageError, ErrorName } from '../../domain/errors.js';

/** HTTP status of every failure. */
export const HTTP_STATUS = {
  REQUEST_INVALID: 400,
  REQUEST_MALFORMED: 400,
  UNEXPECTED: 500,
  AUTH_FAILED: 401,
  ROLE_FORBIDDEN: 403,
  CREATE_FAILED: 500,
  QUERY_FAILED: 500,
  UPDATE_FAILED: 500,
  DELETE_FAILED: 500,
  BATCH_QUERY_FAILED: 500,
  LIST_FAILED: 500,
  APP_IMAGE_NOT_FOUND: 404,
  APP_IMAGE_EXISTS: 409,
  REVISION_CONFLICT: 412,
  STORE_UNAVAILABLE: 503,
  BODY_TOO_LARGE: 413,
  RESUME_TOKEN_EXPIRED: 410,
  REVISION_NOT_FOUND: 404,
  TAG_CONFLICT: 412,
  HISTORY_FAILED: 500,
  WATCHER_TOO_SLOW: 429,
  RATE_LIMITED: 429,
} as const satisfies Record<ErrorName, number>;

/** `standard` as in {@link HTTP_STATUS}; `kuscia` answers 200 to whatever happens behind authentication. */
export type HttpErrorStatus = 'standard' | 'kuscia';

/** Seconds after which it is worth to try again. */
const RETRY_AFTER_SECONDS = '1';

const CHALLENGE = { 'www-authenticate': 'Bearer realm="appimage-service"' } as const;
const RETRY = { 'retry-after': RETRY_AFTER_SECONDS } as const;
const NONE = {} as const;

/** The headers that HTTP asks for along with a status: how to authenticate, when to come back. */
export function statusHeaders(status: number): Readonly<Record<string, string>> {
  return status === 401 ? CHALLENGE : status === 429 || status === 503 ? RETRY : NONE;
}

/** HTTP status of what became of a request that passed authentication; `undefined` stands for success. */
export function outcomeStatus(error: AppImageError | undefined, mode: HttpErrorStatus): number {
  if (error === undefined) {
    return 200;
  }
  // Kuscia answers with an HTTP status where the caller may not do what it asks, and nowhere else.
  return mode === 'kuscia' && error.reason !== 'ROLE_FORBIDDEN' ? 200 : HTTP_STATUS[error.reason];
}
