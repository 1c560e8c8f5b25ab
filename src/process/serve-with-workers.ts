import type { Logger } from 'pino';
import { initCertificates } from '../app.js';
import type { Config } from '../config/options.js';
import { AdminServer } from '../transport/admin/admin-server.js';
import type { Serving } from './serving.js';
import { WorkerPool } from './worker-pool.js';

/** Starts several processes that serve; this one keeps them running and has the admin endpoint, which speaks for all of them. */
export async function serveWithWorkers(config: Config, log: Logger): Promise<Serving> {
  if (config.initCerts) {
    // Here, so that the workers find one set and do not race to make it.
    await initCertificates(config, log);
  }
  const { pool, addresses } = await WorkerPool.start(config.workers, log);
  try {
    const admin = await AdminServer.start({
      host: config.adminHost,
      port: config.adminPort,
      ready: () => pool.ready(),
      metrics: () => pool.metrics(),
      log,
    });
    return {
      ...addresses,
      admin: admin.address,
      [Symbol.asyncDispose]: async () => {
        admin.beginShutdown();
        await pool[Symbol.asyncDispose]();
        await admin[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    throw error;
  }
}
