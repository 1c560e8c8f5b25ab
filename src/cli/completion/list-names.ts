import { WatchEvent_Type, WatchRequest_Start, type WatchResponse } from '../../../gen/appimage/v1/registry.js';
import { isAppImageName } from '../../domain/app-image/validate-app-image.js';
import type { ConnectionSettings } from '../connection.js';
import { readCredentials } from '../connection.js';
import { RegistryClient } from '../registry-client.js';

/** Whoever has pressed the tab key is waiting. */
const PATIENCE_MS = 1500;
/** More than anyone reads through. */
const MOST_NAMES = 200;

/**
 * Names of templates that begin with `prefix`, as many as come in time. The registry looks for them, since it may hold a million others.
 * @throws Error where the registry cannot be asked
 */
export async function listNames(settings: ConnectionSettings, prefix: string): Promise<readonly string[]> {
  if (prefix !== '' && !isAppImageName(prefix.replace(/-+$/, ''))) {
    return [];
  }
  const credentials = readCredentials(settings);
  using client = new RegistryClient({ ...settings, timeoutMs: PATIENCE_MS }, credentials);
  const stream = client.watch({
    header: undefined,
    start: WatchRequest_Start.STATE,
    resumeToken: '',
    namePrefix: prefix,
  });
  const names = new Set<string>();
  const alarm = setTimeout(() => stream.cancel(), PATIENCE_MS);
  try {
    for await (const { events } of stream as AsyncIterable<WatchResponse>) {
      for (const { type, revision } of events) {
        if (type === WatchEvent_Type.PUT && revision !== undefined) {
          names.add(revision.name);
        }
        if (type === WatchEvent_Type.STATE_COMPLETE || names.size >= MOST_NAMES) {
          return [...names];
        }
      }
    }
  } catch {
    // What has come so far is worth something.
  } finally {
    clearTimeout(alarm);
    stream.cancel();
  }
  return [...names];
}
