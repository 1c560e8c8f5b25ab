import { Counter, Gauge, type Registry } from 'prom-client';
import type { Transport } from './request-recorder.js';

/** Counts connections. They are few compared with requests, so prom-client counts directly. */
export class ConnectionRecorder {
  readonly #open: Gauge<'transport'>;
  readonly #opened: Counter<'transport'>;
  readonly #dropped: Counter<'transport'>;
  readonly #refused: Counter<'transport' | 'reason'>;
  readonly #handshakeFailures: Counter<'transport' | 'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#open = new Gauge({
      name: 'appimage_connections_open',
      help: 'Connections that are open and let through.',
      labelNames: ['transport'],
      registers,
    });
    this.#opened = new Counter({
      name: 'appimage_connections_total',
      help: 'Connections that were let through: TLS is established and the client certificate, where one is asked for, is good.',
      labelNames: ['transport'],
      registers,
    });
    this.#dropped = new Counter({
      name: 'appimage_connections_dropped_total',
      help: 'Connections closed at once, since maxConnections were open.',
      labelNames: ['transport'],
      registers,
    });
    this.#refused = new Counter({
      name: 'appimage_connections_refused_total',
      help: 'Connections refused once TLS was established, by reason: mostly a client certificate that is missing or not good.',
      labelNames: ['transport', 'reason'],
      registers,
    });
    this.#handshakeFailures = new Counter({
      name: 'appimage_tls_handshake_failures_total',
      help: 'Connections that ended before TLS was established, by reason.',
      labelNames: ['transport', 'reason'],
      registers,
    });
  }

  opened(transport: Transport): void {
    this.#open.inc({ transport });
    this.#opened.inc({ transport });
  }

  closed(transport: Transport): void {
    this.#open.dec({ transport });
  }

  dropped(transport: Transport): void {
    this.#dropped.inc({ transport });
  }

  /** @param reason a word of a fixed list, since each makes a series of its own */
  refused(transport: Transport, reason: string): void {
    this.#refused.inc({ transport, reason });
  }

  /** @param reason a word of a fixed list, since each makes a series of its own */
  handshakeFailed(transport: Transport, reason: string): void {
    this.#handshakeFailures.inc({ transport, reason });
  }
}
