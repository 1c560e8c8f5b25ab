/** An error as it stands in the log. */
export interface SerialisedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  /** What drivers and Node.js call the fault, such as `ECONNREFUSED`. */
  readonly code?: string | number;
  readonly cause?: SerialisedError;
  /** What an `AggregateError` is made of. */
  readonly errors?: readonly SerialisedError[];
}

const DEEPEST_CAUSE = 8;
const MOST_ERRORS = 5;

/**
 * An error with its chain of causes. Further properties are left out on purpose: drivers keep commands, options and
 * credentials in them.
 */
export function serialiseError(error: unknown, depth = 0): SerialisedError {
  if (!(error instanceof Error)) {
    return { type: typeof error, message: typeof error === 'string' ? error : `a value that is no error was thrown` };
  }
  const code = 'code' in error ? error.code : undefined;
  const deeper = depth < DEEPEST_CAUSE;
  const errors: readonly unknown[] =
    error instanceof AggregateError && deeper ? error.errors.slice(0, MOST_ERRORS) : [];
  return {
    type: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.cause === undefined || !deeper ? {} : { cause: serialiseError(error.cause, depth + 1) }),
    ...(errors.length === 0 ? {} : { errors: errors.map((each) => serialiseError(each, depth + 1)) }),
  };
}
