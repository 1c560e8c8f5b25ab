import type { AppImage, Container, DeployTemplate } from '../app-image/app-image.js';
import { deployTemplatesOf } from './deploy-template-roles.js';

/** One configuration file in one container. */
export interface MountedFile {
  readonly deployTemplate: DeployTemplate;
  readonly container: Container;
  /** Key of the configuration template, which exists. */
  readonly configTemplate: string;
  readonly mountPath: string;
}

/**
 * The files that the containers mount, in the order of the template. A mount of what is no configuration template is left out: there
 * is nothing to show, and the linter says so.
 */
export function* mountedFiles(appImage: AppImage, role: string): Generator<MountedFile> {
  for (const deployTemplate of deployTemplatesOf(appImage, role)) {
    for (const container of deployTemplate.containers) {
      for (const { mountPath, subPath } of container.configVolumeMounts) {
        if (appImage.configTemplates.has(subPath)) {
          yield { deployTemplate, container, configTemplate: subPath, mountPath };
        }
      }
    }
  }
}
