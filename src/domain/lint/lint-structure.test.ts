import { describe, expect, it } from 'vitest';
import { appImage } from '../../../test/support/app-image-builders.js';
import { lintAppImage } from './lint-app-image.js';

const LIMITS = { maxTemplateBytes: 1024 * 1024 };

type Parts = Parameters<typeof appImage>[0];
type DeployParts = NonNullable<NonNullable<Parts['deployTemplates']>[number]>;
type ContainerParts = NonNullable<NonNullable<DeployParts['containers']>[number]>;

/** Findings without those about the image, as `severity rule field: message | suggestion`. */
function said(parts: Parts): string[] {
  const image = { name: 'app', tag: '1.0.0' };
  return lintAppImage(appImage({ image, ...parts }), LIMITS).map(
    ({ severity, rule, field, message, suggestion }) => `${severity} ${rule} ${field}: ${message} | ${suggestion}`,
  );
}

function deploy(...deployTemplates: readonly DeployParts[]): string[] {
  return said({
    deployTemplates: deployTemplates.map((parts) => ({ name: 'app', containers: [{ name: 'main' }], ...parts })),
  });
}

function container(parts: ContainerParts, deployParts: DeployParts = {}): string[] {
  return deploy({ ...deployParts, containers: [{ name: 'main', ...parts }] });
}

const MAIN = 'deploy_templates[0].containers[0]';

describe('mutable-image-tag', () => {
  it.each([
    [{ tag: 'latest' }, '"latest" is another image at another time, and there is no id'],
    [{ tag: '' }, 'there is no tag, which means "latest", and no id'],
  ])('is said of %j', (parts, message) => {
    expect(said({ image: { name: 'app', ...parts } })).toEqual([
      `WARNING mutable-image-tag image.tag: ${message} | give the tag of a release, or the id of the image in image.id`,
    ]);
  });

  it.each([{ tag: '1.0.0' }, { tag: 'latest', id: 'abc' }, { tag: '', id: 'sha256:0f' }])(
    'is not said of %j',
    (parts) => {
      expect(said({ image: { name: 'app', ...parts } })).toEqual([]);
    },
  );
});

describe('missing-config-template', () => {
  it('guesses what was meant', () => {
    const [, missing] = said({
      configTemplates: new Map([['task-config.conf', '']]),
      deployTemplates: [
        {
          name: 'app',
          containers: [{ name: 'main', configVolumeMounts: [{ mountPath: '/a', subPath: 'task_config.cnf' }] }],
        },
      ],
    });
    expect(missing).toBe(
      `WARNING missing-config-template ${MAIN}.config_volume_mounts[0].sub_path: "task_config.cnf" is no key of config_templates | add it to config_templates, or mount what is there; did you mean "task-config.conf"?`,
    );
  });
});

describe('config-map-key', () => {
  it.each([
    ['app.conf', []],
    ['A_b-1.c', []],
    ['...x', ['config-map-key']],
    ['..', ['config-map-key']],
    ['.', ['config-map-key']],
    ['é', ['config-map-key']],
    ['a b', ['config-map-key']],
  ])('is found for %j: %j', (key, expected) => {
    const found = lintAppImage(appImage({ configTemplates: new Map([[key, '']]) }), LIMITS);
    expect(found.map(({ rule }) => rule).filter((rule) => rule === 'config-map-key')).toEqual(expected);
  });
});

describe('deploy templates', () => {
  it.each([
    ['other names, other roles', { name: 'a', role: 'x' }, { name: 'b', role: 'y' }, undefined],
    ['one name, other roles', { role: 'x' }, { role: 'y' }, undefined],
    ['one for any role', { role: '' }, { role: 'y' }, undefined],
    ['roles that only look alike', { role: 'a,b' }, { role: 'a b' }, undefined],
    ['one name, one role', { role: 'x' }, { role: 'x' }, 'WARNING duplicate-role'],
    ['one name, no role', { role: '' }, { role: ',' }, 'WARNING duplicate-role'],
    ['one name, one role among several', { role: 'a,x' }, { role: ',x,b,' }, 'WARNING duplicate-role'],
    ['other names, one role', { name: 'a', role: 'x' }, { name: 'b', role: 'x' }, 'INFO shadowed-deploy-template'],
    ['other names, no role', { name: 'a' }, { name: 'b' }, 'INFO shadowed-deploy-template'],
  ])('with %s', (_, first, second, expected) => {
    const found = deploy(first, second);
    expect(found.map((line) => line.split(':')[0])).toEqual(
      expected === undefined ? [] : [`${expected} deploy_templates[1].role`],
    );
  });
});

