import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { anyAppImage, validAppImage } from '../../../test/support/app-image-arbitraries.js';
import { appImage, withContainer, withDeployTemplate } from '../../../test/support/app-image-builders.js';
import { documentedAppImage, MANIFESTS } from '../../../test/support/app-image-fixtures.js';
import type { AppImage } from '../app-image/app-image.js';
import { normaliseAppImage } from '../app-image/normalise-app-image.js';
import { sameContent } from '../app-image/same-content.js';
import { formatFieldPath, parseFieldPath } from '../field-path.js';
import { documentPath } from './document-path.js';
import type { JsonLikeObject } from './json-like.js';
import { apiJsonToAppImage, manifestToAppImage } from './read-manifest.js';
import { appImageToManifest } from './write-manifest.js';

const HEAD = { apiVersion: 'kuscia.secretflow/v1alpha1', kind: 'AppImage' } as const;

function withContainers(...containers: JsonLikeObject[]): JsonLikeObject {
  const spec = { deployTemplates: [{ name: 'app', spec: { containers } }] };
  return { ...HEAD, metadata: { name: 'demo' }, spec };
}

/** The problems as lines: `kind path: message (did you mean)`. */
function problemsOf(manifest: JsonLikeObject): string[] {
  return manifestToAppImage(manifest).problems.map(({ kind, path, message, didYouMean }) =>
    [`${kind} ${path}: ${message}`, ...(didYouMean === undefined ? [] : [`(${didYouMean})`])].join(' '),
  );
}

function firstContainer({ deployTemplates }: AppImage) {
  return deployTemplates[0]?.containers[0];
}

