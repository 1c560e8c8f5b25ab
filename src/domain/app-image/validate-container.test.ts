import { describe, expect, it } from 'vitest';
import { withContainer, withDeployTemplate } from '../../../test/support/app-image-builders.js';
import type { AppImage } from './app-image.js';
import { validateAppImage } from './validate-app-image.js';

const LIMITS = { maxTemplateBytes: 1024 * 1024 };
const CONTAINER = 'deploy_templates[0].containers[0]';

/** Where the fault is, what is said of it, and a template that has no other fault. */
const REJECTED: readonly (readonly [field: string, description: RegExp, template: AppImage])[] = [
  [`${CONTAINER}.name`, /^"a\.b" .*; did you mean "a-b"\?$/, withContainer({ name: 'a.b' })],
  [
    'deploy_templates[0].containers[2].name',
    /^"a" is the name of containers\[0\] already/,
    withDeployTemplate({ containers: [{ name: 'a' }, { name: 'b' }, { name: 'a' }] }),
  ],
  [
    `${CONTAINER}.config_volume_mounts[0].mount_path`,
    /^"etc\/a" is not absolute/,
    withContainer({ configVolumeMounts: [{ mountPath: 'etc/a', subPath: 'a' }] }),
  ],
  [
    `${CONTAINER}.config_volume_mounts[0].mount_path`,
    /without "\.\."$/,
    withContainer({ configVolumeMounts: [{ mountPath: '/etc/../a', subPath: 'a' }] }),
  ],
  [
    `${CONTAINER}.config_volume_mounts[0].sub_path`,
    /^"" is empty/,
    withContainer({ configVolumeMounts: [{ mountPath: '/a', subPath: '' }] }),
  ],
  [
    `${CONTAINER}.config_volume_mounts[1].sub_path`,
    /^"\.\." leaves its folder/,
    withContainer({
      configVolumeMounts: [
        { mountPath: '/a', subPath: 'a' },
        { mountPath: '/b', subPath: '..' },
      ],
    }),
  ],
  [`${CONTAINER}.ports[0].name`, /^"" is empty/, withContainer({ ports: [{ protocol: 'HTTP' }] })],
  [
    `${CONTAINER}.ports[1].name`,
    /^"a" is the name of ports\[0\] already/,
    withContainer({ ports: [{ name: 'a' }, { name: 'a' }] }),
  ],
  [`${CONTAINER}.ports[0].protocol`, /use HTTP, GRPC/, withContainer({ ports: [{ name: 'a', protocol: 'TCP' }] })],
  [
    `${CONTAINER}.ports[0].scope`,
    /^"cluster" .*use Cluster, Domain, Local.*; did you mean "Cluster"\?$/,
    withContainer({ ports: [{ name: 'a', scope: 'cluster' }] }),
  ],
  [
    `${CONTAINER}.ports[0].port`,
    /^65536 is not a port; use a number from 1 to 65535, or 0/,
    withContainer({ ports: [{ name: 'a', port: 65536 }] }),
  ],
  [`${CONTAINER}.ports[0].port`, /^-1 is not/, withContainer({ ports: [{ name: 'a', port: -1 }] })],
  [
    `${CONTAINER}.metric_probe.path`,
    /^"metrics" is not absolute/,
    withContainer({ metricProbe: { path: 'metrics', port: '80' } }),
  ],
  [`${CONTAINER}.metric_probe.port`, /^"" is empty/, withContainer({ metricProbe: { path: '/metrics' } })],
  [`${CONTAINER}.metric_probe.port`, /^"70000" is not a port/, withContainer({ metricProbe: { port: '70000' } })],
  [
    `${CONTAINER}.security_context`,
    /^"\{runAsUser:1\}" is not the text of a JSON object: expected a string/,
    withContainer({ securityContext: '{runAsUser:1}' }),
  ],
  [`${CONTAINER}.env_from[0]`, /^has no source; /, withContainer({ envFrom: [{ prefix: 'A' }] })],
  [
    `${CONTAINER}.env_from[0].config_map_ref.name`,
    /^"" is empty/,
    withContainer({ envFrom: [{ configMapRef: {}, secretRef: { name: 'a' } }] }),
  ],
  [`${CONTAINER}.env_from[0].secret_ref.name`, /^"" is empty/, withContainer({ envFrom: [{ secretRef: {} }] })],
  [`${CONTAINER}.env[0].name`, /^"" is not the name/, withContainer({ env: [{ value: 'a' }] })],
  [`${CONTAINER}.env[0].name`, /^"A=B" .*none of them "="$/, withContainer({ env: [{ name: 'A=B' }] })],
  [
    `${CONTAINER}.resources.limits.cpu`,
    /^"two" is not a Kubernetes quantity such as 500m/,
    withContainer({ resources: { limits: { cpu: 'two' } } }),
  ],
  [
    `${CONTAINER}.resources.limits.memory`,
    /did you mean "512M"\?$/,
    withContainer({ resources: { limits: { memory: '512MB' } } }),
  ],
  [
    `${CONTAINER}.resources.requests.cpu`,
    /^"-1" is negative/,
    withContainer({ resources: { requests: { cpu: '-1' } } }),
  ],
  [
    `${CONTAINER}.resources.requests.cpu`,
    /^"1\.5" is more than "1000m", the limit in limits\.cpu/,
    withContainer({ resources: { limits: { cpu: '1000m' }, requests: { cpu: '1.5' } } }),
  ],
  [
    `${CONTAINER}.resources.requests.memory`,
    /^"1Gi" is more than "1G"/,
    withContainer({ resources: { limits: { memory: '1G' }, requests: { memory: '1Gi' } } }),
  ],
  [
    `${CONTAINER}.image_pull_policy`,
    /use Always, Never, IfNotPresent/,
    withContainer({ imagePullPolicy: 'Sometimes' }),
  ],
];

