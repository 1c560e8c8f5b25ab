import type { ContainerPort, Probe } from './app-image.js';
import { emptyOrOneOf, NOT_EMPTY, type TextRule } from './text-rule.js';
import type { Violations } from './violations.js';

const SCHEME = emptyOrOneOf('HTTP', 'HTTPS');

/** Number of the last TCP port. */
export const HIGHEST_PORT = 65535;
const LONGEST_PORT_NAME = 63;
/** Anything that someone could have meant as a number is held to the rule for numbers. */
const NUMERIC = /^[+-]?[0-9.]+$/;
const DECIMAL = /^[0-9]+$/;
const PORT_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/**
 * The port of a probe. Kubernetes wants named ports to be IANA service names of 15 characters, but this API only asks
 * that a name in `ports` is not empty, and templates in use rely on it: longer names of the usual letters pass here, and
 * so does any name that the container gives to a port. A name that no port bears is left to the linter, since
 * controllers may add ports.
 */
const PROBE_PORT: TextRule = {
  allows: (value) =>
    NUMERIC.test(value)
      ? DECIMAL.test(value) && isPortNumber(Number(value))
      : value.length <= LONGEST_PORT_NAME && PORT_NAME.test(value),
  explain: () => `is not a port; use a number from 1 to ${HIGHEST_PORT}, or the name of one of the container's ports`,
};

/** What the probe decides on: containers start and restart by a single success, only readiness may ask for more. */
export type ProbeKind = 'liveness' | 'readiness' | 'startup';

/** Checks a probe that the given ports can serve; the violations stand at its container. */
export function validateProbe(
  faults: Violations,
  kind: ProbeKind,
  probe: Probe | undefined,
  ports: readonly ContainerPort[],
): void {
  if (probe === undefined) {
    return;
  }
  faults.enter(PROBE_FIELDS[kind]);
  validateHandlers(faults, probe, ports);
  checkNotNegative(faults, 'initial_delay_seconds', probe.initialDelaySeconds);
  checkNotNegative(faults, 'timeout_seconds', probe.timeoutSeconds);
  checkNotNegative(faults, 'period_seconds', probe.periodSeconds);
  checkNotNegative(faults, 'success_threshold', probe.successThreshold);
  if (kind !== 'readiness' && probe.successThreshold > 1) {
    faults.add('success_threshold', `${probe.successThreshold} is too many; a ${kind} probe takes 0 or 1`);
  }
  checkNotNegative(faults, 'failure_threshold', probe.failureThreshold);
  checkNotNegative(faults, 'termination_grace_period_seconds', probe.terminationGracePeriodSeconds);
  faults.leave();
}

const PROBE_FIELDS = {
  liveness: 'liveness_probe',
  readiness: 'readiness_probe',
  startup: 'startup_probe',
} as const satisfies Record<ProbeKind, string>;

function validateHandlers(faults: Violations, probe: Probe, ports: readonly ContainerPort[]): void {
  const { exec, httpGet, tcpSocket, grpc } = probe;
  const count =
    Number(exec !== undefined) +
    Number(httpGet !== undefined) +
    Number(tcpSocket !== undefined) +
    Number(grpc !== undefined);
  if (count !== 1) {
    faults.add('', `has ${handlerNames(probe)}; give exactly one of exec, http_get, tcp_socket and grpc`);
  }
  if (exec?.command.length === 0) {
    faults.add('exec.command', 'is empty; give the command to run');
  }
  if (httpGet !== undefined) {
    checkPort(faults, 'http_get.port', httpGet.port, ports);
    faults.check('http_get.scheme', httpGet.scheme, SCHEME);
  }
  if (tcpSocket !== undefined) {
    checkPort(faults, 'tcp_socket.port', tcpSocket.port, ports);
  }
  if (grpc !== undefined && !isPortNumber(grpc.port)) {
    faults.add('grpc.port', `${grpc.port} is not a port; use a number from 1 to ${HIGHEST_PORT}`);
  }
}

function handlerNames({ exec, httpGet, tcpSocket, grpc }: Probe): string {
  const names = [exec && 'exec', httpGet && 'http_get', tcpSocket && 'tcp_socket', grpc && 'grpc'];
  return names.filter((name) => name !== undefined).join(' and ') || 'no handler';
}

/** Checks the port that something asks for in a container with these ports: a number, or the name of one. */
export function checkPort(faults: Violations, field: string, port: string, ports: readonly ContainerPort[]): void {
  if (port === '') {
    faults.check(field, port, NOT_EMPTY);
  } else if (NUMERIC.test(port) || !ports.some(({ name }) => name === port)) {
    faults.check(field, port, PROBE_PORT);
  }
}

function checkNotNegative(faults: Violations, field: string, value: number | bigint): void {
  if (value < 0) {
    faults.add(field, `${value} is negative; use 0 or more`);
  }
}

/** Whether this is the number of a TCP port. */
export function isPortNumber(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= HIGHEST_PORT;
}
