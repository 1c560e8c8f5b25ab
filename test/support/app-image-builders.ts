import { QueryAppImageResponseData } from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type { AppImage, Container, DeployTemplate, Probe } from '../../src/domain/app-image/app-image.js';

/** Parts of a message; what is left out has its default. */
type Parts<T> = T extends bigint | number | string
  ? T
  : T extends Map<string, string>
    ? T
    : T extends readonly (infer Item)[]
      ? Parts<Item>[]
      : { [Key in keyof T]?: Parts<Exclude<T[Key], undefined>> };

export function appImage(parts: Parts<AppImage>): AppImage {
  return QueryAppImageResponseData.fromPartial({
    name: 'demo',
    image: { name: 'app' },
    deployTemplates: [{ name: 'app', containers: [{ name: 'main' }] }],
    ...parts,
  });
}

export function withDeployTemplate(parts: Parts<DeployTemplate>): AppImage {
  return appImage({ deployTemplates: [{ name: 'app', containers: [{ name: 'main' }], ...parts }] });
}

export function withContainer(parts: Parts<Container>): AppImage {
  return withDeployTemplate({ containers: [{ name: 'main', ...parts }] });
}

export function withProbe(
  parts: Parts<Probe>,
  probe: 'livenessProbe' | 'readinessProbe' | 'startupProbe' = 'livenessProbe',
): AppImage {
  return withContainer({ [probe]: parts });
}
