import { quoteValue } from '../errors.js';
import { rolesOf } from '../render/deploy-template-roles.js';
import type { AppImageIndex, DeployPlace } from './app-image-index.js';
import type { Findings } from './findings.js';

/** Checks that controllers can tell the deploy templates apart. */
export function lintDeployTemplates(findings: Findings, { deploys }: AppImageIndex): void {
  const firstOfRole = new Map<string, DeployPlace>();
  const firstOfNameAndRole = new Map<string, DeployPlace>();
  for (const deploy of deploys) {
    const { name } = deploy.deployTemplate;
    let duplicate: { role: string; first: DeployPlace } | undefined;
    let shadowed: { role: string; first: DeployPlace } | undefined;
    for (const role of new Set(rolesOf(deploy.deployTemplate))) {
      const first = firstOfRole.get(role);
      const twin = firstOfNameAndRole.get(JSON.stringify([name, role]));
      duplicate ??= twin && { role, first: twin };
      shadowed ??= first && { role, first };
      firstOfRole.set(role, first ?? deploy);
      firstOfNameAndRole.set(JSON.stringify([name, role]), twin ?? deploy);
    }
    if (duplicate !== undefined) {
      const { role, first } = duplicate;
      findings.add('duplicate-role', `${deploy.path}.role`, () => ({
        message: `${first.path} has the name ${quoteValue(name)} and ${roleInWords(role)} already, so no controller would take this one`,
        suggestion: 'give it another role, or remove one of the two',
      }));
    } else if (shadowed !== undefined) {
      const { role, first } = shadowed;
      findings.add('shadowed-deploy-template', `${deploy.path}.role`, () => ({
        message: `${first.path} has ${roleInWords(role)} as well; controllers choose by the role alone, whatever the names`,
        suggestion: 'give each deploy template a role of its own',
      }));
    }
  }
}

function roleInWords(role: string): string {
  return role === '' ? 'no role' : `the role ${quoteValue(role)}`;
}
