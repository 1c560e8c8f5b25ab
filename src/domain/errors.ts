/**
 * The one table of outcomes: name, code on the wire and meaning. Every transport maps it with
 * `satisfies Record<ErrorName, ...>`, and a test holds `docs/errors.md` against it, so a new code does not compile
 * or pass until each of them knows it.
 */
export const ERRORS = {
  REQUEST_INVALID: { code: 11100, meaning: 'The request breaks a rule of the contract.' },
  REQUEST_MALFORMED: { code: 11100, meaning: 'The request could not be read: broken encoding, wrong path or method.' },
  UNEXPECTED: { code: 11101, meaning: 'A fault of the service; the message carries the request id for the log.' },
  AUTH_FAILED: { code: 11102, meaning: 'No valid token or client certificate was presented.' },
  ROLE_FORBIDDEN: { code: 11102, meaning: "The token's role does not allow the method." },
  CREATE_FAILED: { code: 13100, meaning: 'The store failed while creating a template.' },
  QUERY_FAILED: { code: 13101, meaning: 'The store failed while reading a template.' },
  UPDATE_FAILED: { code: 13102, meaning: 'The store failed while updating a template.' },
  DELETE_FAILED: { code: 13103, meaning: 'The store failed while deleting a template.' },
  BATCH_QUERY_FAILED: { code: 13104, meaning: 'The store failed while reading several templates.' },
  APP_IMAGE_NOT_FOUND: { code: 13105, meaning: 'No template has this name.' },
  APP_IMAGE_EXISTS: { code: 13106, meaning: 'A template of this name is already stored.' },
  LIST_FAILED: { code: 13107, meaning: 'The store failed while listing templates.' },
  REVISION_CONFLICT: { code: 13150, meaning: '`If-Match` names another revision than the stored one.' },
  STORE_UNAVAILABLE: { code: 13151, meaning: 'The database could not be reached in time; retry.' },
  BODY_TOO_LARGE: { code: 13152, meaning: 'The request body is over the size limit.' },
  RESUME_TOKEN_EXPIRED: {
    code: 13153,
    meaning:
      'The history that is kept does not reach back to this resume token; the message has the earliest usable one.',
  },
  REVISION_NOT_FOUND: { code: 13154, meaning: 'The template has no such revision or tag.' },
  TAG_CONFLICT: { code: 13155, meaning: 'The tag points at another revision than the condition names.' },
  HISTORY_FAILED: { code: 13101, meaning: 'The store failed while reading or writing the history of a template.' },
  WATCHER_TOO_SLOW: {
    code: 13152,
    meaning: 'A watcher did not read fast enough and was disconnected; go on with its last resume token.',
  },
  RATE_LIMITED: { code: 13152, meaning: 'The caller sends more requests a second than the limit allows; retry.' },
} as const satisfies Record<string, { code: number; meaning: string }>;

export type ErrorName = keyof typeof ERRORS;

/** One fault of one field. */
export interface FieldViolation {
  /** Path in the names of the contract, e.g. `deploy_templates[0].containers[1].name`; empty for the body as a whole. */
  readonly field: string;
  /** The value found and what is allowed, as one sentence. */
  readonly description: string;
}

/**
 * A failure that a caller is told about. Everything in it may go over the wire except `cause`, which is for the log.
 */
export class AppImageError extends Error {
  override readonly name = 'AppImageError';
  readonly reason: ErrorName;
  readonly violations: readonly FieldViolation[];

  constructor(
    reason: ErrorName,
    message: string,
    options: { violations?: readonly FieldViolation[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.reason = reason;
    this.violations = options.violations ?? [];
  }

  /** The numeric code on the wire. */
  get code(): number {
    return ERRORS[this.reason].code;
  }
}

/** Violations that a message spells out; the rest is counted. */
const SUMMARISED_VIOLATIONS = 3;

/** A {@link AppImageError} of bad input that carries every fault and sums them up in one readable line. */
export function invalidRequest(violations: readonly FieldViolation[]): AppImageError {
  const shown = violations
    .slice(0, SUMMARISED_VIOLATIONS)
    .map(({ field, description }) => (field === '' ? description : `${field}: ${description}`));
  const hidden = violations.length - shown.length;
  const message = `invalid request: ${shown.join('; ')}${hidden > 0 ? `; and ${hidden} more` : ''}`;
  return new AppImageError('REQUEST_INVALID', message, { violations });
}

/** The longest part of a caller's value that an error repeats, in UTF-16 code units. */
export const QUOTED_VALUE_LENGTH = 64;

/** A caller's value as it appears in an error: quoted, control characters escaped, cut to a readable length. */
export function quoteValue(value: string): string {
  return value.length <= QUOTED_VALUE_LENGTH
    ? JSON.stringify(value)
    : `${JSON.stringify(value.slice(0, QUOTED_VALUE_LENGTH).toWellFormed())}... (${value.length} characters)`;
}
