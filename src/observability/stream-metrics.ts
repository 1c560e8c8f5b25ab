/** How a stream can end: its client went away, the server shut down, its client did not read, or it could not begin or go on. */
export const STREAM_ENDS = ['client', 'shutdown', 'too_slow', 'failed'] as const;
export type StreamEndKind = (typeof STREAM_ENDS)[number];

/** What the dispatcher reports of every stream. Streams are no requests: they last too long for the metrics of those. */
export interface StreamMetrics {
  streamBegan(transport: 'http' | 'grpc'): void;
  /** Events went out to a stream's client. Called on the hot path: an implementation only counts. */
  streamSent(transport: 'http' | 'grpc', events: number): void;
  /** A stream that {@link streamBegan} has ended. */
  streamEnded(transport: 'http' | 'grpc', end: StreamEndKind): void;
}
