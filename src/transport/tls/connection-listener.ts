import { constants, hash } from 'node:crypto';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  type SecureContextOptions,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import type { Logger } from 'pino';
import { AppImageError } from '../../domain/errors.js';
import { oneLineName, subjectOf } from './certificate-names.js';
import { findClientCertificateFault } from './client-certificate.js';
import type { ConnectionMetrics, ListenerName } from './connection-metrics.js';
import { handshakeFailureOf } from './handshake-failure.js';
import { detectHttpVersion } from './http-version-detector.js';
import { listenError } from './listen-error.js';
import { peerOf, readableAddress, rememberPeer } from './peer.js';
import { PLAIN_HTTP_ANSWER, RefusalResponder } from './refusal-responder.js';
import type { TlsCredentials } from './tls-credentials.js';
import { formatDate, type TlsMaterial, validityOf } from './tls-material.js';
import type { AlpnProtocol } from './transport-protocol.js';

/** How connections are protected; see `TRANSPORT_PROTOCOLS`. */
export type ConnectionSecurity =
  | { readonly protocol: 'MTLS' | 'TLS'; readonly credentials: TlsCredentials }
  | { readonly protocol: 'NOTLS' };

export interface ConnectionListenerOptions {
  readonly name: ListenerName;
  readonly security: ConnectionSecurity;
  /** What the server behind speaks, the preferred one first. */
  readonly alpnProtocols: readonly AlpnProtocol[];
  /** Takes over a connection that is established and, with MTLS, has a client certificate of the CA. Its {@link peerOf} is known. */
  readonly onConnection: (socket: Socket, alpn: AlpnProtocol) => void;
  readonly log: Logger;
  readonly metrics: ConnectionMetrics;
  readonly limits: ConnectionLimits;
}

export interface ConnectionLimits {
  /** A client that has not finished the TLS handshake by then is cut off. */
  readonly handshakeTimeoutMs: number;
  /** Further connections are closed at once. */
  readonly maxConnections: number;
}

/**
 * A port: accepts connections, does the TLS handshake, checks the client certificate once, and hands the connection to a
 * server. Gateway and gRPC stand on one of these each, so that both have the same TLS.
 */
export class ConnectionListener implements AsyncDisposable {
  readonly #options: ConnectionListenerOptions;
  readonly #log: Logger;
  readonly #server: Server;
  readonly #refusals = new RefusalResponder();
  /** Connections in their handshake, by address and port of the client. */
  readonly #handshaking = new Map<string, Socket>();
  readonly #open = new Set<Socket>();
  readonly #stopReloading: () => void;
  #closed: Promise<void> | undefined;

