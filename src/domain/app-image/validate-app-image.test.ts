import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAppImage, validAppImage } from '../../../test/support/app-image-arbitraries.js';
import { appImage, withContainer, withDeployTemplate, withProbe } from '../../../test/support/app-image-builders.js';
import {
  documentedAppImage,
  documentedUpdate,
  MANIFESTS,
  manifestAppImage,
} from '../../../test/support/app-image-fixtures.js';
import type { AppImage } from './app-image.js';
import { encodedAppImageSize } from './encoded-size.js';
import { mergeAppImage } from './merge-app-image.js';
import { isAppImageName, validateAppImage } from './validate-app-image.js';
import { MAX_VIOLATIONS } from './violations.js';

const LIMITS = { maxTemplateBytes: 1024 * 1024 };
const LONG = 'x'.repeat(254);

/** Where the fault is, what is said of it, and a template that has no other fault. */
const REJECTED: readonly (readonly [field: string, description: RegExp, template: AppImage])[] = [
  ['name', /^"" is not an RFC 1123 label; use 1 to 63 of a-z, 0-9/, appImage({ name: '' })],
  ['name', /^"My_App" .*; did you mean "my-app"\?$/, appImage({ name: 'My_App' })],
  ['name', /^"-a" /, appImage({ name: '-a' })],
  ['name', /^"a\\n" /, appImage({ name: 'a\n' })],
  ['name', /^"a{64}" /, appImage({ name: 'a'.repeat(64) })],
  ['image', /^is missing; /, { ...appImage({}), image: undefined }],
  ['image.name', /^"" is no image name; it is required/, appImage({ image: { tag: 'v1' } })],
  ['image.name', /^"app:v1" has the tag "v1"; put it into image\.tag/, appImage({ image: { name: 'app:v1' } })],
  ['image.name', /^"app@sha256:0f" has the digest/, appImage({ image: { name: 'app@sha256:0f' } })],
  ['image.name', /^"x{64}"\.\.\. \(256 characters\) is longer/, appImage({ image: { name: 'x'.repeat(256) } })],
  ['image.tag', /^"a b" is not a tag; use 1 to 128/, appImage({ image: { name: 'app', tag: 'a b' } })],
  ['config_templates[""]', /^"" is not a key/, appImage({ configTemplates: new Map([['', '']]) })],
  ['config_templates["a/b"]', /none of them "\/"$/, appImage({ configTemplates: new Map([['a/b', '']]) })],
  [
    `config_templates["${LONG.slice(0, 64)}"... (254 characters)]`,
    /use 1 to 253 characters/,
    appImage({ configTemplates: new Map([[LONG, '']]) }),
  ],
  [
    'labels["-a"]',
    /^"-a" is not the key of a label; use \[prefix\/\]name/,
    appImage({ labels: new Map([['-a', '']]) }),
  ],
  ['labels["a/b/c"]', /is not the key/, appImage({ labels: new Map([['a/b/c', '']]) })],
  ['labels["/a"]', /is not the key/, appImage({ labels: new Map([['/a', '']]) })],
  ['labels["A.com/a"]', /is not the key/, appImage({ labels: new Map([['A.com/a', '']]) })],
  ['labels["a"]', /^"b c" is not the value of a label; use up to 63/, appImage({ labels: new Map([['a', 'b c']]) })],
  ['labels["a"]', /^"x{64}" is not the value/, appImage({ labels: new Map([['a', 'x'.repeat(64)]]) })],
  ['annotations["a b"]', /^"a b" is not the key of an annotation/, appImage({ annotations: new Map([['a b', '']]) })],
  [
    'annotations',
    /^keys and values have 262145 bytes together; at most 262144 are allowed$/,
    appImage({ annotations: new Map([['a', 'x'.repeat(256 * 1024)]]) }),
  ],
  [
    '',
    /^the template has \d+ bytes encoded; at most 1048576 are allowed$/,
    appImage({ configTemplates: new Map([['a', 'x'.repeat(1024 * 1024)]]) }),
  ],
];

