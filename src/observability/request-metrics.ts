/** What the dispatcher reports of every request. Called on the hot path: an implementation only counts. */
export interface RequestMetrics {
  /** A request has begun. */
  started(): void;
  /** A request that was {@link started} has ended. `code` is the one of the envelope, 0 on success. */
  finished(transport: 'http' | 'grpc', method: string, code: number, seconds: number): void;
  /** A request was turned away before it reached a method. */
  refused(transport: 'http' | 'grpc', method: string, code: number): void;
}
