import { quoteValue } from '../errors.js';
import type { Container, EnvFromSource, ResourceRequirements } from './app-image.js';
import { JSON_OBJECT_OR_EMPTY } from './canonical-json.js';
import { compareQuantities, parseQuantity, QUANTITY_OR_EMPTY } from './quantity.js';
import { DNS_LABEL, emptyOrOneOf, NOT_EMPTY, type TextRule } from './text-rule.js';
import { checkPort, HIGHEST_PORT, isPortNumber, validateProbe } from './validate-probe.js';
import type { Violations } from './violations.js';

const PORT_PROTOCOL = emptyOrOneOf('HTTP', 'GRPC');
const PORT_SCOPE = emptyOrOneOf('Cluster', 'Domain', 'Local');
const IMAGE_PULL_POLICY = emptyOrOneOf('Always', 'Never', 'IfNotPresent');

const ABSOLUTE_PATH: TextRule = {
  allows: (value) => value.startsWith('/'),
  explain: () => 'is not absolute; use a path that starts with "/"',
};

const ABSOLUTE_PATH_OR_EMPTY: TextRule = {
  allows: (value) => value === '' || ABSOLUTE_PATH.allows(value),
  explain: () => 'is not absolute; use a path that starts with "/", or leave it empty',
};

const NO_PARENT_FOLDER: TextRule = {
  allows: (value) => !value.includes('..') || !value.split('/').includes('..'),
  explain: () => 'leaves its folder; use a path without ".."',
};

const ENV_NAME: TextRule = {
  allows: (value) => value !== '' && !value.includes('='),
  explain: () => 'is not the name of a variable; use one or more characters, none of them "="',
};

/** Checks one container. Its fields are taken in the order of their numbers; the violations stand at the container. */
export function validateContainer(faults: Violations, container: Container): void {
  faults.check('name', container.name, DNS_LABEL);
  validateConfigVolumeMounts(faults, container);
  validatePorts(faults, container);
  for (const [index, source] of container.envFrom.entries()) {
    faults.enter('env_from', index);
    validateEnvFrom(faults, source);
    faults.leave();
  }
  for (const [index, { name }] of container.env.entries()) {
    faults.enter('env', index);
    faults.check('name', name, ENV_NAME);
    faults.leave();
  }
  if (container.resources !== undefined) {
    faults.enter('resources');
    validateResources(faults, container.resources);
    faults.leave();
  }
  validateProbe(faults, 'liveness', container.livenessProbe, container.ports);
  validateProbe(faults, 'readiness', container.readinessProbe, container.ports);
  validateProbe(faults, 'startup', container.startupProbe, container.ports);
  faults.check('image_pull_policy', container.imagePullPolicy, IMAGE_PULL_POLICY);
  if (container.metricProbe !== undefined) {
    faults.enter('metric_probe');
    faults.check('path', container.metricProbe.path, ABSOLUTE_PATH_OR_EMPTY);
    checkPort(faults, 'port', container.metricProbe.port, container.ports);
    faults.leave();
  }
  faults.check('security_context', container.securityContext, JSON_OBJECT_OR_EMPTY);
}

/**
 * Holds the name of the present entry of a list against those before it, of which `firstIndices` keeps track. Empty names are
 * left to other rules.
 */
export function checkUniqueName(
  faults: Violations,
  list: string,
  index: number,
  name: string,
  firstIndices: Map<string, number>,
): void {
  const firstIndex = firstIndices.get(name);
  if (firstIndex === undefined) {
    firstIndices.set(name, index);
  } else if (name !== '') {
    faults.add('name', `${quoteValue(name)} is the name of ${list}[${firstIndex}] already; choose another`);
  }
}

function validateConfigVolumeMounts(faults: Violations, container: Container): void {
  for (const [index, { mountPath, subPath }] of container.configVolumeMounts.entries()) {
    faults.enter('config_volume_mounts', index);
    faults.check('mount_path', mountPath, ABSOLUTE_PATH);
    faults.check('mount_path', mountPath, NO_PARENT_FOLDER);
    faults.check('sub_path', subPath, NOT_EMPTY);
    faults.check('sub_path', subPath, NO_PARENT_FOLDER);
    faults.leave();
  }
}

function validatePorts(faults: Violations, container: Container): void {
  const firstIndices = new Map<string, number>();
  for (const [index, { name, protocol, scope, port }] of container.ports.entries()) {
    faults.enter('ports', index);
    faults.check('name', name, NOT_EMPTY);
    checkUniqueName(faults, 'ports', index, name, firstIndices);
    faults.check('protocol', protocol, PORT_PROTOCOL);
    faults.check('scope', scope, PORT_SCOPE);
    if (port !== 0 && !isPortNumber(port)) {
      faults.add(
        'port',
        `${port} is not a port; use a number from 1 to ${HIGHEST_PORT}, or 0 for one that is allocated`,
      );
    }
    faults.leave();
  }
}

function validateEnvFrom(faults: Violations, { configMapRef, secretRef }: EnvFromSource): void {
  if (configMapRef === undefined && secretRef === undefined) {
    faults.add('', 'has no source; give config_map_ref, secret_ref or both');
  }
  if (configMapRef !== undefined) {
    faults.check('config_map_ref.name', configMapRef.name, NOT_EMPTY);
  }
  if (secretRef !== undefined) {
    faults.check('secret_ref.name', secretRef.name, NOT_EMPTY);
  }
}

function validateResources(faults: Violations, { limits, requests }: ResourceRequirements): void {
  for (const [field, spec] of [
    ['limits', limits],
    ['requests', requests],
  ] as const) {
    if (spec !== undefined) {
      faults.enter(field);
      faults.check('cpu', spec.cpu, QUANTITY_OR_EMPTY);
      faults.check('memory', spec.memory, QUANTITY_OR_EMPTY);
      faults.leave();
    }
  }
  if (limits !== undefined && requests !== undefined) {
    checkRequest(faults, 'cpu', requests.cpu, limits.cpu);
    checkRequest(faults, 'memory', requests.memory, limits.memory);
  }
}

function checkRequest(faults: Violations, resource: 'cpu' | 'memory', request: string, limit: string): void {
  if (request === limit) {
    return;
  }
  const requested = parseQuantity(request);
  const allowed = parseQuantity(limit);
  if (requested !== undefined && allowed !== undefined && compareQuantities(requested, allowed) > 0) {
    faults.add(
      `requests.${resource}`,
      `${quoteValue(request)} is more than ${quoteValue(limit)}, the limit in limits.${resource}; request that much at most`,
    );
  }
}