describe('a manifest and its template', () => {
  it.each(MANIFESTS)('mean the same, back and forth: %s', (name) => {
    const source = parse(
      readFileSync(new URL(`../../../test/fixtures/manifests/${name}.yaml`, import.meta.url), 'utf8'),
    ) as JsonLikeObject;
    const { appImage: template, problems } = manifestToAppImage(source);
    expect(problems).toEqual([]);
    expect(appImageToManifest(template)).toEqual(source);
  });

  it('hold every field that there is', () => {
    const manifest = {
      ...HEAD,
      metadata: { name: 'demo', labels: { team: 'a' }, annotations: { 'example.com/note': 'b' } },
      spec: {
        configTemplates: { 'app.conf': '{{.TASK_ID}}\n', other: '' },
        deployTemplates: [
          {
            name: 'app',
            role: 'server',
            replicas: 2,
            networkPolicy: { ingresses: [{ from: { roles: ['client'] }, ports: [{ port: 'global' }] }] },
            spec: {
              containers: [
                {
                  name: 'app',
                  command: ['sh'],
                  args: ['-c', 'run'],
                  workingDir: '/work',
                  configVolumeMounts: [{ mountPath: '/etc/app.conf', subPath: 'app.conf' }],
                  ports: [{ name: 'global', port: 8080, protocol: 'HTTP', scope: 'Cluster' }],
                  envFrom: [{ prefix: 'P_', configMapRef: { name: 'c' } }, { secretRef: { name: 's' } }],
                  env: [{ name: 'A', value: '1' }, { name: 'EMPTY' }],
                  resources: { limits: { cpu: '1', memory: '1Gi' }, requests: {} },
                  livenessProbe: { exec: { command: ['true'] }, terminationGracePeriodSeconds: 5 },
                  readinessProbe: {
                    httpGet: {
                      path: '/',
                      port: 'global',
                      host: 'h',
                      scheme: 'HTTPS',
                      httpHeaders: [{ name: 'X', value: 'y' }],
                    },
                    initialDelaySeconds: 1,
                    timeoutSeconds: 2,
                    periodSeconds: 3,
                    successThreshold: 4,
                    failureThreshold: 5,
                  },
                  startupProbe: { grpc: { port: 8080, service: 's' } },
                  metricProbe: { path: '/metrics', port: 9090 },
                  imagePullPolicy: 'Always',
                  securityContext: { privileged: true },
                },
                { name: 'side', workingDir: '', livenessProbe: { tcpSocket: { port: 80, host: 'h' } } },
              ],
              restartPolicy: 'Never',
              affinity: { nodeAffinity: { required: [{ key: 'a' }] } },
            },
          },
        ],
        image: { name: 'app', tag: '1', id: 'i', sign: 's' },
      },
    } as const;
    const { appImage: template, problems } = manifestToAppImage(manifest);
    expect(problems).toEqual([]);
    expect(appImageToManifest(template)).toEqual(manifest);
    expect(JSON.stringify(appImageToManifest(template))).toBe(JSON.stringify(manifest));
    expect(template.deployTemplates[0]?.affinity).toBe('{"nodeAffinity":{"required":[{"key":"a"}]}}');
    expect(firstContainer(template)?.metricProbe).toEqual({ path: '/metrics', port: '9090' });
  });

  it('come back as they were, for every valid template', () => {
    fc.assert(
      fc.property(validAppImage, (template) => {
        const stored = normaliseAppImage(template);
        const read = manifestToAppImage(appImageToManifest(stored));
        expect(read.problems).toEqual([]);
        expect(read.appImage).toEqual(stored);
      }),
      { numRuns: 300 },
    );
  });

  it('mean the same, for every template that breaks rules but holds JSON where JSON belongs', () => {
    fc.assert(
      fc.property(anyAppImage, (template) => {
        const read = manifestToAppImage(appImageToManifest(template));
        fc.pre(read.problems.length === 0);
        expect(sameContent(read.appImage, template)).toBe(true);
      }),
    );
  });

  it('keep keys that JavaScript has plans for', () => {
    const template = appImage({
      configTemplates: new Map([
        ['__proto__', 'a'],
        ['constructor', 'b'],
      ]),
    });
    expect(manifestToAppImage(appImageToManifest(template)).appImage.configTemplates).toEqual(template.configTemplates);
  });

  it('keep 64-bit integers', () => {
    const probe = { grpc: { port: 1 }, terminationGracePeriodSeconds: 9007199254740993n };
    const template = withContainer({ livenessProbe: probe });
    const read = manifestToAppImage(appImageToManifest(template)).appImage;
    expect(firstContainer(read)?.livenessProbe?.terminationGracePeriodSeconds).toBe(9007199254740993n);
  });

  it('has what the CRD requires even where it is empty', () => {
    expect(appImageToManifest(withDeployTemplate({ containers: [{ name: 'a', ports: [{ name: 'p' }] }] }))).toEqual({
      ...HEAD,
      metadata: { name: 'demo' },
      spec: {
        deployTemplates: [
          { name: 'app', spec: { containers: [{ name: 'a', workingDir: '', ports: [{ name: 'p' }] }] } },
        ],
        image: { name: 'app', tag: '' },
      },
    });
  });
});

