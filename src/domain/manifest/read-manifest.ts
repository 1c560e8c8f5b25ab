import type { AppImage } from '../app-image/app-image.js';
import { didYouMean } from '../did-you-mean.js';
import { quoteValue } from '../errors.js';
import { DocumentReading } from './document-reading.js';
import { isJsonLikeArray, isJsonLikeObject, type JsonLike, type JsonLikeObject } from './json-like.js';
import type { ManifestProblem } from './manifest-problem.js';
import { TEMPLATE_SHAPE } from './template-shape.js';

export const MANIFEST_API_VERSION = 'kuscia.secretflow/v1alpha1';
export const MANIFEST_KIND = 'AppImage';

/** A template as far as it could be read, and what could not. */
export interface ReadTemplate {
  readonly appImage: AppImage;
  readonly problems: readonly ManifestProblem[];
}

/**
 * Reads the template of a Kubernetes manifest. It never throws: what is wrong or would be lost is a problem, and the rest is read.
 * Whether the template keeps the rules of the contract is for the validation to say.
 */
export function manifestToAppImage(manifest: JsonLike): ReadTemplate {
  const reading = new DocumentReading('manifest');
  const appImage = reading.message(TEMPLATE_SHAPE, manifest, new Set(['apiVersion', 'kind']));
  if (isJsonLikeObject(manifest)) {
    expectText(reading, manifest, 'apiVersion', MANIFEST_API_VERSION);
    expectText(reading, manifest, 'kind', MANIFEST_KIND);
    reportZeroReplicas(reading, manifest);
  }
  // The shape has every field of the type: it would not compile otherwise.
  return { appImage: appImage as unknown as AppImage, problems: reading.problems };
}

/** Reads a template in the API's own JSON form: snake_case or lowerCamelCase names, as in the requests of create and apply. */
export function apiJsonToAppImage(json: JsonLike): ReadTemplate {
  const reading = new DocumentReading('api');
  // The body of a create has the caller's headers beside the template.
  const appImage = reading.message(TEMPLATE_SHAPE, json, new Set(['header']));
  return { appImage: appImage as unknown as AppImage, problems: reading.problems };
}

function expectText(reading: DocumentReading, manifest: JsonLikeObject, key: string, expected: string): void {
  const value = manifest[key];
  if (value === expected) {
    return;
  }
  reading.at(key, () => {
    if (value === undefined || value === null) {
      reading.report('error', `is missing; write ${key}: ${expected}`);
    } else {
      const found = typeof value === 'string' ? quoteValue(value) : 'this';
      const guess = typeof value === 'string' ? didYouMean(value, [expected]) : undefined;
      reading.report('error', `${found} is not supported; write ${key}: ${expected}`, guess);
    }
  });
}

/** Kubernetes runs no pod for `replicas: 0`, and the API, which cannot tell 0 from absent, would run one. */
function reportZeroReplicas(reading: DocumentReading, { spec }: JsonLikeObject): void {
  const deployTemplates = isJsonLikeObject(spec) ? spec.deployTemplates : undefined;
  if (!isJsonLikeArray(deployTemplates)) {
    return;
  }
  for (const [index, deployTemplate] of deployTemplates.entries()) {
    if (isJsonLikeObject(deployTemplate) && Number(deployTemplate.replicas ?? 1) === 0) {
      const path = `spec.deployTemplates[${index}].replicas`;
      reading.problems.push({ path, kind: 'not-carried', message: '0 replicas are stored as 1, the default' });
    }
  }
}
