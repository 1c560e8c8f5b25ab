import { describe, expect, it } from 'vitest';
import { withContainer, withProbe } from '../../../test/support/app-image-builders.js';
import type { AppImage } from './app-image.js';
import { validateAppImage } from './validate-app-image.js';

const LIMITS = { maxTemplateBytes: 1024 * 1024 };
const CONTAINER = 'deploy_templates[0].containers[0]';
const PROBE = `${CONTAINER}.liveness_probe`;

/** Where the fault is, what is said of it, and a template that has no other fault. */
const REJECTED: readonly (readonly [field: string, description: RegExp, template: AppImage])[] = [
  [PROBE, /^has no handler; give exactly one of exec, http_get, tcp_socket and grpc$/, withProbe({})],
  [PROBE, /^has exec and grpc; give exactly one/, withProbe({ exec: { command: ['a'] }, grpc: { port: 1 } })],
  [`${PROBE}.exec.command`, /^is empty/, withProbe({ exec: {} })],
  [`${PROBE}.http_get.port`, /^"" is empty/, withProbe({ httpGet: { path: '/' } })],
  [`${PROBE}.http_get.port`, /^"0" is not a port; use a number from 1 to 65535/, withProbe({ httpGet: { port: '0' } })],
  [`${PROBE}.http_get.port`, /^"65536" /, withProbe({ httpGet: { port: '65536' } })],
  [`${PROBE}.http_get.port`, /^"-1" /, withProbe({ httpGet: { port: '-1' } })],
  [`${PROBE}.http_get.port`, /^"80\.5" /, withProbe({ httpGet: { port: '80.5' } })],
  [`${PROBE}.http_get.port`, /^"no port!" /, withProbe({ httpGet: { port: 'no port!' } })],
  [`${PROBE}.http_get.scheme`, /did you mean "HTTPS"\?$/, withProbe({ httpGet: { port: '1', scheme: 'https' } })],
  [`${PROBE}.tcp_socket.port`, /^"99999" /, withProbe({ tcpSocket: { port: '99999' } })],
  [`${PROBE}.grpc.port`, /^0 is not a port/, withProbe({ grpc: {} })],
  [`${PROBE}.grpc.port`, /^65536 is not a port/, withProbe({ grpc: { port: 65536 } })],
  [`${PROBE}.initial_delay_seconds`, /^-1 is negative/, withProbe({ grpc: { port: 1 }, initialDelaySeconds: -1 })],
  [`${PROBE}.timeout_seconds`, /^-1 is negative/, withProbe({ grpc: { port: 1 }, timeoutSeconds: -1 })],
  [`${PROBE}.period_seconds`, /^-1 is negative/, withProbe({ grpc: { port: 1 }, periodSeconds: -1 })],
  [`${PROBE}.success_threshold`, /^-1 is negative/, withProbe({ grpc: { port: 1 }, successThreshold: -1 })],
  [`${PROBE}.failure_threshold`, /^-1 is negative/, withProbe({ grpc: { port: 1 }, failureThreshold: -1 })],
  [
    `${PROBE}.termination_grace_period_seconds`,
    /^-9223372036854775808 is negative/,
    withProbe({ grpc: { port: 1 }, terminationGracePeriodSeconds: -(2n ** 63n) }),
  ],
  [`${PROBE}.success_threshold`, /^2 is too many; a liveness/, withProbe({ grpc: { port: 1 }, successThreshold: 2 })],
  [
    `${CONTAINER}.startup_probe.success_threshold`,
    /^2 is too many; a startup/,
    withProbe({ grpc: { port: 1 }, successThreshold: 2 }, 'startupProbe'),
  ],
  [`${CONTAINER}.readiness_probe`, /^has no handler/, withProbe({}, 'readinessProbe')],
];

/** Templates at the edge of the rules. */
const ACCEPTED: readonly (readonly [what: string, template: AppImage])[] = [
  ['the highest port', withProbe({ tcpSocket: { port: '65535' } })],
  ['a named port that no port bears', withProbe({ httpGet: { port: 'metrics' } })],
  [
    'a named port of the container, whatever its name',
    withContainer({ ports: [{ name: 'My port!' }], startupProbe: { httpGet: { port: 'My port!', scheme: 'HTTPS' } } }),
  ],
  [
    'more than one success for readiness',
    withProbe({ exec: { command: ['a'] }, successThreshold: 3 }, 'readinessProbe'),
  ],
  [
    'the longest grace period',
    withProbe({ grpc: { port: 65535 }, successThreshold: 1, terminationGracePeriodSeconds: 2n ** 63n - 1n }),
  ],
];

describe('validation of a probe', () => {
  it.each(REJECTED)('refuses at %s: %s', (field, description, template) => {
    expect(validateAppImage(template, LIMITS)).toEqual([{ field, description: expect.stringMatching(description) }]);
  });

  it.each(ACCEPTED)('accepts %s', (_, template) => {
    expect(validateAppImage(template, LIMITS)).toEqual([]);
  });
});
