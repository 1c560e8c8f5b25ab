import type { status } from '@grpc/grpc-js';

/** How a call ends. */
export interface CallStatus {
  readonly code: status;
  /** Well-formed text, as `String.isWellFormed` has it. */
  readonly details: string;
}
