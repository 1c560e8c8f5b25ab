import type { ListenerName } from './connection-metrics.js';

/** Says why an address cannot be listened on, and what to do about it. */
export function listenError(name: ListenerName, host: string, port: number, error: Error): Error {
  const code = 'code' in error ? error.code : undefined;
  const why =
    code === 'EADDRINUSE'
      ? 'another process listens there; end it or set another port'
      : code === 'EACCES'
        ? 'this user may not listen there; ports below 1024 need a privilege'
        : code === 'EADDRNOTAVAIL'
          ? 'this machine does not have the address'
          : error.message;
  return new Error(`cannot listen on ${host}:${port} (${name}): ${why}`, { cause: error });
}
