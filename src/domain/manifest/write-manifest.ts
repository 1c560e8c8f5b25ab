import type { AppImage } from '../app-image/app-image.js';
import { compareCodePoints } from '../app-image/code-point-order.js';
import { parseJsonContent } from '../app-image/json-content.js';
import type { JsonLike, JsonLikeObject } from './json-like.js';
import { MANIFEST_API_VERSION, MANIFEST_KIND } from './read-manifest.js';
import { type MessageShape, type Shape, TEMPLATE_SHAPE } from './template-shape.js';

/** Port numbers as everyone writes them; anything else is a name. */
const PORT_NUMBER = /^[1-9][0-9]{0,4}$/;

/**
 * The Kubernetes manifest of a template, as plain values in the order in which people write them. What is empty is left out,
 * except for what Kuscia's CRD requires. {@link manifestToAppImage} reads it back without a problem. Integers beyond what a
 * double holds exactly are `bigint`.
 */
export function appImageToManifest(appImage: AppImage): JsonLikeObject {
  return { apiVersion: MANIFEST_API_VERSION, kind: MANIFEST_KIND, ...writeMessage(TEMPLATE_SHAPE, appImage) };
}

function writeMessage(shape: MessageShape, message: object): JsonLikeObject {
  const written: Record<string, JsonLike> = {};
  const groups: Record<string, Record<string, JsonLike>> = {};
  for (const { property, group, shape: inner, required } of shape.fields) {
    let target = written;
    if (group !== undefined) {
      target = groups[group] ??= {};
      written[group] = target;
    }
    const value: unknown = Reflect.get(message, property);
    if (value !== undefined && (required || !isEmpty(value))) {
      target[property] = writeValue(inner, value);
    }
  }
  return written;
}

/** Whether a value is its default, which proto3 does not tell from none. A message that is there is more than none, even if empty. */
function isEmpty(value: unknown): boolean {
  return (
    value === '' ||
    value === 0 ||
    value === 0n ||
    (Array.isArray(value) && value.length === 0) ||
    (value instanceof Map && value.size === 0)
  );
}

function writeValue(shape: Shape, value: unknown): JsonLike {
  switch (shape.kind) {
    case 'port':
      return PORT_NUMBER.test(String(value)) ? Number(value) : String(value);
    case 'int64':
      return writeInt64(value as bigint);
    case 'text map':
      return writeMap(value as ReadonlyMap<string, string>);
    case 'embedded json':
      return writeJson(String(value));
    case 'list':
      return (value as readonly unknown[]).map((element) => writeValue(shape.element, element));
    case 'message':
      return writeMessage(shape, value as object);
    default:
      return value as string | number;
  }
}

function writeInt64(value: bigint): number | bigint {
  return BigInt.asIntN(53, value) === value ? Number(value) : value;
}

function writeMap(map: ReadonlyMap<string, string>): JsonLikeObject {
  return Object.fromEntries([...map].sort(([a], [b]) => compareCodePoints(a, b)));
}

/**
 * A text with numbers that a double would round, or that is no JSON, is shown as it is; reading takes the former that way as well, so
 * that nothing is lost.
 */
function writeJson(text: string): JsonLike {
  return parseJsonContent(text) ?? text;
}
