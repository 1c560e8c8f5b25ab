import type { Socket } from 'node:net';
import type { Peer } from '../dispatcher.js';
import { peerOf } from '../tls/peer.js';

/** The open connections, by the name that grpc-js gives to the peer of a call. */
export class Connections {
  readonly #open = new Map<string, Socket>();
  #onEmpty: (() => void) | undefined;

  add(socket: Socket): void {
    const name = `${socket.remoteAddress}:${socket.remotePort}`;
    this.#open.set(name, socket);
    socket.once('close', () => {
      if (this.#open.get(name) === socket) {
        this.#open.delete(name);
      }
      if (this.#open.size === 0) {
        this.#onEmpty?.();
      }
    });
  }

  /**
   * Who is at the other end, by what `call.getPeer()` says. Asking the call for its certificate would parse that anew each time.
   */
  peer(name: string): Peer {
    const socket = this.#open.get(name);
    return socket === undefined ? { address: name, certificateSubject: undefined } : peerOf(socket);
  }

  get size(): number {
    return this.#open.size;
  }

  /** Resolves once no connection is open. */
  async whenEmpty(): Promise<void> {
    if (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
  }

  /** Cuts every connection that is still open. */
  destroyAll(): void {
    for (const socket of this.#open.values()) {
      socket.destroy();
    }
  }
}
