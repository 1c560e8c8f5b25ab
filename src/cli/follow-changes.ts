import { status as GrpcStatus, type ServiceError } from '@grpc/grpc-js';
import {
  type WatchEvent,
  WatchEvent_Type,
  WatchRequest_Start,
  type WatchResponse,
} from '../../gen/appimage/v1/registry.js';
import { ERRORS } from '../domain/errors.js';
import { CliError } from './cli-error.js';
import type { RegistryClient } from './registry-client.js';
import { remoteError, transportError } from './remote-error.js';

export interface FollowOptions {
  /** Begin with every template that there is. */
  readonly fromState: boolean;
  readonly prefix: string;
  /** Go on behind the event that bore this token; empty for none. */
  readonly resumeToken: string;
  /** Told before each further attempt, with why and in how many milliseconds. */
  readonly onDropped: (reason: string, delayMs: number) => void;
}

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5000;
/** A stream that has been silent for longer than a few checkpoints hangs on a connection that is gone without anyone having noticed. */
const SILENCE_MS = 60_000;

/** Ends of a stream after which it can be gone on with. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([
  GrpcStatus.UNAVAILABLE,
  GrpcStatus.INTERNAL,
  GrpcStatus.UNKNOWN,
  GrpcStatus.CANCELLED,
  GrpcStatus.DEADLINE_EXCEEDED,
  GrpcStatus.RESOURCE_EXHAUSTED,
  GrpcStatus.ABORTED,
]);
const PASSING_CODES: ReadonlySet<number> = new Set([
  ERRORS.STORE_UNAVAILABLE.code,
  ERRORS.WATCHER_TOO_SLOW.code,
  ERRORS.UNEXPECTED.code,
]);

/**
 * Every event of a watch, for ever. A stream that ends is opened anew behind the last event, so that nothing is missed and nothing doubled;
 * only the first attempt must succeed.
 * @throws CliError where the registry cannot be reached at first, refuses, or no longer has the history
 */
export async function* followChanges(
  client: RegistryClient,
  { fromState, prefix, resumeToken: from, onDropped }: FollowOptions,
): AsyncGenerator<WatchEvent, void> {
  let resumeToken = from;
  let hasConnected = false;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
    let reason = 'the stream ended';
    const stream = client.watch({
      header: undefined,
      start: fromState ? WatchRequest_Start.STATE : WatchRequest_Start.NOW,
      resumeToken,
      namePrefix: prefix,
    });
    const alarm = setTimeout(() => stream.cancel(), SILENCE_MS);
    try {
      for await (const { status, events } of stream as AsyncIterable<WatchResponse>) {
        alarm.refresh();
        if (status !== undefined && PASSING_CODES.has(status.code)) {
          reason = status.message;
          break;
        }
        const failure = remoteError(status);
        if (failure !== undefined) {
          throw failure;
        }
        hasConnected = true;
        delayMs = FIRST_DELAY_MS;
        for (const event of events) {
          resumeToken = event.resumeToken;
          yield event;
        }
      }
    } catch (error) {
      if (error instanceof CliError) {
        throw error;
      }
      const fault = error as ServiceError;
      if (!hasConnected || !PASSING_STATUSES.has(fault.code)) {
        throw transportError(fault, client.settings);
      }
      reason = fault.details;
    } finally {
      clearTimeout(alarm);
      stream.cancel();
    }
    onDropped(reason, delayMs);
    await new Promise((resolve) => {
      setTimeout(resolve, delayMs);
    });
  }
}

/** Whether an event tells of a change, and not of the stream itself. */
export function isChange({ type }: WatchEvent): boolean {
  return type === WatchEvent_Type.PUT || type === WatchEvent_Type.DELETE;
}
