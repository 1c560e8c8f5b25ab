/**
 * All times of the MongoDB store, in milliseconds. They are ordered, so that the innermost that can explain a failure ends first, and
 * all of them within the 5 s that the port promises:
 *
 * connect < server selection = wait for a pooled connection = write concern < socket < operation < 5000
 */
export const MONGO_TIMEOUTS = {
  /** Opening a connection, TLS and authentication included; also how long a heartbeat may take. */
  connectMs: 2000,
  /** Time between two heartbeats to a server, and so about how long a dead one is not noticed by an idle process. */
  heartbeatMs: 2000,
  /** Finding a server that can take the operation, an election included. */
  serverSelectionMs: 3000,
  /** Waiting for one of the pool's connections. */
  waitQueueMs: 3000,
  /** How long the server may wait for its majority to confirm a write. */
  writeConcernMs: 3000,
  /** Silence on a connection while an answer is due. */
  socketMs: 3500,
  /** A whole call, counted from it, or, where it waits behind others of its name, from the database's last answer. */
  operationMs: 4500,
  /** The same for a change whose database answers every time, but with changes that others made first. */
  contendedMs: 30_000,
} as const;
