import { Latencies } from '../load/latencies.js';
import { cpuTimeUs } from '../processes/process-usage.js';
import type { StoreFloorReply } from './store-floor-message.js';

const LEAD_IN_MS = 200;

/** Keeps `inFlight` writes going and measures them for `windowMs`. */
export async function measureWrites(
  inFlight: number,
  windowMs: number,
  write: () => Promise<unknown>,
): Promise<StoreFloorReply> {
  const latencies = new Latencies();
  const state = { running: true };
  const writers = Array.from({ length: inFlight }, async () => {
    while (state.running) {
      const startedAt = performance.now();
      await write();
      latencies.add(performance.now() - startedAt);
    }
  });
  await new Promise((resolve) => setTimeout(resolve, LEAD_IN_MS));
  latencies.clear();
  const cpuUs = cpuTimeUs(process.pid);
  const startedAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, windowMs));
  const seconds = (performance.now() - startedAt) / 1000;
  const usedUs = cpuTimeUs(process.pid) - cpuUs;
  const requests = latencies.count;
  const [p50Us = 0, p99Us = 0] = latencies.percentilesUs([0.5, 0.99]);
  state.running = false;
  await Promise.all(writers);
  return { requestsPerSecond: requests / seconds, p50Us, p99Us, cpuUsPerRequest: usedUs / requests };
}
