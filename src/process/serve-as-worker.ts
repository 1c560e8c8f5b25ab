import { once } from 'node:events';
import type { Logger } from 'pino';
import { AggregatorRegistry, type Registry, type RegistryContentType } from 'prom-client';
import { startService } from '../app.js';
import type { Config } from '../config/options.js';
import { isMessage, type PoolMessage, type WorkerMessage } from './messages.js';

/**
 * Serves as one of several processes until the pool says that it is over, or is gone. Signals are the pool's to handle: a terminal sends them
 * to every process at once.
 */
export async function serveAsWorker(config: Config, log: Logger): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => undefined);
  }
  const ended = Promise.race([untilToldToEnd(), once(process, 'disconnect')]);
  const service = await startService(config, log);
  answerMetricsRequests(service.metrics.registry);
  process.on('message', (message) => {
    if (isMessage<PoolMessage>(message, ['readiness?'])) {
      void tellReadiness(service.ready);
    }
  });
  tellPool({ type: 'listening', http: service.http, grpc: service.grpc });
  await ended;
  await service[Symbol.asyncDispose]();
}

function untilToldToEnd(): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', (message) => {
      if (isMessage<PoolMessage>(message, ['end'])) {
        resolve();
      }
    });
  });
}

/** The constructor has this process answer the pool's requests for its metrics. */
function answerMetricsRequests(registry: Registry): AggregatorRegistry<RegistryContentType> {
  AggregatorRegistry.setRegistries(registry);
  return new AggregatorRegistry();
}

async function tellReadiness(ready: () => Promise<boolean>): Promise<void> {
  tellPool({ type: 'readiness', ready: await ready() });
}

function tellPool(message: WorkerMessage): void {
  if (process.connected) {
    process.send?.(message);
  }
}
