/** What a floor server is told: to start, or which bytes to answer from now on. */
export type FloorMessage =
  | { readonly kind: 'start'; readonly ca: string; readonly certificate: string; readonly key: string }
  | { readonly kind: 'answer'; readonly base64: string; readonly contentType: string };

export interface FloorReply {
  /** Where it listens, after it has started. */
  readonly port: number;
}
