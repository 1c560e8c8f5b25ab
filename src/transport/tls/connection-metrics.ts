/** Which server a connection is meant for. */
export type ListenerName = 'http' | 'grpc';

/** Why an established TLS connection was not let through to the methods. */
export const REFUSAL_REASONS = [
  'no_certificate',
  'unknown_ca',
  'expired',
  'not_yet_valid',
  'wrong_usage',
  'invalid_certificate',
  'not_http2',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Why a connection ended before TLS was established. */
export const HANDSHAKE_FAILURES = ['timeout', 'plain_text', 'rejected_by_client', 'protocol', 'reset'] as const;
export type HandshakeFailure = (typeof HANDSHAKE_FAILURES)[number];

/** What a listener reports of its connections. An implementation only counts. */
export interface ConnectionMetrics {
  /** A connection was handed to its server. */
  connectionOpened(listener: ListenerName): void;
  /** A connection that was {@link connectionOpened} has ended. */
  connectionClosed(listener: ListenerName): void;
  connectionRefused(listener: ListenerName, reason: RefusalReason): void;
  handshakeFailed(listener: ListenerName, failure: HandshakeFailure): void;
  /** A connection over the limit was closed at once. */
  connectionDropped(listener: ListenerName): void;
}
