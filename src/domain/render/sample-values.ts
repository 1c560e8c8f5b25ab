import type { AppImage, ContainerPort, DeployTemplate } from '../app-image/app-image.js';
import { deployTemplatesOf, rolesOf } from './deploy-template-roles.js';
import { portNumberVariable } from './known-variables.js';

const TASK_ID = 'sample-task';
const SERVING_ID = 'sample-serving';
/** Names of the parties: those that the documentation of Kuscia uses, then numbered ones. */
const PARTY_NAMES = ['alice', 'bob', 'carol', 'dave'];
const CERTIFICATE_FOLDER = '/etc/kuscia/certs';
const FIRST_PORT = 20000;

/** Bounds on the sample of a cluster, which multiply. What is beyond is left out. */
const MAX_PARTIES = 16;
const MAX_SERVICES = 128;
const MAX_ENDPOINTS = 4;

/**
 * Samples of the variables that agents set, in the shapes that Kuscia documents, made from the template's own roles and ports. The
 * same template gives the same samples.
 * @param deployTemplate the one that the sample pod is made from
 * @param role the role that the pod plays; empty for the first that the deploy template is for
 */
export function sampleValues(
  appImage: AppImage,
  deployTemplate: DeployTemplate,
  role: string,
): ReadonlyMap<string, string> {
  const ports = samplePorts(deployTemplate);
  const parties = sampleParties(appImage, deployTemplate, role === '' ? (rolesOf(deployTemplate)[0] ?? '') : role);
  return new Map([
    ['TASK_ID', TASK_ID],
    ['TASK_INPUT_CONFIG', '{}'],
    ['TASK_CLUSTER_DEFINE', clusterDefine(parties, taskEndpoints)],
    ['SERVING_ID', SERVING_ID],
    ['INPUT_CONFIG', '{}'],
    ['CLUSTER_DEFINE', clusterDefine(parties, servingEndpoints)],
    ['ALLOCATED_PORTS', JSON.stringify({ ports })],
    ['KUSCIA_DOMAIN_ID', parties[0]?.name ?? ''],
    ['KUSCIA_API_PROTOCOL', 'MTLS'],
    ['KUSCIA_API_TOKEN', 'sample-token'],
    ['KUSCIA_DOMAIN_KEY_DATA', Buffer.from('sample-key').toString('base64')],
    ['TRUSTED_CA_FILE', `${CERTIFICATE_FOLDER}/ca.crt`],
    ['SERVER_CERT_FILE', `${CERTIFICATE_FOLDER}/server.crt`],
    ['SERVER_PRIVATE_KEY_FILE', `${CERTIFICATE_FOLDER}/server.key`],
    ['CLIENT_CERT_FILE', `${CERTIFICATE_FOLDER}/client.crt`],
    ['CLIENT_PRIVATE_KEY_FILE', `${CERTIFICATE_FOLDER}/client.key`],
    ...ports.map(({ name, port }): [string, string] => [portNumberVariable(name), String(port)]),
  ]);
}

interface SamplePort {
  readonly name: string;
  readonly port: number;
  readonly scope: string;
  readonly protocol: string;
}

/** The ports of all containers, which share one pod: their own number, or else the next one that is free. */
function samplePorts({ containers }: DeployTemplate): readonly SamplePort[] {
  const declared = new Map<string, ContainerPort>();
  for (const port of containers.flatMap((container) => container.ports)) {
    if (!declared.has(port.name)) {
      declared.set(port.name, port);
    }
  }
  const free = freePorts(new Set([...declared.values()].map(({ port }) => port)));
  return [...declared.values()].map(({ name, port, scope, protocol }) => ({
    name,
    port: port === 0 ? free() : port,
    scope: scope || 'Local',
    protocol: protocol || 'HTTP',
  }));
}

function freePorts(taken: ReadonlySet<number>): () => number {
  let last = FIRST_PORT - 1;
  return () => {
    do {
      last += 1;
    } while (taken.has(last));
    return last;
  };
}

interface SampleParty {
  readonly name: string;
  readonly role: string;
  readonly replicas: number;
  readonly ports: readonly SamplePort[];
}

/** The party itself, then one for each other role that the template has; two at least, since nobody computes alone. */
function sampleParties(appImage: AppImage, self: DeployTemplate, selfRole: string): readonly SampleParty[] {
  const roles = new Set([selfRole, ...appImage.deployTemplates.flatMap(rolesOf)]);
  const played = [...roles].slice(0, MAX_PARTIES);
  if (played.length === 1) {
    played.push(selfRole);
  }
  return played.map((role, index) => {
    const deployTemplate = role === selfRole ? self : (deployTemplatesOf(appImage, role)[0] ?? self);
    return {
      name: PARTY_NAMES[index] ?? `party-${index + 1}`,
      role,
      replicas: Math.min(Math.max(deployTemplate.replicas, 1), MAX_ENDPOINTS),
      ports: samplePorts(deployTemplate)
        .filter(({ scope }) => scope !== 'Local')
        .slice(0, MAX_SERVICES),
    };
  });
}

function clusterDefine(
  parties: readonly SampleParty[],
  endpointsOf: (party: SampleParty, port: SamplePort) => readonly string[],
): string {
  return JSON.stringify({
    parties: parties.map((party) => ({
      name: party.name,
      role: party.role,
      services: party.ports.map((port) => ({ portName: port.name, endpoints: endpointsOf(party, port) })),
    })),
    selfPartyIdx: 0,
    selfEndpointIdx: 0,
  });
}

/** Every pod of a task has a service of its own. */
function taskEndpoints(party: SampleParty, port: SamplePort): readonly string[] {
  const pod = dashed(TASK_ID, party.role);
  return Array.from({ length: party.replicas }, (_, index) => endpoint(`${pod}-${index}-${port.name}`, party, port));
}

/** The pods of a serving are behind one service. */
function servingEndpoints(party: SampleParty, port: SamplePort): readonly string[] {
  return [endpoint(`${dashed(SERVING_ID, party.role)}-${port.name}`, party, port)];
}

/** Between parties the gateways know the port by the name of the service; within one, callers have to. */
function endpoint(service: string, party: SampleParty, { scope, port }: SamplePort): string {
  return `${service}.${party.name}.svc${scope === 'Domain' ? `:${port}` : ''}`;
}

function dashed(id: string, role: string): string {
  return role === '' ? id : `${id}-${role}`;
}
