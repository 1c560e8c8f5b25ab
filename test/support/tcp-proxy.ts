import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** What happens to the connection on which a client sends bytes that a fault is waiting for. */
export type Fault =
  /** Cut before the bytes reach the server. */
  | 'lose-request'
  /** The server gets the bytes, and the connection is cut in place of its answer. */
  | 'lose-answer';

interface Trap {
  readonly matches: (bytes: Buffer) => boolean;
  readonly fault: Fault;
  /** Called in the moment of the cut. */
  readonly sprung: () => void;
}

/** A TCP proxy on a loopback port that stays the same over all its faults. */
export class TcpProxy implements AsyncDisposable {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #stalled = false;
  #trap: Trap | undefined;

  private constructor(target: { host: string; port: number }) {
    this.#target = target;
  }

  static async start(target: { host: string; port: number }): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await proxy.accept();
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens (again). */
  async accept(): Promise<void> {
    const server = createServer((client) => this.#forward(client));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Cuts every connection and refuses new ones. */
  async refuse(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server?.close(resolve);
    });
    this.cut();
    await closed;
  }

  /** Resets every connection; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  /** Lets nothing through any more, in either direction, while all connections stay open and new ones are taken. */
  stall(): void {
    this.#stalled = true;
    for (const socket of this.#sockets) {
      socket.pause();
    }
  }

  /** Ends {@link stall}; what was held back is delivered. */
  resume(): void {
    this.#stalled = false;
    for (const socket of this.#sockets) {
      socket.resume();
    }
  }

  /**
   * Applies a fault to the next request that matches.
   * @param then called in the moment of the cut, before a client can notice it
   * @returns a promise of the cut
   */
  async once(fault: Fault, matches: (bytes: Buffer) => boolean, then: () => void = () => {}): Promise<void> {
    await new Promise<void>((resolve) => {
      const sprung = () => {
        then();
        resolve();
      };
      this.#trap = { matches, fault, sprung };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
  }

  #forward(client: Socket): void {
    const server = connect(this.#target);
    let answerTrap: Trap | undefined;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on('data', (bytes: Buffer) => {
      const trap = this.#takeTrap(bytes);
      if (trap?.fault === 'lose-request') {
        end();
        trap.sprung();
        return;
      }
      answerTrap = trap;
      server.write(bytes);
    });
    server.on('data', (bytes: Buffer) => {
      if (answerTrap !== undefined) {
        end();
        answerTrap.sprung();
        return;
      }
      client.write(bytes);
    });
    if (this.#stalled) {
      client.pause();
      server.pause();
    }
  }

  #takeTrap(bytes: Buffer): Trap | undefined {
    const trap = this.#trap;
    if (trap === undefined || !trap.matches(bytes)) {
      return undefined;
    }
    this.#trap = undefined;
    return trap;
  }
}