/** Templates at the edge of the rules. */
const ACCEPTED: readonly (readonly [what: string, template: AppImage])[] = [
  ['nothing but what is required', appImage({})],
  ['the longest name', appImage({ name: `0${'a-'.repeat(30)}9a` })],
  ['a registry with a port', appImage({ image: { name: 'registry.example.com:5000/team/app', tag: 'v1' } })],
  ['any id and sign', appImage({ image: { name: 'app', id: ' \0\n', sign: '=' } })],
  ['any content of configuration files', appImage({ configTemplates: new Map([['a', '\0{{.A}']]) })],
  ['the longest key, counted in characters', appImage({ configTemplates: new Map([['\u{1f600}'.repeat(253), '']]) })],
  [
    'labels and annotations as Kubernetes has them',
    appImage({
      labels: new Map([
        ['app.kubernetes.io/name', 'My_App-1.0'],
        [`${'a'.repeat(253)}/${'b'.repeat(63)}`, 'x'.repeat(63)],
        ['1', ''],
      ]),
      annotations: new Map([
        ['Example.com/Note', 'any text\0 at all'],
        ['b', 'x'.repeat(200 * 1024)],
      ]),
    }),
  ],
  [
    'keys with dots',
    appImage({
      configTemplates: new Map([
        ['..', ''],
        ['__proto__', ''],
      ]),
    }),
  ],
];