describe('a problem of a manifest', () => {
  it('is a field that no template can hold, with what was meant', () => {
    expect(
      problemsOf({
        ...withContainers({ name: 'a', wrokingDir: '/', env: [{ name: 'A', valueFrom: {} }], configVolumeMount: [] }),
        status: {},
      }),
    ).toEqual([
      'not-carried spec.deployTemplates[0].spec.containers[0].wrokingDir: is no field that a template can hold (workingDir)',
      'not-carried spec.deployTemplates[0].spec.containers[0].env[0].valueFrom: is no field that a template can hold; the fields here are name, value',
      'not-carried spec.deployTemplates[0].spec.containers[0].configVolumeMount: is no field that a template can hold (configVolumeMounts)',
      'not-carried status: is no field that a template can hold; the fields here are metadata, spec',
    ]);
  });

  it('is a field of the contract that has its place elsewhere', () => {
    const { spec, ...rest } = withContainers();
    expect(problemsOf({ ...rest, name: 'x', spec: { ...(spec as JsonLikeObject), restartPolicy: 'Never' } })).toEqual([
      expect.stringContaining('not-carried name: is no field'),
      expect.stringContaining('not-carried spec.restartPolicy: is no field'),
    ]);
  });

  it('is what the cluster sets, unless it is null', () => {
    const metadata = { name: 'a', creationTimestamp: null, resourceVersion: '5', namespace: 'n' };
    expect(problemsOf({ ...HEAD, metadata, spec: {} })).toEqual([
      'not-carried metadata.resourceVersion: is set by the cluster and no part of a template; remove it',
      expect.stringMatching(/^not-carried metadata\.namespace: .*the fields here are name, labels, annotations$/),
    ]);
  });

  it('is a wrong type, and the rest is read all the same', () => {
    const manifest = withContainers({
      name: 'a',
      args: 'run',
      command: ['sh', null, 5],
      env: [{ name: 'PORT', value: 8080 }, 'B=1', { name: 'DEBUG', value: true }],
      ports: [
        { name: 'p', port: '80' },
        { name: 'q', port: 1e10 },
        { name: 'r', port: 1.5 },
      ],
      resources: { limits: { cpu: 1, memory: 0.5 } },
      livenessProbe: { httpGet: { port: 80, path: {} } },
      securityContext: 'privileged',
    });
    const container = 'error spec.deployTemplates[0].spec.containers[0]';
    expect(problemsOf(manifest)).toEqual([
      `${container}.args: expected a list, found the text "run"`,
      `${container}.command[1]: expected a text, found nothing`,
      `${container}.command[2]: expected a text, found the number 5; put it in quotes`,
      `${container}.env[0].value: expected a text, found the number 8080; put it in quotes`,
      `${container}.env[1]: expected a mapping, found the text "B=1"`,
      `${container}.env[2].value: expected a text, found true; put it in quotes`,
      `${container}.ports[0].port: expected an integer, found the text "80"; write it without quotes`,
      `${container}.ports[1].port: expected an integer from -2147483648 to 2147483647, found 10000000000`,
      `${container}.ports[2].port: expected an integer, found the number 1.5`,
      `${container}.livenessProbe.httpGet.path: expected a text, found a mapping`,
      `${container}.securityContext: expected a mapping, found the text "privileged"`,
    ]);
    const read = firstContainer(manifestToAppImage(manifest).appImage);
    expect(read?.command).toEqual(['sh', '', '5']);
    expect(read?.env.map(({ name, value }) => `${name}=${value}`)).toEqual(['PORT=8080', '=', 'DEBUG=true']);
    expect(read?.resources?.limits).toEqual({ cpu: '1', memory: '0.5' });
    expect(read?.livenessProbe?.httpGet?.port).toBe('80');
  });

  it('is another version or kind', () => {
    expect(problemsOf({ apiVersion: 'v1', kind: 'appimage', metadata: { name: 'a' } })).toEqual([
      'error apiVersion: "v1" is not supported; write apiVersion: kuscia.secretflow/v1alpha1',
      'error kind: "appimage" is not supported; write kind: AppImage (AppImage)',
    ]);
    expect(problemsOf({ spec: {} })).toEqual([
      'error apiVersion: is missing; write apiVersion: kuscia.secretflow/v1alpha1',
      'error kind: is missing; write kind: AppImage',
    ]);
  });

  it('is a deploy template without replicas, which the API cannot express', () => {
    const manifest = { ...HEAD, metadata: {}, spec: { deployTemplates: [{ name: 'a' }, { name: 'b', replicas: 0n }] } };
    expect(problemsOf(manifest)).toEqual([
      'not-carried spec.deployTemplates[1].replicas: 0 replicas are stored as 1, the default',
    ]);
  });

  it('is JSON that contains itself, or numbers that JSON lacks', () => {
    const circular: Record<string, JsonLikeObject> = {};
    circular.self = circular;
    for (const securityContext of [circular, { a: Number.NaN }]) {
      expect(problemsOf(withContainers({ name: 'a', securityContext }))).toEqual([
        expect.stringContaining('securityContext: is too large or too deep'),
      ]);
    }
  });

  it('is a manifest that is none', () => {
    expect(manifestToAppImage([]).problems).toEqual([
      { path: '', kind: 'error', message: 'expected a mapping, found a list' },
    ]);
  });

  it('leaves no value of any type unread or unreported', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (value, other) => {
        const manifest = { ...withContainers({ name: 'a', env: value as never, resources: other as never }) };
        const { appImage: template, problems } = manifestToAppImage(manifest);
        expect(Array.isArray(firstContainer(template)?.env)).toBe(true);
        expect(problems.every(({ path }) => path.startsWith('spec.'))).toBe(true);
      }),
    );
  });
});

