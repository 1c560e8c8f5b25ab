import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import {
  CreateAppImageRequest,
  QueryAppImageResponseData,
  UpdateAppImageRequest,
} from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type { AppImage, AppImageUpdate } from '../../src/domain/app-image/app-image.js';

const FIXTURES = new URL('../fixtures/', import.meta.url);

/** Names of the manifests under `test/fixtures/manifests`, as their projects ship them. */
export const MANIFESTS = ['psi-image', 'secretflow-image', 'sf-serving-image'] as const;

/** The template that the create request of the API document makes. */
export function documentedAppImage(): AppImage {
  const { header: _, ...appImage } = CreateAppImageRequest.fromPartial(readRequest('create'));
  return appImage;
}

/** The update request of the API document. Its `config_templates` is `{}`, which clears them in JSON. */
export function documentedUpdate(): AppImageUpdate {
  return UpdateAppImageRequest.fromPartial(readRequest('update'));
}

/** A manifest in use as a template of the API. What the wire contract does not carry is left out. */
export function manifestAppImage(manifest: (typeof MANIFESTS)[number]): AppImage {
  const { metadata, spec } = parse(readFileSync(new URL(`manifests/${manifest}.yaml`, FIXTURES), 'utf8')) as Manifest;
  return QueryAppImageResponseData.fromPartial({
    name: metadata.name,
    image: spec.image,
    configTemplates: new Map(Object.entries(spec.configTemplates)),
    deployTemplates: spec.deployTemplates.map(({ spec: pod, ...deployTemplate }) => ({ ...deployTemplate, ...pod })),
  });
}

interface Manifest {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly image: object;
    readonly configTemplates: Record<string, string>;
    readonly deployTemplates: readonly { readonly spec: object }[];
  };
}

/** A request in the property names of the generated types; maps are `Map`s, whose keys stay as they are. */
function readRequest(name: string): object {
  return JSON.parse(readFileSync(new URL(`requests/${name}.json`, FIXTURES), 'utf8'), function (key, value: unknown) {
    if (key === 'config_templates') {
      return new Map(Object.entries(value as Record<string, string>));
    }
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map)
      ? Object.fromEntries(Object.entries(value).map(([property, inner]) => [toPropertyName(property), inner]))
      : value;
  }) as object;
}

function toPropertyName(field: string): string {
  // The document's example spells secret_ref like this.
  return field === 'secret_map_ref'
    ? 'secretRef'
    : field.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
