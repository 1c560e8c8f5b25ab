import { status as GrpcStatus } from '@grpc/grpc-js';
import type { AppImageError, ErrorName } from '../../domain/errors.js';

/**
 * How an outcome ends the RPC. Nearly all end it OK, with the outcome in the `status` of the response, since that is what
 * Kuscia's clients read; the others say that the call never got as far as a method.
 */
const GRPC_STATUS = {
  REQUEST_INVALID: 'in-envelope',
  REQUEST_MALFORMED: GrpcStatus.INVALID_ARGUMENT,
  UNEXPECTED: 'in-envelope',
  AUTH_FAILED: GrpcStatus.UNAUTHENTICATED,
  ROLE_FORBIDDEN: GrpcStatus.PERMISSION_DENIED,
  CREATE_FAILED: 'in-envelope',
  QUERY_FAILED: 'in-envelope',
  UPDATE_FAILED: 'in-envelope',
  DELETE_FAILED: 'in-envelope',
  BATCH_QUERY_FAILED: 'in-envelope',
  APP_IMAGE_NOT_FOUND: 'in-envelope',
  APP_IMAGE_EXISTS: 'in-envelope',
  LIST_FAILED: 'in-envelope',
  REVISION_CONFLICT: 'in-envelope',
  STORE_UNAVAILABLE: 'in-envelope',
  BODY_TOO_LARGE: GrpcStatus.RESOURCE_EXHAUSTED,
  RESUME_TOKEN_EXPIRED: 'in-envelope',
  REVISION_NOT_FOUND: 'in-envelope',
  TAG_CONFLICT: 'in-envelope',
  HISTORY_FAILED: 'in-envelope',
  WATCHER_TOO_SLOW: GrpcStatus.RESOURCE_EXHAUSTED,
  RATE_LIMITED: 'in-envelope',
} as const satisfies Record<ErrorName, GrpcStatus | 'in-envelope'>;

/** Clients take 8 KiB of metadata in all, and each character beyond ASCII is up to 9 bytes of it. */
const MAX_DETAILS_LENGTH = 512;

/** The status that an outcome ends the RPC with; `undefined` where it ends OK and the response tells. */
export function grpcStatusOf(error: AppImageError | undefined): { code: GrpcStatus; details: string } | undefined {
  if (error === undefined) {
    return undefined;
  }
  const code = GRPC_STATUS[error.reason];
  return code === 'in-envelope' ? undefined : { code, details: statusDetails(error.message) };
}

/** A message cut to what fits, and without lone surrogates: grpc-js encodes it with `encodeURI`, which throws on them. */
function statusDetails(message: string): string {
  return (message.length > MAX_DETAILS_LENGTH ? `${message.slice(0, MAX_DETAILS_LENGTH)}...` : message).toWellFormed();
}
