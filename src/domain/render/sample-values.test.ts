import { describe, expect, it } from 'vitest';
import { appImage } from '../../../test/support/app-image-builders.js';
import { documentedAppImage, MANIFESTS, manifestAppImage } from '../../../test/support/app-image-fixtures.js';
import type { AppImage } from '../app-image/app-image.js';
import { type RenderedFile, renderAppImage } from './render-app-image.js';

function render(template: AppImage): RenderedFile[] {
  return renderAppImage(template, { values: new Map(), useSamples: true, role: '' });
}

function contents(template: AppImage): string[] {
  return render(template).map(({ content }) => content);
}

describe('samples', () => {
  const CASES: readonly (readonly [string, () => AppImage])[] = [
    ...MANIFESTS.map((manifest) => [manifest, () => manifestAppImage(manifest)] as const),
    ['documented', documentedAppImage],
    ['roles', rolesAppImage],
  ];

  it.each(CASES)('have the documented shapes: %s', async (name, make) => {
    const files = render(make());
    const text = files
      .map(({ content, ...file }) => `${JSON.stringify(file, null, 2)}\n--- content\n${content}`)
      .join('\n=== next file\n');
    await expect(text).toMatchFileSnapshot(`../../../test/golden/render/${name}.txt`);
  });

  it('can stand in JSON strings, and be looked into', () => {
    const [file] = contents(manifestAppImage('secretflow-image'));
    const config = JSON.parse(file ?? '') as Record<string, string>;
    expect(JSON.parse(config['allocated_ports'] ?? '')).toHaveProperty('ports.0', {
      name: 'spu',
      port: 20000,
      scope: 'Cluster',
      protocol: 'GRPC',
    });
    expect(JSON.parse(config['task_cluster_def'] ?? '')).toMatchObject({
      parties: [
        {
          name: 'alice',
          role: '',
          services: expect.arrayContaining([{ portName: 'spu', endpoints: ['sample-task-0-spu.alice.svc'] }]),
        },
        { name: 'bob', role: '' },
      ],
      selfPartyIdx: 0,
      selfEndpointIdx: 0,
    });
  });

  it('give each port its own number, else the next one that is free', () => {
    const template = appImage({
      configTemplates: new Map([['a', '{{{.ALLOCATED_PORTS.ports}}} {{.KUSCIA_PORT_B_C_NUMBER}}']]),
      deployTemplates: [
        {
          name: 'app',
          containers: [
            {
              name: 'main',
              configVolumeMounts: [{ mountPath: '/a', subPath: 'a' }],
              ports: [{ name: 'a' }, { name: 'b-c' }, { name: 'd', port: 20000 }, { name: 'a', port: 7 }],
            },
          ],
        },
      ],
    });
    const [content = ''] = contents(template);
    const [ports, number] = content.split(' ');
    expect((JSON.parse(ports ?? '') as { port: number }[]).map(({ port }) => port)).toEqual([20001, 20002, 20000]);
    expect(number).toBe('20002');
  });
});

/** Two roles, several containers and replicas, ports with and without numbers. */
function rolesAppImage(): AppImage {
  const text = [
    'task {{.TASK_ID}} serving {{.SERVING_ID}} domain {{.KUSCIA_DOMAIN_ID}}',
    'api {{.KUSCIA_API_PROTOCOL}} {{.KUSCIA_API_TOKEN}} key {{.KUSCIA_DOMAIN_KEY_DATA}}',
    'files {{.TRUSTED_CA_FILE}} {{.SERVER_CERT_FILE}} {{.SERVER_PRIVATE_KEY_FILE}} {{.CLIENT_CERT_FILE}} {{.CLIENT_PRIVATE_KEY_FILE}}',
    'inputs {{.TASK_INPUT_CONFIG}} {{.INPUT_CONFIG}}',
    'ports {{{.ALLOCATED_PORTS}}}',
    'task cluster {{{.TASK_CLUSTER_DEFINE}}}',
    'serving cluster {{{.CLUSTER_DEFINE}}}',
    'metrics at {{.KUSCIA_PORT_METRICS_NUMBER}} mode {{.MODE}} unknown {{.SITE_SETTING}}',
    '',
  ].join('\n');
  const configVolumeMounts = [{ mountPath: '/work/app.conf', subPath: 'app.conf' }];
  return appImage({
    configTemplates: new Map([['app.conf', text]]),
    deployTemplates: [
      {
        name: 'app',
        role: 'server',
        replicas: 2,
        containers: [
          {
            name: 'main',
            configVolumeMounts,
            env: [{ name: 'mode', value: 'fast' }],
            ports: [
              { name: 'api', protocol: 'GRPC', scope: 'Cluster', port: 8080 },
              { name: 'admin', protocol: 'HTTP', scope: 'Domain' },
            ],
          },
          { name: 'exporter', ports: [{ name: 'metrics', scope: 'Local' }, { name: 'unscoped' }] },
        ],
      },
      {
        name: 'app',
        role: 'client,observer',
        containers: [
          { name: 'main', configVolumeMounts, ports: [{ name: 'callback', protocol: 'HTTP', scope: 'Cluster' }] },
        ],
      },
    ],
  });
}