describe('ports', () => {
  it('have different names in a deploy template, though not over all of them', () => {
    const ports = [{ name: 'a', scope: 'Local' }];
    expect(
      deploy({ role: 'x', containers: [{ name: 'm', ports }] }, { role: 'y', containers: [{ name: 'm', ports }] }),
    ).toEqual([]);
    expect(
      deploy({
        containers: [
          { name: 'm', ports },
          { name: 'n', ports },
        ],
      }),
    ).toEqual([
      'WARNING duplicate-port-name deploy_templates[0].containers[1].ports[0].name: "a" is the name of containers[0].ports[0] already; controllers refuse to start such a pod | name each port of a deploy template differently',
    ]);
    expect(container({ ports: [...ports, ...ports] })).toEqual([
      `ERROR duplicate-port-name ${MAIN}.ports[1].name: "a" is the name of ports[0] already | choose another`,
    ]);
  });

  it('have different numbers where they have any', () => {
    const ports = (...numbers: number[]) => numbers.map((port, index) => ({ name: `p${index}`, scope: 'Local', port }));
    expect(container({ ports: ports(0, 0, 80, 81) })).toEqual([]);
    expect(container({ ports: ports(80, 0, 80) })).toEqual([
      `WARNING duplicate-port-number ${MAIN}.ports[2].port: 80 is the number of containers[0].ports[0] already, and the containers share one network | use another number, or leave it out to have one allocated`,
    ]);
  });
});

describe('network policies', () => {
  it('name ports and roles that there are', () => {
    const ports = [{ name: 'api', scope: 'Cluster' }];
    const containers = [{ name: 'main', ports }];
    const policy = (role: string, port: string): DeployParts => ({
      networkPolicy: { ingresses: [{ from: { roles: [role] }, ports: [{ port }] }] },
    });
    expect(deploy({ role: 'client,server', containers, ...policy('client', 'api') })).toEqual([]);
    expect(deploy({ role: 'server', containers, ...policy('serve', 'apis') })).toEqual([
      'WARNING unknown-ingress-role deploy_templates[0].network_policy.ingresses[0].from.roles[0]: no deploy template is for the role "serve" | name the role of a deploy template; did you mean "server"?',
      'WARNING unknown-ingress-port deploy_templates[0].network_policy.ingresses[0].ports[0].port: no container of the deploy template has a port "apis" | name one of its ports; did you mean "api"?',
    ]);
  });
});

describe('unknown-probe-port', () => {
  const ports = [{ name: 'brpc-builtin', scope: 'Domain' }];

  it.each([
    { livenessProbe: { httpGet: { port: 'brpc-builtin' } } },
    { readinessProbe: { tcpSocket: { port: '8080' } } },
    { startupProbe: { grpc: { port: 50051 } } },
    { metricProbe: { path: '/metrics', port: 'brpc-builtin' } },
  ])('is not said of %j', (probe) => {
    expect(container({ ports, ...probe })).toEqual([]);
  });

  it.each([
    [{ livenessProbe: { httpGet: { port: 'brpc' } } }, 'liveness_probe.http_get.port', 'brpc'],
    [{ readinessProbe: { tcpSocket: { port: 'x' } } }, 'readiness_probe.tcp_socket.port', 'x'],
    [{ startupProbe: { httpGet: { port: 'y' } } }, 'startup_probe.http_get.port', 'y'],
    [{ metricProbe: { path: '/metrics', port: 'z' } }, 'metric_probe.port', 'z'],
  ])('is said of %j', (probe, field, port) => {
    expect(container({ ports, ...probe })).toEqual([
      `WARNING unknown-probe-port ${MAIN}.${field}: the container has no port "${port}" | name one of its ports, or give a number`,
    ]);
  });

  it('does not take the port of another container, and guesses', () => {
    const [only] = deploy({
      containers: [
        { name: 'a', ports },
        { name: 'b', ports: [{ name: 'metric', scope: 'Local' }], livenessProbe: { httpGet: { port: 'metrics' } } },
      ],
    });
    expect(only).toContain('did you mean "metric"?');
  });
});

