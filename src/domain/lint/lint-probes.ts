import type { Container, Probe } from '../app-image/app-image.js';
import { suggest } from '../app-image/text-rule.js';
import { didYouMean } from '../did-you-mean.js';
import { quoteValue } from '../errors.js';
import type { AppImageIndex, ContainerPlace } from './app-image-index.js';
import type { Findings } from './findings.js';

const NUMERIC = /^[+-]?[0-9.]+$/;
/** Names that are considered as what was meant. */
const MAX_CANDIDATES = 100;

/** Commands that succeed whatever the state of the application, as one word or as the script of a shell. */
const ALWAYS_TRUE = /^(?:\/(?:usr\/)?bin\/)?(?:true|:)$|^exit 0$/;
const SHELL = /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|a)?sh$/;

/** Checks that the probes of each container can be answered, and that their answers matter. */
export function lintProbes(findings: Findings, { containers }: AppImageIndex): void {
  for (const place of containers) {
    const { livenessProbe, readinessProbe, startupProbe, metricProbe } = place.container;
    const probes = [
      ['liveness_probe', livenessProbe],
      ['readiness_probe', readinessProbe],
      ['startup_probe', startupProbe],
    ] as const;
    for (const [field, probe] of probes) {
      if (probe !== undefined) {
        lintPort(findings, place, `${field}.http_get.port`, probe.httpGet?.port);
        lintPort(findings, place, `${field}.tcp_socket.port`, probe.tcpSocket?.port);
        lintCommand(findings, `${place.path}.${field}.exec.command`, probe.exec?.command ?? []);
      }
    }
    lintPort(findings, place, 'metric_probe.port', metricProbe?.port);
    if (livenessProbe !== undefined) {
      lintLiveness(findings, place);
    }
    if (readinessProbe !== undefined) {
      lintReadiness(findings, place, readinessProbe);
    }
  }
}

function lintPort(
  findings: Findings,
  { container, path }: ContainerPlace,
  field: string,
  port: string | undefined,
): void {
  if (port === undefined || port === '' || NUMERIC.test(port) || hasPort(container, port)) {
    return;
  }
  const place = `${path}.${field}`;
  if (!findings.isErroneous(place)) {
    findings.add('unknown-probe-port', place, () => {
      const names = container.ports.slice(0, MAX_CANDIDATES).map(({ name }) => name);
      return {
        message: `the container has no port ${quoteValue(port)}`,
        suggestion: `name one of its ports, or give a number${suggest(didYouMean(port, names))}`,
      };
    });
  }
}

function hasPort({ ports }: Container, port: string): boolean {
  return ports.some(({ name }) => name === port);
}

function lintCommand(findings: Findings, field: string, command: readonly string[]): void {
  const [first = '', option, script = '', ...rest] = command;
  const isShell = SHELL.test(first) && option === '-c' && rest.length === 0;
  if (command.length === 1 ? ALWAYS_TRUE.test(first) : isShell && ALWAYS_TRUE.test(script.trim())) {
    findings.add('probe-without-effect', field, () => ({
      message: 'the command always succeeds, so the probe never fails',
      suggestion: 'ask the application how it is, or remove the probe',
    }));
  }
}

/** A failing liveness probe kills the container; what makes it useful is that something starts it again. */
function lintLiveness(findings: Findings, { path, deploy }: ContainerPlace): void {
  if (deploy.deployTemplate.restartPolicy === 'Never') {
    findings.add(
      'probe-without-effect',
      `${path}.liveness_probe`,
      () => ({
        message: 'under the restart_policy Never nothing starts the container again: a failing probe ends the task',
        suggestion: 'leave it if that is what you want; otherwise use OnFailure or Always, or remove the probe',
      }),
      'INFO',
    );
  }
}

/** Readiness says whether a service sends requests to the pod, and whether a serving counts as available. */
function lintReadiness(findings: Findings, { path, deploy }: ContainerPlace, probe: Probe): void {
  const { restartPolicy, containers } = deploy.deployTemplate;
  const isTask = restartPolicy === 'Never' || restartPolicy === 'OnFailure';
  if (isTask && !containers.some(({ ports }) => ports.some(({ scope }) => scope === 'Cluster' || scope === 'Domain'))) {
    findings.add('probe-without-effect', `${path}.readiness_probe`, () => ({
      message: `no port has the scope Cluster or Domain, and under the restart_policy ${restartPolicy} this is a task: nobody waits for it to be ready`,
      suggestion: 'remove the probe, or give the port that it guards the scope Cluster or Domain',
    }));
  }
  if (probe.terminationGracePeriodSeconds > 0n) {
    findings.add('probe-without-effect', `${path}.readiness_probe.termination_grace_period_seconds`, () => ({
      message:
        'a failing readiness probe ends nothing, so there is no time to grant; Kubernetes refuses the field here',
      suggestion: 'remove the field',
    }));
  }
}
