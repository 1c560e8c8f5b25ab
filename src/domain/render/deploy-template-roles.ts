import type { AppImage, DeployTemplate } from '../app-image/app-image.js';

/**
 * The roles that a deploy template is for. Controllers read `role` as a list, `client,server`, without the commas at its ends; the
 * empty text is the role of those that have none. Never empty.
 */
export function rolesOf(deployTemplate: DeployTemplate): readonly string[] {
  const roles = deployTemplate.role.split(',');
  while (roles.length > 1 && roles[0] === '') {
    roles.shift();
  }
  while (roles.length > 1 && roles.at(-1) === '') {
    roles.pop();
  }
  return roles;
}

/**
 * The deploy templates that a controller may take for a role: those that name it, else those that name none and so are for any. All
 * of them where no role is asked for.
 */
export function deployTemplatesOf(appImage: AppImage, role: string): readonly DeployTemplate[] {
  if (role === '') {
    return appImage.deployTemplates;
  }
  const named = appImage.deployTemplates.filter((deployTemplate) => rolesOf(deployTemplate).includes(role));
  return named.length > 0 ? named : appImage.deployTemplates.filter((deployTemplate) => deployTemplate.role === '');
}
