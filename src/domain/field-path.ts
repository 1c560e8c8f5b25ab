/** A step of a field path: the name of a field, a key of a map, or an index of a list. */
export type FieldPathSegment = string | number;

const NAME = /^\w+$/;
/** What may follow at one place of a path: `name`, `.name`, `[0]` or `["key"]`. */
const SEGMENT = /\.?(\w+)|\[([0-9]{1,9})\]|\[("(?:[^"\\]|\\.)*")\]/suy;

/** Writes a path as the contract does: `deploy_templates[0].name`, `config_templates["app.conf"]`. */
export function formatFieldPath(segments: readonly FieldPathSegment[]): string {
  let path = '';
  for (const segment of segments) {
    if (typeof segment === 'number') {
      path += `[${segment}]`;
    } else if (NAME.test(segment)) {
      path += path === '' ? segment : `.${segment}`;
    } else {
      path += `[${JSON.stringify(segment)}]`;
    }
  }
  return path;
}

/**
 * Takes a path apart that a violation, a finding or a difference bears. What cannot be read, such as a key that was cut since
 * it is too long for a message, ends the result: it then leads to the nearest place above.
 */
export function parseFieldPath(path: string): FieldPathSegment[] {
  const segments: FieldPathSegment[] = [];
  for (let end = 0; end < path.length; end = SEGMENT.lastIndex) {
    SEGMENT.lastIndex = end;
    const match = SEGMENT.exec(path);
    const segment = match === null ? undefined : readSegment(match);
    if (segment === undefined) {
      break;
    }
    segments.push(segment);
  }
  return segments;
}

function readSegment([, name, index, key]: RegExpExecArray): FieldPathSegment | undefined {
  if (key === undefined) {
    return index === undefined ? name : Number(index);
  }
  try {
    return JSON.parse(key) as string;
  } catch {
    return undefined;
  }
}