describe("the API's own JSON", () => {
  it('is read in both spellings of names', () => {
    const expected = withContainer({
      workingDir: '/w',
      securityContext: '{"a":1}',
      envFrom: [{ secretRef: { name: 's' } }],
    });
    const snake = {
      header: {},
      name: 'demo',
      image: { name: 'app' },
      config_templates: null,
      deploy_templates: [
        {
          name: 'app',
          containers: [
            {
              name: 'main',
              working_dir: '/w',
              security_context: { a: 1 },
              env_from: [{ secret_map_ref: { name: 's' } }],
            },
          ],
        },
      ],
    };
    const camel = {
      name: 'demo',
      image: { name: 'app' },
      deployTemplates: [
        {
          name: 'app',
          containers: [
            { name: 'main', workingDir: '/w', securityContext: '{ "a": 1 }', envFrom: [{ secretRef: { name: 's' } }] },
          ],
        },
      ],
    };
    for (const json of [snake, camel]) {
      expect(apiJsonToAppImage(json)).toEqual({ appImage: expected, problems: [] });
    }
  });

  it('takes integers as texts, and reports what it does not know', () => {
    const containers = [
      { name: 'a', liveness_probe: { grpc: { port: '80' }, termination_grace_period_seconds: '9007199254740993' } },
    ];
    const { appImage: template, problems } = apiJsonToAppImage({ deploy_templates: [{ replica: 1, containers }] });
    expect(firstContainer(template)?.livenessProbe).toMatchObject({
      grpc: { port: 80 },
      terminationGracePeriodSeconds: 9007199254740993n,
    });
    expect(problems).toEqual([
      expect.objectContaining({ path: 'deploy_templates[0].replica', kind: 'not-carried', didYouMean: 'replicas' }),
    ]);
    expect(documentedAppImage().name).not.toBe('');
  });
});

describe('the path of a field', () => {
  it.each([
    ['deploy_templates[0].containers[1].ports[2].name', 'spec.deployTemplates[0].spec.containers[1].ports[2].name'],
    ['config_templates["a.conf"]', 'spec.configTemplates["a.conf"]'],
    ['name', 'metadata.name'],
    ['deploy_templates[0].affinity.nodeAffinity[0].x', 'spec.deployTemplates[0].spec.affinity.nodeAffinity[0].x'],
    ['deploy_templates[0].unknown.x', 'spec.deployTemplates[0]'],
    ['', ''],
  ])('%s leads into a manifest', (field, expected) => {
    const steps = documentPath(parseFieldPath(field), 'manifest');
    expect(formatFieldPath(steps.map((step) => (typeof step === 'number' ? step : (step[0] ?? ''))))).toBe(expected);
  });

  it("leads into the API's JSON under every name that it may use", () => {
    expect(documentPath(parseFieldPath('deploy_templates[0].containers[0].env_from[0].secret_ref'), 'api')).toEqual([
      ['deploy_templates', 'deployTemplates'],
      0,
      ['containers', 'containers'],
      0,
      ['env_from', 'envFrom'],
      0,
      ['secret_ref', 'secretRef', 'secret_map_ref'],
    ]);
  });
});