describe('probe-without-effect', () => {
  const exec = (...command: string[]) => ({ livenessProbe: { exec: { command } } });

  it.each([['true'], ['/bin/true'], [':'], ['sh', '-c', 'exit 0'], ['/bin/bash', '-c', ' true ']])(
    'is said of a command that always succeeds: %s %s %s',
    (...command) => {
      expect(container(exec(...command))).toEqual([
        `WARNING probe-without-effect ${MAIN}.liveness_probe.exec.command: the command always succeeds, so the probe never fails | ask the application how it is, or remove the probe`,
      ]);
    },
  );

  it.each([
    ['cat', '/tmp/healthy'],
    ['true', 'x'],
    ['sh', '-c', 'exit 1'],
    ['sh', 'true'],
    ['sh', '-c', 'true && x'],
  ])('is not said of %s %s %s', (...command) => {
    expect(container(exec(...command))).toEqual([]);
  });

  it.each([
    ['Never', 'Local', 1],
    ['OnFailure', 'Local', 1],
    ['Always', 'Local', 0],
    ['', 'Local', 0],
    ['Never', 'Domain', 0],
    ['OnFailure', 'Cluster', 0],
  ])('is said of readiness that nobody waits for: under %s with a port for %s', (restartPolicy, scope, count) => {
    const found = container(
      { ports: [{ name: 'a', scope }], readinessProbe: { tcpSocket: { port: 'a' } } },
      { restartPolicy },
    );
    expect(found).toHaveLength(count);
    expect(found.every((line) => line.startsWith(`WARNING probe-without-effect ${MAIN}.readiness_probe: `))).toBe(true);
  });

  it('is said of time to end that readiness cannot grant', () => {
    const probe = { tcpSocket: { port: '80' }, terminationGracePeriodSeconds: 5n };
    expect(container({ livenessProbe: probe, startupProbe: probe })).toEqual([]);
    expect(container({ readinessProbe: probe }).map((line) => line.split(':')[0])).toEqual([
      `WARNING probe-without-effect ${MAIN}.readiness_probe.termination_grace_period_seconds`,
    ]);
  });

  it('is only mentioned for liveness under Never, which does end the task', () => {
    const livenessProbe = { tcpSocket: { port: '80' } };
    expect(container({ livenessProbe }, { restartPolicy: 'OnFailure' })).toEqual([]);
    expect(container({ livenessProbe }, { restartPolicy: 'Never' }).map((line) => line.split(':')[0])).toEqual([
      `INFO probe-without-effect ${MAIN}.liveness_probe`,
    ]);
  });
});

describe('environment variables', () => {
  it('are set once', () => {
    const env = [{ name: 'http_proxy' }, { name: 'HTTP_PROXY' }, { name: 'A' }, { name: 'A' }, { name: 'A' }];
    expect(container({ env })).toEqual(
      [3, 4].map(
        (index) =>
          `WARNING duplicate-env ${MAIN}.env[${index}].name: "A" is set by env[2] already; the last value counts | set each variable once`,
      ),
    );
  });

  it('never have their credentials repeated', () => {
    const [only, ...more] = container({ env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] });
    expect(more).toEqual([]);
    expect(only).toMatch(/^WARNING secret-in-env deploy_templates\[0\]\.containers\[0\]\.env\[0\]\.value: /);
    expect(only).not.toContain('hunter2');
  });
});

describe('duplicate-mount-path', () => {
  it.each([
    ['/a', '/a/', 1],
    ['/a/b', '//a/./b', 1],
    ['/a', '/b', 0],
    ['/a', '/a/b', 0],
  ])('compares %s and %s', (first, second, count) => {
    const found = container({
      configVolumeMounts: [
        { mountPath: first, subPath: 'x' },
        { mountPath: second, subPath: 'x' },
      ],
    });
    expect(found.filter((line) => line.includes('duplicate-mount-path'))).toHaveLength(count);
  });
});
