import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { openAuthenticator } from './auth/open-authenticator.js';
import type { Config } from './config/options.js';
import { readVersion } from './config/version.js';
import type { AppImageStore } from './domain/app-image/app-image-store.js';
import type { TemplateLimits } from './domain/app-image/validate-app-image.js';
import { ServiceMetrics } from './observability/metrics.js';
import { AppImageService } from './service/app-image-service.js';
import { ApplyService } from './service/apply-service.js';
import { ChangeFeed } from './service/change-feed.js';
import { InspectionService } from './service/inspection-service.js';
import { RevisionService } from './service/revision-service.js';
import { WatchService } from './service/watch-service.js';
import { cachedStore, type ReadCacheOptions } from './store/cached-app-image-store.js';
import { observedStore } from './store/observed-app-image-store.js';
import { openStore } from './store/open-store.js';
import { AdminServer } from './transport/admin/admin-server.js';
import { Dispatcher } from './transport/dispatcher.js';
import { GrpcServer } from './transport/grpc/grpc-server.js';
import { createGateway } from './transport/http/gateway.js';
import { ConnectionListener, type ConnectionSecurity } from './transport/tls/connection-listener.js';
import { makeDevelopmentCertificates } from './transport/tls/development-certificates.js';
import { peerOf } from './transport/tls/peer.js';
import { TlsCredentials } from './transport/tls/tls-credentials.js';
import { appImageCodec } from './transport/wire/app-image-codec.js';
import { APP_IMAGE_METHOD_NAMES, appImageMethods } from './transport/wire/app-image-methods.js';
import { REGISTRY_METHOD_NAMES, type RegistryServices, registryMethods } from './transport/wire/registry-methods.js';
import { watchMethod } from './transport/wire/watch-method.js';

/** A client that has not finished the TLS handshake by then is cut off. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** What a read cache keeps at most: some ten thousand templates of the usual size. */
const MAX_CACHED_BYTES = 64 * 1024 * 1024;

