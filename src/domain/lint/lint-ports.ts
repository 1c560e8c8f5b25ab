import { suggest } from '../app-image/text-rule.js';
import { didYouMean } from '../did-you-mean.js';
import { quoteValue } from '../errors.js';
import { rolesOf } from '../render/deploy-template-roles.js';
import type { AppImageIndex, DeployPlace } from './app-image-index.js';
import type { Findings } from './findings.js';

/** Names that are considered as what was meant. */
const MAX_CANDIDATES = 100;

/** Checks the ports of each deploy template, whose containers share one pod, and who may reach them. */
export function lintPorts(findings: Findings, index: AppImageIndex): void {
  const roles = new Set(index.appImage.deployTemplates.flatMap(rolesOf));
  for (const deploy of index.deploys) {
    lintContainerPorts(findings, deploy);
    lintNetworkPolicy(findings, index, deploy, roles);
  }
}

function lintContainerPorts(findings: Findings, { deployTemplate, path }: DeployPlace): void {
  const firstOfName = new Map<string, string>();
  const firstOfNumber = new Map<number, string>();
  for (const [containerIndex, { ports }] of deployTemplate.containers.entries()) {
    for (const [portIndex, { name, port, scope }] of ports.entries()) {
      const place = `containers[${containerIndex}].ports[${portIndex}]`;
      const field = `${path}.${place}`;
      const twin = firstOfName.get(name);
      firstOfName.set(name, twin ?? place);
      // A twin in the same container is a fault that the validation has found.
      if (twin !== undefined && !findings.isErroneous(`${field}.name`)) {
        findings.add('duplicate-port-name', `${field}.name`, () => ({
          message: `${quoteValue(name)} is the name of ${twin} already; controllers refuse to start such a pod`,
          suggestion: 'name each port of a deploy template differently',
        }));
      }
      const sameNumber = port === 0 ? undefined : firstOfNumber.get(port);
      firstOfNumber.set(port, sameNumber ?? place);
      if (sameNumber !== undefined) {
        findings.add('duplicate-port-number', `${field}.port`, () => ({
          message: `${port} is the number of ${sameNumber} already, and the containers share one network`,
          suggestion: 'use another number, or leave it out to have one allocated',
        }));
      }
      if (scope === '') {
        findings.add('port-without-scope', `${field}.scope`, () => ({
          message: 'there is no scope, which means Local: only the containers of the same pod can reach the port',
          suggestion: 'say Cluster for other parties, Domain for the same party, or Local',
        }));
      }
    }
  }
}

function lintNetworkPolicy(
  findings: Findings,
  { deploysWithPort }: AppImageIndex,
  deploy: DeployPlace,
  knownRoles: ReadonlySet<string>,
): void {
  const ingresses = deploy.deployTemplate.networkPolicy?.ingresses ?? [];
  for (const [index, { from, ports }] of ingresses.entries()) {
    const field = `${deploy.path}.network_policy.ingresses[${index}]`;
    for (const [roleIndex, role] of (from?.roles ?? []).entries()) {
      if (role !== '' && !knownRoles.has(role)) {
        findings.add('unknown-ingress-role', `${field}.from.roles[${roleIndex}]`, () => ({
          message: `no deploy template is for the role ${quoteValue(role)}`,
          suggestion: `name the role of a deploy template${suggest(didYouMean(role, few(knownRoles)))}`,
        }));
      }
    }
    for (const [portIndex, { port }] of ports.entries()) {
      if (port !== '' && deploysWithPort.get(port)?.has(deploy) !== true) {
        findings.add('unknown-ingress-port', `${field}.ports[${portIndex}].port`, () => ({
          message: `no container of the deploy template has a port ${quoteValue(port)}`,
          suggestion: `name one of its ports${suggest(didYouMean(port, few(portNames(deploy))))}`,
        }));
      }
    }
  }
}

function* portNames({ deployTemplate }: DeployPlace): Generator<string> {
  for (const { ports } of deployTemplate.containers) {
    yield* ports.map(({ name }) => name);
  }
}

function few(candidates: Iterable<string>): readonly string[] {
  const taken: string[] = [];
  for (const candidate of candidates) {
    if (taken.push(candidate) === MAX_CANDIDATES) {
      break;
    }
  }
  return taken;
}