describe('validateAppImage', () => {
  it.each(REJECTED)('refuses at %s: %s', (field, description, template) => {
    expect(validateAppImage(template, LIMITS)).toEqual([{ field, description: expect.stringMatching(description) }]);
  });

  it.each(ACCEPTED)('accepts %s', (_, template) => {
    expect(validateAppImage(template, LIMITS)).toEqual([]);
  });

  it.each(MANIFESTS)('accepts the manifest %s, which is in use', (manifest) => {
    expect(validateAppImage(manifestAppImage(manifest), LIMITS)).toEqual([]);
  });

  it('accepts the requests of the API document', () => {
    expect(validateAppImage(documentedAppImage(), LIMITS)).toEqual([]);
    expect(validateAppImage(mergeAppImage(documentedAppImage(), documentedUpdate()), LIMITS)).toEqual([]);
  });

  it('gives every fault at once, in the order of the fields', () => {
    const template = appImage({
      name: '',
      image: { name: 'App', tag: '.' },
      configTemplates: new Map([['/', '']]),
      deployTemplates: [
        { name: '', restartPolicy: 'x', containers: [] },
        {
          name: 'b',
          replicas: -1,
          containers: [
            { name: 'a' },
            {
              name: 'a',
              imagePullPolicy: 'x',
              configVolumeMounts: [{ mountPath: '..' }],
              ports: [{ protocol: 'x', scope: 'x' }],
              envFrom: [{}],
              env: [{}],
              resources: { requests: { cpu: 'x', memory: 'x' }, limits: { cpu: 'x', memory: 'x' } },
              livenessProbe: { httpGet: { scheme: 'x' }, tcpSocket: {}, successThreshold: 2 },
              startupProbe: {},
            },
          ],
        },
      ],
    });
    expect(validateAppImage(template, { maxTemplateBytes: 0 }).map(({ field }) => field)).toEqual([
      'name',
      'image.name',
      'image.tag',
      'config_templates["/"]',
      'deploy_templates[0].name',
      'deploy_templates[0].restart_policy',
      'deploy_templates[0].containers',
      'deploy_templates[1].replicas',
      ...[
        'name',
        'config_volume_mounts[0].mount_path',
        'config_volume_mounts[0].mount_path',
        'config_volume_mounts[0].sub_path',
        'ports[0].name',
        'ports[0].protocol',
        'ports[0].scope',
        'env_from[0]',
        'env[0].name',
        'resources.limits.cpu',
        'resources.limits.memory',
        'resources.requests.cpu',
        'resources.requests.memory',
        'liveness_probe',
        'liveness_probe.http_get.port',
        'liveness_probe.http_get.scheme',
        'liveness_probe.tcp_socket.port',
        'liveness_probe.success_threshold',
        'startup_probe',
        'image_pull_policy',
      ].map((field) => `deploy_templates[1].containers[1].${field}`),
      '',
    ]);
  });

  it('takes a template of exactly the largest size, and none that is a byte larger', () => {
    fc.assert(
      fc.property(validAppImage, (template) => {
        const maxTemplateBytes = encodedAppImageSize(template);
        expect(validateAppImage(template, { maxTemplateBytes })).toEqual([]);
        expect(validateAppImage(template, { maxTemplateBytes: maxTemplateBytes - 1 })).toHaveLength(1);
      }),
    );
  });

  it('compares the exact size with the limit, however near it is', () => {
    fc.assert(
      fc.property(validAppImage, fc.double({ min: 0.5, max: 3.5, noNaN: true }), (template, factor) => {
        const size = encodedAppImageSize(template);
        const maxTemplateBytes = Math.floor(factor * size);
        const description = `the template has ${size} bytes encoded; at most ${maxTemplateBytes} are allowed`;
        expect(validateAppImage(template, { maxTemplateBytes })).toEqual(
          size > maxTemplateBytes ? [{ field: '', description }] : [],
        );
      }),
    );
  });

  it('finds no fault in any template that keeps the rules', () => {
    fc.assert(
      fc.property(validAppImage, (template) => {
        expect(validateAppImage(template, LIMITS)).toEqual([]);
      }),
    );
  });

  it('takes any structure without an exception, and tells faults in bounded words', () => {
    fc.assert(
      fc.property(anyAppImage, (template) => {
        const before = structuredClone(template);
        for (const { field, description } of validateAppImage(template, LIMITS)) {
          expect(field.length + description.length).toBeLessThan(2000);
        }
        expect(template).toEqual(before);
      }),
    );
  });

  it('bounds what it says of hostile templates', () => {
    const megabyte = 'é'.repeat(1024 * 1024);
    const hostile = [
      appImage({
        name: megabyte,
        image: { name: megabyte, tag: megabyte },
        configTemplates: new Map([[`${megabyte}/`, '']]),
      }),
      appImage({ image: { name: 'a.'.repeat(500_000) }, configTemplates: new Map([['..'.repeat(500_000), '']]) }),
      withContainer({ configVolumeMounts: [{ mountPath: '/..'.repeat(300_000), subPath: '../'.repeat(300_000) }] }),
      withContainer({ ports: Array.from({ length: 100_000 }, () => ({ name: 'a', protocol: 'b', scope: 'c' })) }),
      withContainer({
        resources: { limits: { cpu: '9'.repeat(1_000_000) }, requests: { cpu: `1e${'9'.repeat(60)}` } },
      }),
      withProbe({ httpGet: { port: '1'.repeat(1_000_000) }, tcpSocket: { port: `${'a-'.repeat(500_000)}!` } }),
      withDeployTemplate({ containers: Array.from({ length: 100_000 }, () => ({ name: '-'.repeat(60) })) }),
      { ...appImage({}), configTemplates: new Map(Array.from({ length: 100_000 }, (_, index) => [`${index}/`, ''])) },
    ];
    for (const template of hostile) {
      const faults = validateAppImage(template, LIMITS);
      expect(faults.length).toBeGreaterThan(0);
      expect(faults.length).toBeLessThanOrEqual(MAX_VIOLATIONS);
      expect(JSON.stringify(faults).length).toBeLessThan(MAX_VIOLATIONS * 500);
    }
  });

  it('says in the last of a thousand faults how many more there are', () => {
    const faults = validateAppImage(withContainer({ env: Array.from({ length: 5000 }, () => ({})) }), LIMITS);
    expect(faults).toHaveLength(MAX_VIOLATIONS);
    expect(faults.at(-1)).toEqual({ field: '', description: '4001 more faults are not listed' });
  });
});

describe('isAppImageName', () => {
  it('knows RFC 1123 labels', () => {
    expect(['a', '0', 'a-b', 'a--b', 'x'.repeat(63)].every(isAppImageName)).toBe(true);
    expect(['', '-', 'a-', '-a', 'A', 'a.b', 'a_b', 'ä', 'a\n', 'x'.repeat(64)].some(isAppImageName)).toBe(false);
  });
});
