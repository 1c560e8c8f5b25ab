import { compareCodePoints } from '../app-image/code-point-order.js';
import { type FieldPathSegment, parseFieldPath } from '../field-path.js';

/** Where a field stands in the template. */
export type FieldOrder = readonly FieldPathSegment[];

/**
 * The fields of all messages, each message's own in the order of their numbers. They are in one list, since no two messages have the
 * same two fields in different orders.
 */
const FIELDS = [
  'name image tag id sign config_templates deploy_templates role replicas restart_policy',
  'containers command args working_dir config_volume_mounts mount_path sub_path',
  'network_policy ingresses from roles affinity ports protocol scope',
  'env_from prefix config_map_ref secret_ref env value resources limits requests cpu memory',
  'liveness_probe readiness_probe startup_probe exec http_get tcp_socket grpc',
  'initial_delay_seconds timeout_seconds period_seconds success_threshold failure_threshold',
  'termination_grace_period_seconds image_pull_policy metric_probe path port host scheme',
  'http_headers service security_context labels annotations',
].flatMap((line) => line.split(' '));

const RANKS: ReadonlyMap<string, number> = new Map(FIELDS.map((field, rank) => [field, rank]));
const MAPS: ReadonlySet<FieldPathSegment | undefined> = new Set(['config_templates', 'labels', 'annotations']);
const LAST = FIELDS.length;

/** What {@link compareFields} needs to know of a path: the ranks of fields, the indices of lists, the keys of maps. */
export function fieldOrder(field: string): FieldOrder {
  const segments = parseFieldPath(field);
  // What concerns the template as a whole comes last, as from the validation.
  if (segments.length === 0) {
    return [LAST];
  }
  return segments.map((segment, index) => {
    const isField = typeof segment === 'string' && !MAPS.has(segments[index - 1]);
    return isField ? (RANKS.get(segment) ?? LAST) : segment;
  });
}

/** Orders paths as their fields stand in the template: what contains comes before what is contained. */
export function compareFields(a: FieldOrder, b: FieldOrder): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const difference = compareSegments(a[index], b[index]);
    if (difference !== 0) {
      return difference;
    }
  }
  return a.length - b.length;
}

function compareSegments(a: FieldPathSegment | undefined, b: FieldPathSegment | undefined): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : compareCodePoints(String(a), String(b));
}
