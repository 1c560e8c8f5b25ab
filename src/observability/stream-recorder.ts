import { Counter, Gauge, type Registry } from 'prom-client';
import type { Transport } from './request-recorder.js';
import { STREAM_ENDS, type StreamEndKind, type StreamMetrics } from './stream-metrics.js';

const TRANSPORTS: readonly Transport[] = ['http', 'grpc'];

/** Counts watches, which last too long to be counted among the requests. */
export class StreamRecorder implements StreamMetrics {
  readonly #open: Gauge<'transport'>;
  readonly #ended: Counter<'transport' | 'end'>;
  readonly #events: Counter<'transport'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#open = new Gauge({
      name: 'appimage_watches_open',
      help: 'Watches that are open.',
      labelNames: ['transport'],
      registers,
    });
    this.#ended = new Counter({
      name: 'appimage_watches_ended_total',
      help: 'Watches that have ended, by how: the client went away, the server shut down, the client did not read, or it failed.',
      labelNames: ['transport', 'end'],
      registers,
    });
    this.#events = new Counter({
      name: 'appimage_watch_events_sent_total',
      help: 'Events that were sent to watches.',
      labelNames: ['transport'],
      registers,
    });
    for (const transport of TRANSPORTS) {
      this.#open.set({ transport }, 0);
      this.#events.inc({ transport }, 0);
      for (const end of STREAM_ENDS) {
        this.#ended.inc({ transport, end }, 0);
      }
    }
  }

  streamBegan(transport: Transport): void {
    this.#open.inc({ transport });
  }

  streamSent(transport: Transport, events: number): void {
    this.#events.inc({ transport }, events);
  }

  streamEnded(transport: Transport, end: StreamEndKind): void {
    this.#open.dec({ transport });
    this.#ended.inc({ transport, end });
  }
}
