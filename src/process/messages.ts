import type { AddressInfo } from 'node:net';

/** What a worker tells the process that started it. */
export type WorkerMessage =
  | { readonly type: 'listening'; readonly http: AddressInfo; readonly grpc: AddressInfo }
  | { readonly type: 'readiness'; readonly ready: boolean };

/** What a worker is told. */
export type PoolMessage = { readonly type: 'readiness?' } | { readonly type: 'end' };

/** Whether a message is one of these; metrics travel on the same channel. */
export function isMessage<M extends { readonly type: string }>(
  message: unknown,
  types: readonly M['type'][],
): message is M {
  return (
    typeof message === 'object' && message !== null && 'type' in message && types.includes(message.type as M['type'])
  );
}
