import { AppImageError } from '../../domain/errors.js';

/**
 * A request that is turned away for how it was sent, before any method saw it. The status is fixed by HTTP itself and not by the error
 * table, so that it stands also where outcomes are answered with 200.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** What the caller is told. */
  readonly error: AppImageError;
  /** Whether the connection is of no use any more. */
  readonly closes: boolean;

  constructor(status: number, error: AppImageError, options: { closes?: boolean } = {}) {
    super(error.message);
    this.status = status;
    this.error = error;
    this.closes = options.closes ?? false;
  }
}

/** A {@link Refusal} of a request that could not be read. */
export function malformed(status: number, message: string): Refusal {
  return new Refusal(status, new AppImageError('REQUEST_MALFORMED', message), { closes: true });
}

/** A {@link Refusal} of a request that was sent too slowly. */
export function requestTimeout(): Refusal {
  return malformed(408, 'the request did not arrive in time; send it whole and without pauses');
}
