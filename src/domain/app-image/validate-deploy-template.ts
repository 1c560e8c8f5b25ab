import type { DeployTemplate, NetworkPolicy } from './app-image.js';
import { JSON_OBJECT_OR_EMPTY } from './canonical-json.js';
import { DNS_LABEL, emptyOrOneOf, NOT_EMPTY } from './text-rule.js';
import { checkUniqueName, validateContainer } from './validate-container.js';
import type { Violations } from './violations.js';

/** Most deploy templates of a template, and most containers of each of them. */
export const MAX_DEPLOY_TEMPLATES = 64;
export const MAX_CONTAINERS = 64;

const MAX_REPLICAS = 2 ** 31 - 1;

const RESTART_POLICY = emptyOrOneOf('Always', 'Never', 'OnFailure');

/** Checks the deploy templates, of which there must be one at least. */
export function validateDeployTemplates(faults: Violations, deployTemplates: readonly DeployTemplate[]): void {
  if (deployTemplates.length === 0) {
    faults.add('deploy_templates', 'is empty; give at least one deploy template');
  } else if (deployTemplates.length > MAX_DEPLOY_TEMPLATES) {
    faults.add(
      'deploy_templates',
      `has ${deployTemplates.length} entries; at most ${MAX_DEPLOY_TEMPLATES} are allowed`,
    );
  }
  for (const [index, deployTemplate] of deployTemplates.entries()) {
    faults.enter('deploy_templates', index);
    validateDeployTemplate(faults, deployTemplate);
    faults.leave();
  }
}

function validateDeployTemplate(faults: Violations, deployTemplate: DeployTemplate): void {
  const { replicas, containers } = deployTemplate;
  faults.check('name', deployTemplate.name, DNS_LABEL);
  if (!Number.isInteger(replicas) || replicas < 0 || replicas > MAX_REPLICAS) {
    faults.add('replicas', `${replicas} is not a number of replicas; use 0 to ${MAX_REPLICAS}`);
  }
  faults.check('restart_policy', deployTemplate.restartPolicy, RESTART_POLICY);
  if (containers.length === 0) {
    faults.add('containers', 'is empty; give at least one container');
  } else if (containers.length > MAX_CONTAINERS) {
    faults.add('containers', `has ${containers.length} entries; at most ${MAX_CONTAINERS} are allowed`);
  }
  const firstIndices = new Map<string, number>();
  for (const [index, container] of containers.entries()) {
    faults.enter('containers', index);
    checkUniqueName(faults, 'containers', index, container.name, firstIndices);
    validateContainer(faults, container);
    faults.leave();
  }
  validateNetworkPolicy(faults, deployTemplate.networkPolicy);
  faults.check('affinity', deployTemplate.affinity, JSON_OBJECT_OR_EMPTY);
}

function validateNetworkPolicy(faults: Violations, networkPolicy: NetworkPolicy | undefined): void {
  for (const [index, { from, ports }] of (networkPolicy?.ingresses ?? []).entries()) {
    faults.enter('network_policy.ingresses', index);
    for (const [roleIndex, role] of (from?.roles ?? []).entries()) {
      faults.enter('from.roles', roleIndex);
      faults.check('', role, NOT_EMPTY);
      faults.leave();
    }
    for (const [portIndex, { port }] of ports.entries()) {
      faults.enter('ports', portIndex);
      faults.check('port', port, NOT_EMPTY);
      faults.leave();
    }
    faults.leave();
  }
}