  /** @throws Error where MTLS has no CA to check client certificates with */
  constructor(options: ConnectionListenerOptions) {
    this.#options = options;
    this.#log = options.log.child({ listener: options.name });
    const { security } = options;
    if (security.protocol === 'NOTLS') {
      this.#server = this.#createTcpServer();
      this.#stopReloading = () => undefined;
    } else {
      const { protocol, credentials } = security;
      if (protocol === 'MTLS' && credentials.current.ca === undefined) {
        throw new Error('MTLS needs a CA certificate to check client certificates with');
      }
      const server = this.#createTlsServer(protocol, credentials);
      this.#server = server;
      this.#stopReloading = credentials.onReload((material) =>
        server.setSecureContext(contextOptions(protocol, material)),
      );
    }
    this.#server.maxConnections = options.limits.maxConnections;
    this.#server.on('drop', () => {
      options.metrics.connectionDropped(options.name);
      this.#log.warn({ maxConnections: options.limits.maxConnections }, 'connection dropped: too many are open');
    });
  }

  /**
   * Begins to accept connections.
   * @param port 0 for any free one
   * @throws Error saying why the address cannot be listened on
   */
  async listen(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error) => reject(listenError(this.#options.name, host, port, error)));
      this.#server.listen({ host, port }, resolve);
    });
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) => this.#log.error({ err: error }, 'cannot accept connections'));
    return this.address();
  }

  /** Where it listens. */
  address(): AddressInfo {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') {
      throw new Error(`the ${this.#options.name} listener is not listening`);
    }
    return address;
  }

  /** Connections that a server has been handed and that are still open. */
  get openConnections(): number {
    return this.#open.size;
  }

  /**
   * Stops accepting connections and ends those that no server has been handed yet. The others are left to their server.
   * Ends when the last of them has ended; see {@link destroyAll}.
   */
  async close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#stopReloading();
      for (const socket of this.#handshaking.values()) {
        socket.destroy();
      }
      this.#refusals[Symbol.dispose]();
    });
    await this.#closed;
  }

  /** Cuts all connections off, whatever they are doing. */
  destroyAll(): void {
    for (const socket of this.#open) {
      socket.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.close();
    this.destroyAll();
    await closed;
  }

  #createTcpServer(): Server {
    const { alpnProtocols, limits } = this.#options;
    const [only] = alpnProtocols;
    // HTTP/1.1 is half-open, as node:http has it: a client may end its side once the request is sent, and still gets the answer.
    const allowHalfOpen = alpnProtocols.includes('http/1.1');
    return createTcpServer({ noDelay: true, keepAlive: true, allowHalfOpen }, (socket) => {
      this.#track(socket);
      this.#watchErrors(socket);
      if (alpnProtocols.length === 1 && only !== undefined) {
        this.#handOver(socket, only, undefined);
        return;
      }
      detectHttpVersion(socket, limits.handshakeTimeoutMs, (version) => {
        socket.allowHalfOpen = version === 'http/1.1';
        this.#handOver(socket, version, undefined);
      });
    });
  }

  #createTlsServer(protocol: 'MTLS' | 'TLS', credentials: TlsCredentials): TlsServer {
    const server = createTlsServer(
      {
        ...contextOptions(protocol, credentials.current),
        ALPNProtocols: [...this.#options.alpnProtocols],
        requestCert: protocol === 'MTLS',
        // The listener decides, so that the caller can be told why: docs/decisions/0002-refused-client-certificates.md
        rejectUnauthorized: false,
        handshakeTimeout: this.#options.limits.handshakeTimeoutMs,
        noDelay: true,
        keepAlive: true,
      },
      (socket) => this.#secured(socket, protocol, credentials.current),
    );
    server.on('connection', (socket: Socket) => this.#track(socket));
    server.on('tlsClientError', (error, socket) => this.#handshakeFailed(error, socket));
    return server;
  }

  #secured(socket: TLSSocket, protocol: 'MTLS' | 'TLS', material: TlsMaterial): void {
    this.#watchErrors(socket);
    const certificate = protocol === 'MTLS' ? socket.getPeerX509Certificate() : undefined;
    const alpn: AlpnProtocol = socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1';
    const fault =
      protocol === 'MTLS' ? findClientCertificateFault(socket, certificate, material, new Date()) : undefined;
    if (fault === undefined && this.#options.alpnProtocols.includes(alpn)) {
      this.#handOver(socket, alpn, certificate === undefined ? undefined : subjectOf(certificate));
      return;
    }
    const { reason, message } = fault ?? {
      reason: 'not_http2' as const,
      message: 'this port speaks gRPC, which is HTTP/2; the client must offer h2 by ALPN in the TLS handshake',
    };
    this.#options.metrics.connectionRefused(this.#options.name, reason);
    const validity = certificate === undefined ? undefined : validityOf(certificate);
    this.#log.warn(
      {
        ...peerOf(socket),
        ...(certificate === undefined || validity === undefined
          ? {}
          : {
              certificateSubject: subjectOf(certificate),
              certificateIssuer: oneLineName(certificate.issuer),
              certificateNotBefore: formatDate(validity.notBefore),
              certificateNotAfter: formatDate(validity.notAfter),
            }),
        reason,
      },
      `connection refused: ${message}`,
    );
    this.#handshaking.delete(keyOf(socket));
    this.#refusals.refuse(socket, alpn, {
      error: new AppImageError(fault === undefined ? 'REQUEST_MALFORMED' : 'AUTH_FAILED', message),
      httpStatus: fault === undefined ? 400 : 401,
    });
  }

  #handOver(socket: Socket, alpn: AlpnProtocol, certificateSubject: string | undefined): void {
    this.#handshaking.delete(keyOf(socket));
    this.#open.add(socket);
    rememberPeer(socket, { address: readableAddress(socket.remoteAddress), certificateSubject });
    const { metrics, name } = this.#options;
    metrics.connectionOpened(name);
    socket.once('close', () => {
      metrics.connectionClosed(name);
      this.#open.delete(socket);
    });
    this.#options.onConnection(socket, alpn);
  }

  #track(socket: Socket): void {
    const key = keyOf(socket);
    this.#handshaking.set(key, socket);
    socket.once('close', () => {
      if (this.#handshaking.get(key) === socket) {
        this.#handshaking.delete(key);
      }
    });
  }

  /** A reset connection must not end the process, whoever owns the socket at that moment. */
  #watchErrors(socket: Socket): void {
    socket.on('error', (error) => this.#log.debug({ ...peerOf(socket), err: error }, 'connection failed'));
  }

  #handshakeFailed(error: Error, socket: TLSSocket): void {
    const failure = handshakeFailureOf(error);
    this.#options.metrics.handshakeFailed(this.#options.name, failure.kind);
    // Load balancers open connections and close them again to see whether the port is there.
    const level = failure.kind === 'reset' ? 'debug' : 'warn';
    this.#log[level](
      { ...peerOf(socket), reason: failure.kind, detail: 'code' in error ? error.code : error.message },
      `TLS handshake failed: ${failure.hint}`,
    );
    if (failure.kind === 'plain_text') {
      // The TLS socket is of no more use, but the one below it can still say what is wrong.
      this.#handshaking.get(keyOf(socket))?.end(PLAIN_HTTP_ANSWER);
    }
    socket.destroy();
  }
}

function contextOptions(protocol: 'MTLS' | 'TLS', material: TlsMaterial): SecureContextOptions {
  const ca = protocol === 'MTLS' ? material.ca : undefined;
  return {
    cert: material.certificate,
    key: material.key,
    ...(ca === undefined ? {} : { ca }),
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    // A session keeps the outcome of the certificate's check. It can be resumed only under the CA that the check was made with,
    // since OpenSSL does not resume a session of another context.
    sessionIdContext: hash('sha256', Buffer.concat([Buffer.from(protocol), ca ?? Buffer.of()])).slice(0, 32),
  };
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