/** Templates at the edge of the rules. */
const ACCEPTED: readonly (readonly [what: string, template: AppImage])[] = [
  [
    'every pull policy',
    withDeployTemplate({
      containers: ['', 'Always', 'Never', 'IfNotPresent'].map((imagePullPolicy, index) => ({
        name: `c${index}`,
        imagePullPolicy,
      })),
    }),
  ],
  [
    'dots in paths that lead nowhere up',
    withContainer({ configVolumeMounts: [{ mountPath: '/a/..b/...', subPath: 'a..b/.c' }] }),
  ],
  [
    'port names of any length and kind',
    withContainer({ ports: [{ name: 'a name longer than fifteen' }, { name: 'b' }] }),
  ],
  [
    'every protocol and scope',
    withContainer({
      ports: [
        { name: 'a', protocol: 'HTTP', scope: 'Cluster' },
        { name: 'b', protocol: 'GRPC', scope: 'Domain' },
        { name: 'c', scope: 'Local' },
      ],
    }),
  ],
  [
    'the same port name in two containers',
    withDeployTemplate({ containers: ['a', 'b'].map((name) => ({ name, ports: [{ name: 'http' }] })) }),
  ],
  [
    'both sources of variables',
    withContainer({ envFrom: [{ configMapRef: { name: 'a' }, secretRef: { name: 'b' } }] }),
  ],
  ['the same variable twice', withContainer({ env: [{ name: 'A' }, { name: 'A', value: 'b=c' }] })],
  ['empty resources', withContainer({ resources: { limits: {}, requests: {} } })],
  ['a request without a limit', withContainer({ resources: { limits: { memory: '1' }, requests: { cpu: '4' } } })],
  [
    'a request of exactly the limit, spelt differently',
    withContainer({ resources: { limits: { cpu: '1' }, requests: { cpu: '1000m' } } }),
  ],
];

describe('validation of a container', () => {
  it.each(REJECTED)('refuses at %s: %s', (field, description, template) => {
    expect(validateAppImage(template, LIMITS)).toEqual([{ field, description: expect.stringMatching(description) }]);
  });

  it.each(ACCEPTED)('accepts %s', (_, template) => {
    expect(validateAppImage(template, LIMITS)).toEqual([]);
  });
});
