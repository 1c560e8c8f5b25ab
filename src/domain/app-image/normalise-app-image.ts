import type { AppImage, DeployTemplate } from './app-image.js';
import { compareCodePoints } from './code-point-order.js';

/**
 * The form in which a template is stored: `replicas` 0 is 1, and `config_templates` are in the order of their keys, so that
 * equal templates have equal encodings. All else stays as it was given. The argument itself is never changed.
 */
export function normaliseAppImage(appImage: AppImage): AppImage {
  const configTemplates = sortKeys(appImage.configTemplates);
  const deployTemplates = appImage.deployTemplates.some(({ replicas }) => replicas === 0)
    ? appImage.deployTemplates.map(withReplicas)
    : appImage.deployTemplates;
  return configTemplates === appImage.configTemplates && deployTemplates === appImage.deployTemplates
    ? appImage
    : { ...appImage, configTemplates, deployTemplates };
}

function withReplicas(deployTemplate: DeployTemplate): DeployTemplate {
  return deployTemplate.replicas === 0 ? { ...deployTemplate, replicas: 1 } : deployTemplate;
}

function sortKeys(map: Map<string, string>): Map<string, string> {
  let previous: string | undefined;
  for (const key of map.keys()) {
    if (previous !== undefined && compareCodePoints(previous, key) > 0) {
      return new Map([...map].sort(([a], [b]) => compareCodePoints(a, b)));
    }
    previous = key;
  }
  return map;
}
