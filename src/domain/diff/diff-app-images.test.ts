import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAppImage } from '../../../test/support/app-image-arbitraries.js';
import { appImage, withContainer, withDeployTemplate } from '../../../test/support/app-image-builders.js';
import { documentedAppImage } from '../../../test/support/app-image-fixtures.js';
import { appImagePair } from '../../../test/support/app-image-pairs.js';
import type { AppImage } from '../app-image/app-image.js';
import type { DiffEntry, DiffKind } from './app-image-diff.js';
import { diffAppImages, resolveDiffPath } from './diff-app-images.js';

const CONTAINER = 'deploy_templates["app"].containers["main"]';

/** The entries as lines: `KIND CLASS path: old -> new`. */
function show(before: AppImage | undefined, after: AppImage | undefined): string[] {
  return diffAppImages(before, after).entries.map(
    (entry) => `${entry.kind} ${entry.class} ${entry.path}: ${entry.oldValue} -> ${entry.newValue}`,
  );
}

function file(content: string): AppImage {
  return appImage({ configTemplates: new Map([['app.conf', content]]) });
}

describe('a diff names what differs', () => {
  it.each<[string, AppImage, AppImage, string[]]>([
    [
      'the image',
      appImage({ image: { name: 'app', tag: '1', id: 'x' } }),
      appImage({ image: { name: 'app', tag: '2' } }),
      ['CHANGED IMAGE image.tag: 1 -> 2', 'REMOVED IMAGE image.id: x -> '],
    ],
    [
      'replicas',
      withDeployTemplate({ replicas: 0 }),
      withDeployTemplate({ replicas: 3 }),
      ['CHANGED SCALING deploy_templates["app"].replicas: 1 -> 3'],
    ],
    [
      'amounts, and amounts spelled otherwise',
      withContainer({ resources: { limits: { cpu: '1', memory: '1Gi' } } }),
      withContainer({ resources: { limits: { cpu: '1000m', memory: '2Gi' }, requests: { cpu: '1' } } }),
      [
        `CHANGED COSMETIC ${CONTAINER}.resources.limits.cpu: 1 -> 1000m`,
        `CHANGED SCALING ${CONTAINER}.resources.limits.memory: 1Gi -> 2Gi`,
        `ADDED SCALING ${CONTAINER}.resources.requests.cpu:  -> 1`,
      ],
    ],
    [
      'ports',
      withContainer({ ports: [{ name: 'a', scope: 'Cluster' }, { name: 'gone' }] }),
      withContainer({
        ports: [
          { name: 'new', protocol: 'GRPC' },
          { name: 'a', scope: 'Local', port: 80 },
        ],
      }),
      [
        `REMOVED BREAKING ${CONTAINER}.ports["gone"]: {"name":"gone"} -> `,
        `ADDED CONFIG ${CONTAINER}.ports["new"]:  -> {"name":"new","protocol":"GRPC"}`,
        `CHANGED BREAKING ${CONTAINER}.ports["a"].scope: Cluster -> Local`,
        `ADDED BREAKING ${CONTAINER}.ports["a"].port:  -> 80`,
      ],
    ],
    [
      'variables, by name and whatever their order',
      withContainer({ env: [{ name: 'A', value: '1' }, { name: 'B' }, { name: 'C' }] }),
      withContainer({ env: [{ name: 'B' }, { name: 'C' }, { name: 'A', value: '2' }] }),
      [`MOVED COSMETIC ${CONTAINER}.env["A"]: 0 -> 2`, `CHANGED CONFIG ${CONTAINER}.env["A"].value: 1 -> 2`],
    ],
    [
      'variables of one name, none of them lost',
      withContainer({ env: [{ name: 'A', value: '1' }] }),
      withContainer({
        env: [
          { name: 'A', value: '2' },
          { name: 'A', value: '1' },
        ],
      }),
      [
        `CHANGED CONFIG ${CONTAINER}.env["A"].value: 1 -> 2`,
        `ADDED CONFIG ${CONTAINER}.env["A"][1]:  -> {"name":"A","value":"1"}`,
      ],
    ],
    [
      'arguments, whose order matters',
      withContainer({ args: ['-c', 'run'] }),
      withContainer({ args: ['run', '-c'], command: ['sh'] }),
      [
        `ADDED CONFIG ${CONTAINER}.command:  -> ["sh"]`,
        `CHANGED CONFIG ${CONTAINER}.args: ["-c","run"] -> ["run","-c"]`,
      ],
    ],
    [
      'sources of variables, whose order matters',
      withContainer({ envFrom: [{ configMapRef: { name: 'a' } }, { prefix: 'P_', secretRef: { name: 'b' } }] }),
      withContainer({ envFrom: [{ prefix: 'P_', secretRef: { name: 'b' } }, { configMapRef: { name: 'a' } }] }),
      [`MOVED CONFIG ${CONTAINER}.env_from["prefix P_, secret b"]: 1 -> 0`],
    ],
    [
      'mounts',
      withContainer({ configVolumeMounts: [{ mountPath: '/etc/a', subPath: 'a' }] }),
      withContainer({ configVolumeMounts: [{ mountPath: '/etc/a', subPath: 'b' }] }),
      [`CHANGED CONFIG ${CONTAINER}.config_volume_mounts["/etc/a"].sub_path: a -> b`],
    ],
    [
      'probes, field by field',
      withContainer({ livenessProbe: { httpGet: { port: '80', path: '/a' }, periodSeconds: 5 } }),
      withContainer({
        livenessProbe: { httpGet: { port: '80', path: '/b' }, periodSeconds: 9 },
        startupProbe: { grpc: { port: 80 }, terminationGracePeriodSeconds: 30n },
      }),
      [
        `CHANGED CONFIG ${CONTAINER}.liveness_probe.http_get.path: /a -> /b`,
        `CHANGED CONFIG ${CONTAINER}.liveness_probe.period_seconds: 5 -> 9`,
        `ADDED CONFIG ${CONTAINER}.startup_probe:  -> {"grpc":{"port":80},"termination_grace_period_seconds":"30"}`,
      ],
    ],
    [
      'JSON, down to the value',
      withContainer({ securityContext: '{"runAsUser":1,"privileged":true,"x/y":[1,2]}' }),
      withContainer({ securityContext: '{ "x/y": [1, 3, {}], "runAsUser": 1 }' }),
      [
        `REMOVED CONFIG ${CONTAINER}.security_context.privileged: true -> `,
        `CHANGED CONFIG ${CONTAINER}.security_context["x/y"][1]: 2 -> 3`,
        `ADDED CONFIG ${CONTAINER}.security_context["x/y"][2]:  -> {}`,
      ],
    ],
    [
      'labels and annotations',
      appImage({
        labels: new Map([
          ['b', '1'],
          ['a', '1'],
        ]),
        annotations: new Map([['x/y', '1']]),
      }),
      appImage({
        labels: new Map([
          ['b', '2'],
          ['c', ''],
        ]),
        annotations: new Map([['x/y', '1']]),
      }),
      [
        'REMOVED COSMETIC labels["a"]: 1 -> ',
        'CHANGED COSMETIC labels["b"]: 1 -> 2',
        'ADDED COSMETIC labels["c"]:  -> ',
      ],
    ],
    [
      'who may connect',
      withDeployTemplate({
        networkPolicy: { ingresses: [{ from: { roles: ['b', 'a'] }, ports: [{ port: 'x' }, { port: 'y' }] }] },
      }),
      withDeployTemplate({
        networkPolicy: {
          ingresses: [{ from: { roles: ['b', 'a'] }, ports: [{ port: 'x' }] }, { from: { roles: ['c'] } }],
        },
      }),
      [
        'REMOVED BREAKING deploy_templates["app"].network_policy.ingresses["a,b"].ports["y"]: {"port":"y"} -> ',
        'ADDED CONFIG deploy_templates["app"].network_policy.ingresses["c"]:  -> {"from":{"roles":["c"]}}',
      ],
    ],
    [
      'lines of configuration files',
      file('{\n  "a": 1,\n  "b": 2\n}\n'),
      file('{\n  "a": 1,\n  "b": 3,\n  "c": 4\n}\n\n'),
      [
        'CHANGED CONFIG config_templates["app.conf"]:3:   "b": 2 ->   "b": 3,\n  "c": 4',
        'ADDED CONFIG config_templates["app.conf"]:6:  -> ',
      ],
    ],
    [
      'the line end at the end of a file',
      file('a'),
      file('a\n'),
      ['CHANGED CONFIG config_templates["app.conf"]:1: a -> a\n'],
    ],
    [
      'configuration files that come and go',
      file('a'),
      appImage({ configTemplates: new Map([['b', '']]) }),
      ['REMOVED CONFIG config_templates["app.conf"]: a -> ', 'ADDED CONFIG config_templates["b"]:  -> '],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(show(before, after)).toEqual(expected);
  });

  it('with deploy templates told apart by name and role', () => {
    const containers = [{ name: 'main' }];
    const before = appImage({
      deployTemplates: [
        { name: 'a', role: 'x', containers },
        { name: 'a', containers },
      ],
    });
    const after = appImage({
      deployTemplates: [
        { name: 'a', containers },
        { name: 'a', role: 'y', containers, restartPolicy: 'Never' },
      ],
    });
    expect(show(before, after)).toEqual([
      'REMOVED BREAKING deploy_templates["a/x"]: {"name":"a","role":"x","replicas":1,"containers":[{"name":"main"}]} -> ',
      'ADDED CONFIG deploy_templates["a/y"]:  -> {"name":"a","role":"y","replicas":1,"restart_policy":"Never","containers":[{"name":"main"}]}',
    ]);
  });

  it('with the order of deploy templates mattering only where the first one changes', () => {
    const ordered = (names: string[]) => appImage({ deployTemplates: names.map((name) => ({ name })) });
    expect(show(ordered(['a', 'b', 'c']), ordered(['a', 'c', 'b']))).toEqual([
      'MOVED COSMETIC deploy_templates["c"]: 2 -> 1',
    ]);
    expect(show(ordered(['a', 'b', 'c']), ordered(['b', 'c', 'a']))).toEqual([
      'MOVED CONFIG deploy_templates["a"]: 0 -> 2',
    ]);
  });

  it('with a file that differs all over as changed as a whole', () => {
    const lines = Array.from({ length: 4000 }, (_, index) => `line ${index}`);
    const before = file(lines.join('\n'));
    const after = file(lines.map((line, index) => (index % 2 === 0 ? line : `${line}!`)).join('\n'));
    expect(diffAppImages(before, after).entries).toEqual([
      expect.objectContaining({ path: 'config_templates["app.conf"]', kind: 'CHANGED', class: 'CONFIG' }),
    ]);
  });

  it('with no two deploy templates taken for one, whatever their names', () => {
    const before = appImage({ deployTemplates: [{ name: 'a/b', role: 'c' }] });
    const after = appImage({ deployTemplates: [{ name: 'a', role: 'b/c' }] });
    expect(diffAppImages(before, after).entries.map(({ path }) => path)).toEqual([
      'deploy_templates["a%2Fb/c"]',
      'deploy_templates["a/b/c"]',
    ]);
  });
});

describe('the class of a diff', () => {
  it('is the gravest of its entries', () => {
    const before = withContainer({ ports: [{ name: 'a' }] });
    expect(diffAppImages(before, { ...before, image: undefined }).class).toBe('IMAGE');
    expect(diffAppImages(before, withContainer({ args: ['a'] })).class).toBe('BREAKING');
    expect(diffAppImages(before, withContainer({ ports: [{ name: 'a' }], args: ['a'] })).class).toBe('CONFIG');
    expect(diffAppImages(before, before).class).toBeUndefined();
  });
});

const SWAPPED = { ADDED: 'REMOVED', REMOVED: 'ADDED', CHANGED: 'CHANGED', MOVED: 'MOVED' } as const;

/** How often each kind occurs, apart from lines of files, for which there may be several shortest ways. */
function kinds(entries: readonly DiffEntry[], name: (kind: DiffKind) => DiffKind): Map<DiffKind, number> {
  const counts = new Map<DiffKind, number>();
  for (const { kind, path } of entries) {
    if (!/"\]:\d+$/.test(path)) {
      counts.set(name(kind), (counts.get(name(kind)) ?? 0) + 1);
    }
  }
  return counts;
}

describe('any diff', () => {
  it('of a template with itself is empty', () => {
    fc.assert(
      fc.property(anyAppImage, (template) => {
        expect(diffAppImages(template, structuredClone(template))).toEqual({ entries: [], class: undefined });
      }),
    );
    expect(diffAppImages(undefined, undefined).entries).toEqual([]);
  });

  it('has no two entries of one path', () => {
    fc.assert(
      fc.property(appImagePair, ([before, after]) => {
        const paths = diffAppImages(before, after).entries.map(({ path }) => path);
        expect(new Set(paths).size).toBe(paths.length);
      }),
      { numRuns: 300 },
    );
  });

  it('is the same the other way round, with added and removed swapped', () => {
    fc.assert(
      fc.property(appImagePair, ([before, after]) => {
        const there = diffAppImages(before, after).entries;
        const back = diffAppImages(after, before).entries;
        expect(kinds(back, (kind) => kind)).toEqual(kinds(there, (kind) => SWAPPED[kind]));
      }),
      { numRuns: 300 },
    );
  });

  it('with nothing is all added, or all removed', () => {
    fc.assert(
      fc.property(anyAppImage, (template) => {
        expect(diffAppImages(undefined, template).entries.every(({ kind }) => kind === 'ADDED')).toBe(true);
        expect(diffAppImages(template, undefined).entries.every(({ kind }) => kind === 'REMOVED')).toBe(true);
      }),
    );
    const { entries } = diffAppImages(undefined, documentedAppImage());
    expect(entries.map(({ path }) => path.replace(/"[^"]*"/, '""'))).toEqual([
      'name',
      'image.name',
      'image.tag',
      'image.id',
      'image.sign',
      'config_templates[""]',
      'deploy_templates[""]',
    ]);
  });
});

describe('the path of a difference', () => {
  const template = appImage({
    configTemplates: new Map([['a.conf', 'x']]),
    deployTemplates: [
      { name: 'app', containers: [{ name: 'main' }] },
      {
        name: 'app',
        role: 'server',
        containers: [
          { name: 'side' },
          { name: 'main', env: [{ name: 'A' }, { name: 'A' }], securityContext: '{"a":1}' },
        ],
      },
    ],
  });

  it.each([
    ['image.tag', ['image', 'tag'], undefined],
    ['config_templates["a.conf"]:12', ['config_templates', 'a.conf'], 12],
    [
      'deploy_templates["app/server"].containers["main"].env["A"][1].value',
      ['deploy_templates', 1, 'containers', 1, 'env', 1, 'value'],
      undefined,
    ],
    [
      'deploy_templates["app/server"].containers["main"].security_context.a',
      ['deploy_templates', 1, 'containers', 1, 'security_context', 'a'],
      undefined,
    ],
    ['deploy_templates["app"].containers["gone"].args', ['deploy_templates', 0, 'containers'], undefined],
  ])('leads to the field, or the nearest one above: %s', (path, field, line) => {
    expect(resolveDiffPath(template, path)).toEqual({ field, line });
  });

  it('resolves to indices that exist, for every entry', () => {
    fc.assert(
      fc.property(appImagePair, ([before, after]) => {
        for (const { path, kind } of diffAppImages(before, after).entries) {
          const place = resolveDiffPath(kind === 'REMOVED' ? before : after, path);
          expect(place.field.length).toBeGreaterThan(0);
        }
      }),
    );
  });
});
