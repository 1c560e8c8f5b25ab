import type { AddressInfo } from 'node:net';

/** A server that is up, in one process or in several. Disposing ends it in order. */
export interface Serving extends AsyncDisposable {
  readonly http: AddressInfo;
  readonly grpc: AddressInfo;
  readonly admin: AddressInfo;
}
