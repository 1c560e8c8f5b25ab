import type { AppImage, Container, DeployTemplate } from './app-image.js';
import { canonicalJson } from './canonical-json.js';
import { compareCodePoints } from './code-point-order.js';

/**
 * The form in which a template is stored, so that equal templates have equal encodings: `replicas` 0 is 1, maps are in the order
 * of their keys, and texts that hold JSON objects are canonical. All else stays as it was given, and so does what breaks a rule.
 * The argument itself is never changed.
 */
export function normaliseAppImage(appImage: AppImage): AppImage {
  return replaceParts(appImage, {
    configTemplates: sortKeys(appImage.configTemplates),
    deployTemplates: mapUnlessSame(appImage.deployTemplates, normaliseDeployTemplate),
    labels: sortKeys(appImage.labels),
    annotations: sortKeys(appImage.annotations),
  });
}

function normaliseDeployTemplate(deployTemplate: DeployTemplate): DeployTemplate {
  return replaceParts(deployTemplate, {
    replicas: deployTemplate.replicas || 1,
    containers: mapUnlessSame(deployTemplate.containers, normaliseContainer),
    affinity: canonicalJson(deployTemplate.affinity) ?? deployTemplate.affinity,
  });
}

function normaliseContainer(container: Container): Container {
  const { securityContext } = container;
  return securityContext === ''
    ? container
    : replaceParts(container, { securityContext: canonicalJson(securityContext) ?? securityContext });
}

/** A message with these parts, which is the message itself where they are its own. */
function replaceParts<T extends object>(whole: T, parts: Partial<T>): T {
  for (const key in parts) {
    if (parts[key] !== whole[key]) {
      return { ...whole, ...parts };
    }
  }
  return whole;
}

/** The list itself where no element changes. */
function mapUnlessSame<T>(list: T[], map: (element: T) => T): T[] {
  let mapped = list;
  for (const [index, element] of list.entries()) {
    const result = map(element);
    if (result !== element) {
      mapped = mapped === list ? [...list] : mapped;
      mapped[index] = result;
    }
  }
  return mapped;
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
