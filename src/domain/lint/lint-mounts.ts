import { compareCodePoints } from '../app-image/code-point-order.js';
import { suggest } from '../app-image/text-rule.js';
import { didYouMean } from '../did-you-mean.js';
import { quoteValue } from '../errors.js';
import { configTemplateField } from '../render/config-template-field.js';
import type { AppImageIndex, ContainerPlace } from './app-image-index.js';
import type { Findings } from './findings.js';

/** Keys that are considered as what was meant. */
const MAX_CANDIDATES = 100;

/** https://kubernetes.io/docs/concepts/configuration/configmap/: controllers put the files into a ConfigMap. */
const CONFIG_MAP_KEY = /^[-._a-zA-Z0-9]+$/;

/** Checks the configuration templates against the mounts of the containers, in both directions. */
export function lintMounts(findings: Findings, index: AppImageIndex): void {
  for (const key of [...index.appImage.configTemplates.keys()].sort(compareCodePoints)) {
    lintKey(findings, index, key);
  }
  for (const place of index.containers) {
    lintSubPaths(findings, index, place);
    lintMountPaths(findings, place);
  }
}

function lintKey(findings: Findings, { mountsOf }: AppImageIndex, key: string): void {
  const field = configTemplateField(key);
  if (!findings.isErroneous(field) && (!CONFIG_MAP_KEY.test(key) || key.startsWith('..') || key === '.')) {
    findings.add('config-map-key', field, () => ({
      message: `${quoteValue(key)} cannot be a key of a ConfigMap, in which controllers hand the files to the agents`,
      suggestion: 'use letters, digits, "-", "_" and ".", not ".." at the beginning',
    }));
  }
  if (!mountsOf.has(key)) {
    findings.add('unused-config-template', field, () => ({
      message: 'no container mounts it',
      suggestion: `mount it with the sub_path ${quoteValue(key)} in config_volume_mounts, or remove it`,
    }));
  }
}

function lintSubPaths(
  findings: Findings,
  { appImage: { configTemplates } }: AppImageIndex,
  { container, path }: ContainerPlace,
): void {
  for (const [index, { subPath }] of container.configVolumeMounts.entries()) {
    const field = `${path}.config_volume_mounts[${index}].sub_path`;
    if (!configTemplates.has(subPath) && !findings.isErroneous(field)) {
      findings.add('missing-config-template', field, () => {
        const guess = didYouMean(subPath, [...configTemplates.keys()].slice(0, MAX_CANDIDATES));
        return {
          message: `${quoteValue(subPath)} is no key of config_templates`,
          suggestion: `add it to config_templates, or mount what is there${suggest(guess)}`,
        };
      });
    }
  }
}

function lintMountPaths(findings: Findings, { container, path }: ContainerPlace): void {
  const firstIndices = new Map<string, number>();
  for (const [index, { mountPath }] of container.configVolumeMounts.entries()) {
    const resolved = resolvePath(mountPath);
    const firstIndex = firstIndices.get(resolved);
    if (firstIndex === undefined) {
      firstIndices.set(resolved, index);
    } else {
      findings.add('duplicate-mount-path', `${path}.config_volume_mounts[${index}].mount_path`, () => ({
        message: `${quoteValue(mountPath)} is where config_volume_mounts[${firstIndex}] is mounted already`,
        suggestion: 'mount each file at a path of its own',
      }));
    }
  }
}

/** The path without what makes no difference: empty parts and single dots. */
function resolvePath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