/** The running service without its admin endpoint: what each process has that serves. */
export interface Service extends AsyncDisposable {
  readonly http: AddressInfo;
  readonly grpc: AddressInfo;
  readonly metrics: ServiceMetrics;
  /** Whether the store answers. Never rejects. */
  readonly ready: () => Promise<boolean>;
  /**
   * Ends in order: takes nothing new, finishes what is in flight for as long as the configuration allows, closes the store. Safe to
   * call again.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The whole service in one process. */
export interface App extends Service {
  readonly admin: AddressInfo;
}

/**
 * Starts the service and its admin endpoint.
 * @throws Error saying which part could not start and why; what had been opened is closed again
 */
export async function startApp(config: Config, log: Logger): Promise<App> {
  if (config.initCerts) {
    await initCertificates(config, log);
  }
  const service = await startService(config, log);
  try {
    const { ready } = service;
    const admin = await AdminServer.start({
      host: config.adminHost,
      port: config.adminPort,
      ready,
      metrics: () => service.metrics.expose(),
      log,
    });
    return {
      ...service,
      admin: admin.address,
      [Symbol.asyncDispose]: async () => {
        admin.beginShutdown();
        await service[Symbol.asyncDispose]();
        await admin[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Puts the parts together and starts them: the only place that knows all of them.
 * @throws Error as {@link startApp}
 */
export async function startService(config: Config, log: Logger): Promise<Service> {
  const opened = new OpenedParts();
  try {
    return await startParts(config, log, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function startParts(config: Config, log: Logger, opened: OpenedParts): Promise<Service> {
  const metrics = new ServiceMetrics({
    methods: [...APP_IMAGE_METHOD_NAMES, ...REGISTRY_METHOD_NAMES],
    version: readVersion(),
  });
  const { dataDir, maxRevisions, maxChanges, maxTemplateBytes } = config;
  const history = { maxRevisions, maxChanges };
  const database = opened.add(
    observedStore(await openStore({ store: config.store, dataDir, codec: appImageCodec, history }), metrics),
  );
  const store = config.readCacheMs === 0 ? database : cachedStore(database, readCacheOptions(config.readCacheMs));
  const service = new AppImageService(store, { maxTemplateBytes });
  const dispatcher = new Dispatcher({
    methods: [...appImageMethods(service), ...registryMethods(registryServices(store, { maxTemplateBytes }))],
    streams: { methods: [watchMethod(openWatches(config, store, log, opened))], metrics: metrics.streams },
    log,
    metrics,
  });
  const ready = (): Promise<boolean> => service.ready();

  const security = await openSecurity(config, log, metrics, opened);
  const authenticator = opened.add(
    await openAuthenticator(config.protocol, {
      files: { tokenFile: config.tokenFile, tokensFile: config.tokensFile },
      pollIntervalMs: config.reloadIntervalMs,
      requestsPerSecond: config.rateLimitPerSecond,
      log,
      observer: metrics,
    }),
  );

  const gateway = opened.add(await createGateway({ ...config, dispatcher, authenticator, log, peerOf }));
  const grpc = opened.add(
    new GrpcServer({
      dispatcher,
      authenticator,
      log,
      ready,
      maxMessageBytes: config.maxBodyBytes,
      requestTimeoutMs: config.requestTimeoutMs,
    }),
  );
  const shared = {
    security,
    log,
    metrics,
    limits: {
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      maxConnections: config.maxConnections,
    },
  };
  const httpListener = opened.add(
    new ConnectionListener({
      ...shared,
      name: 'http',
      alpnProtocols: ['h2', 'http/1.1'],
      onConnection: (socket, alpn) => gateway.accept(socket, alpn),
    }),
  );
  const grpcListener = opened.add(
    new ConnectionListener({
      ...shared,
      name: 'grpc',
      alpnProtocols: ['h2'],
      onConnection: (socket) => grpc.accept(socket),
    }),
  );
  const httpAddress = await httpListener.listen(config.host, config.httpPort);
  const grpcAddress = await grpcListener.listen(config.host, config.grpcPort);

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const { shutdownGraceMs: graceMs } = config;
    // The listeners stop accepting at once, and end when the servers have let go of the last connection.
    const listeners = [httpListener.close(), grpcListener.close()];
    await Promise.all([gateway.close({ graceMs }), grpc.close({ graceMs })]);
    await Promise.all(listeners);
    await opened.close();
  };
  return {
    http: httpAddress,
    grpc: grpcAddress,
    metrics,
    ready,
    [Symbol.asyncDispose]: () => {
      closed ??= close();
      return closed;
    },
  };
}

function readCacheOptions(maxAgeMs: number): ReadCacheOptions {
  return { maxAgeMs, maxBytes: MAX_CACHED_BYTES, now: () => performance.now() };
}

function registryServices(store: AppImageStore, limits: TemplateLimits): RegistryServices {
  const revisions = new RevisionService(store);
  return { revisions, apply: new ApplyService(store, limits), inspection: new InspectionService(revisions, limits) };
}

function openWatches(config: Config, store: AppImageStore, log: Logger, opened: OpenedParts): WatchService {
  const feed = new ChangeFeed(store, {
    pollIntervalMs: config.watchPollIntervalMs,
    onFault: (error) => log.error({ err: error }, 'the store does not tell what changes; watches wait until it does'),
  });
  opened.add({ [Symbol.asyncDispose]: async () => feed[Symbol.dispose]() });
  return new WatchService(store, feed, {
    checkpointIntervalMs: config.checkpointIntervalMs,
    maxBacklog: config.watchBacklog,
  });
}

/** Makes what {@link Config.initCerts} asks for, where it is missing. */
export async function initCertificates(config: Config, log: Logger): Promise<void> {
  if (config.protocol === 'NOTLS') {
    return;
  }
  const directory = resolve(config.certsDir);
  const { made, missingNames } = await makeDevelopmentCertificates(directory, { extraNames: config.extraNames });
  if (made) {
    log.info({ directory }, 'made development certificates and a token');
  }
  if (missingNames.length > 0) {
    log.warn(
      { directory, missingNames },
      'the server certificate is older than extraNames and does not cover these names',
    );
  }
}

async function openSecurity(
  config: Config,
  log: Logger,
  metrics: ServiceMetrics,
  opened: OpenedParts,
): Promise<ConnectionSecurity> {
  if (config.protocol === 'NOTLS') {
    return { protocol: 'NOTLS' };
  }
  const credentials = opened.add(
    await TlsCredentials.load({
      files: {
        caFile: config.protocol === 'MTLS' ? config.caFile : undefined,
        certificateFile: config.certFile,
        keyFile: config.keyFile,
      },
      pollIntervalMs: config.reloadIntervalMs,
      log,
      observer: metrics,
    }),
  );
  metrics.watchCertificates(() => credentials.expiries());
  return { protocol: config.protocol, credentials };
}

/** What has been opened so far, closed in the opposite order. */
class OpenedParts {
  readonly #parts: AsyncDisposable[] = [];

  add<Part extends AsyncDisposable>(part: Part): Part {
    this.#parts.push(part);
    return part;
  }

  async close(): Promise<void> {
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      await part[Symbol.asyncDispose]();
    }
  }
}
