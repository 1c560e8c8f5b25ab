import type { FieldViolation } from '../domain/errors.js';
import { EXIT_CODES, type ExitName } from './exit-codes.js';

interface CliErrorOptions {
  /** What to do next, one step a line. */
  readonly hint?: string | undefined;
  readonly violations?: readonly FieldViolation[];
  /** The code of the registry's error table, where the registry said no. */
  readonly serverCode?: number | undefined;
  /** Whether the command has written its document already, so that the error is not to be one more. */
  readonly isReported?: boolean;
  /** Whether the user has seen the violations already. */
  readonly areViolationsShown?: boolean;
  readonly cause?: unknown;
}

/** Why a command ends without having done its work: what was wrong, what to do about it, and the exit code that says so. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exit: ExitName;
  readonly hint: string | undefined;
  readonly violations: readonly FieldViolation[];
  readonly serverCode: number | undefined;
  readonly isReported: boolean;
  readonly areViolationsShown: boolean;

  constructor(exit: ExitName, message: string, options: CliErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.exit = exit;
    this.hint = options.hint;
    this.violations = options.violations ?? [];
    this.serverCode = options.serverCode;
    this.isReported = options.isReported ?? false;
    this.areViolationsShown = options.areViolationsShown ?? false;
  }

  get exitCode(): number {
    return EXIT_CODES[this.exit].code;
  }
}

/** The same error under other circumstances. */
export function changedError(error: CliError, changes: CliErrorOptions): CliError {
  const { hint, violations, serverCode, areViolationsShown, isReported } = error;
  return new CliError(error.exit, error.message, {
    hint,
    violations,
    serverCode,
    areViolationsShown,
    isReported,
    cause: error,
    ...changes,
  });
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
