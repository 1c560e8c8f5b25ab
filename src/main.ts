#!/usr/bin/env node
import cluster from 'node:cluster';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import { startApp } from './app.js';
import { banner } from './banner.js';
import { ConfigError } from './config/config-error.js';
import { loadConfig } from './config/load-config.js';
import type { Config } from './config/options.js';
import { ServiceLog } from './observability/logger.js';
import { serveAsWorker } from './process/serve-as-worker.js';
import { serveWithWorkers } from './process/serve-with-workers.js';

/**
 * Small buffers are cut out of pools of this size, in bytes. A pool of Node's 8 KiB holds one or two answers, and making one costs as much as
 * looking up a template.
 */
Buffer.poolSize = 32 * 1024;

/**
 * V8 puts objects into its old generation at once where those made at the same place have mostly outlived a quick round of the collector. Requests that wait
 * together for the disk do that once, and from then on each of them stays until the next slow round, with all that it consists of: a change
 * then costs 30 us more of CPU.
 */
setFlagsFromString('--no-allocation-site-pretenuring');

/** A wrong flag, variable or file, as in sysexits.h. */
const EXIT_USAGE = 64;

async function run(config: Config, warnings: readonly string[]): Promise<void> {
  const log = new ServiceLog({ level: config.logLevel });
  try {
    await serve(config, warnings, log);
  } finally {
    await log[Symbol.asyncDispose]();
  }
}

async function serve(config: Config, warnings: readonly string[], log: ServiceLog): Promise<void> {
  const { logger } = log;
  const fail = (error: unknown, message: string): void => {
    logger.fatal({ err: error }, message);
    log.flushSync();
    process.exit(1);
  };
  process.on('uncaughtException', (error) => fail(error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => fail(error, 'unhandled rejection'));
  for (const warning of warnings) {
    logger.warn(warning);
  }

  if (cluster.isWorker) {
    await serveAsWorker(config, logger);
    return;
  }
  const signal = nextSignal();
  const app = config.workers === 1 ? await startApp(config, logger) : await serveWithWorkers(config, logger);
  logger.info({ http: app.http, grpc: app.grpc, admin: app.admin, protocol: config.protocol }, 'listening');
  if (process.stderr.isTTY || config.initCerts) {
    process.stderr.write(`${banner(config, app)}\n`);
  }

  logger.info({ signal: await signal, graceMs: config.shutdownGraceMs }, 'ending');
  void endAtOnceOnSignal(logger);
  await app[Symbol.asyncDispose]();
  logger.info('ended');
}

/** Somebody who asks twice does not want to wait. */
async function endAtOnceOnSignal(logger: Logger): Promise<void> {
  logger.warn({ signal: await nextSignal() }, 'ending at once');
  // Not process.exit: it waits for a log line that nobody reads.
  process.kill(process.pid, 'SIGKILL');
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, resolve);
    }
  });
}

try {
  const loaded = await loadConfig(process.argv.slice(2), process.env);
  if (loaded.kind === 'print') {
    process.stdout.write(loaded.text);
  } else {
    await run(loaded.config, loaded.warnings);
  }
} catch (error) {
  process.stderr.write(`appimage-server: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof ConfigError ? EXIT_USAGE : 1);
}
process.exit(0);
