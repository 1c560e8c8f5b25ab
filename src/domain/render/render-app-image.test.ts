import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAppImage } from '../../../test/support/app-image-arbitraries.js';
import { appImage } from '../../../test/support/app-image-builders.js';
import type { AppImage } from '../app-image/app-image.js';
import { AppImageError } from '../errors.js';
import { MAX_RENDERED_FILES, type RenderOptions, renderAppImage } from './render-app-image.js';

const NO_VALUES: RenderOptions = { values: new Map(), useSamples: false, role: '' };

type Parts = Parameters<typeof appImage>[0];
type ContainerParts = NonNullable<NonNullable<NonNullable<Parts['deployTemplates']>[number]>['containers']>[number];

function render(template: AppImage, options: Partial<RenderOptions> = {}) {
  return renderAppImage(template, { ...NO_VALUES, ...options });
}

/** A template whose containers, each in a deploy template of its own, mount its one file. */
function withFile(text: string, ...containers: readonly ContainerParts[]): AppImage {
  return appImage({
    configTemplates: new Map([['app.conf', text]]),
    deployTemplates: (containers.length === 0 ? [{}] : containers).map((container, index) => ({
      name: `app-${index}`,
      role: `role-${index}`,
      containers: [
        { name: 'main', configVolumeMounts: [{ mountPath: '/app.conf', subPath: 'app.conf' }], ...container },
      ],
    })),
  });
}

function contents(template: AppImage, options: Partial<RenderOptions> = {}): string[] {
  return render(template, options).map(({ content }) => content);
}

function failure(template: AppImage, options: Partial<RenderOptions> = {}): AppImageError {
  try {
    render(template, options);
  } catch (error) {
    if (error instanceof AppImageError) {
      return error;
    }
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('renderAppImage', () => {
  it('renders each mounted file for each deploy template and container, in their order', () => {
    const mount = (subPath: string) => ({ mountPath: `/etc/${subPath}`, subPath });
    const template = appImage({
      configTemplates: new Map([
        ['b', 'B {{.NAME}}'],
        ['a', 'A'],
        ['unused', '{{'],
      ]),
      deployTemplates: [
        {
          name: 'x',
          role: 'server',
          containers: [
            {
              name: 'one',
              configVolumeMounts: [mount('b'), mount('a'), mount('missing')],
              env: [{ name: 'NAME', value: '1' }],
            },
            { name: 'two', configVolumeMounts: [mount('b')], env: [{ name: 'name', value: '2' }] },
          ],
        },
        { name: 'y', role: 'client', containers: [{ name: 'one', configVolumeMounts: [mount('b')] }] },
      ],
    });
    const nothing = { sampledVariables: [], missingVariables: [] };
    expect(render(template)).toEqual([
      {
        deployTemplate: 'x',
        role: 'server',
        container: 'one',
        configTemplate: 'b',
        mountPath: '/etc/b',
        content: 'B 1',
        variables: ['NAME'],
        ...nothing,
      },
      {
        deployTemplate: 'x',
        role: 'server',
        container: 'one',
        configTemplate: 'a',
        mountPath: '/etc/a',
        content: 'A',
        variables: [],
        ...nothing,
      },
      {
        deployTemplate: 'x',
        role: 'server',
        container: 'two',
        configTemplate: 'b',
        mountPath: '/etc/b',
        content: 'B 2',
        variables: ['NAME'],
        ...nothing,
      },
      {
        deployTemplate: 'y',
        role: 'client',
        container: 'one',
        configTemplate: 'b',
        mountPath: '/etc/b',
        content: 'B ',
        variables: ['NAME'],
        ...nothing,
        missingVariables: ['NAME'],
      },
    ]);
  });

  it('renders nothing where nothing is mounted', () => {
    expect(render(appImage({ configTemplates: new Map([['a', '{{']]) }))).toEqual([]);
  });

  it('upper-cases the names of values, and takes them before env, and env before samples', () => {
    const template = withFile('{{.TASK_ID}} {{.MODE}} {{.SERVING_ID}}', {
      env: [
        { name: 'task_id', value: 'from env' },
        { name: 'mode', value: 'first' },
        { name: 'MODE', value: 'last' },
      ],
    });
    expect(contents(template)).toEqual(['from env last ']);
    expect(contents(template, { values: new Map([['task_id', 'given']]), useSamples: true })).toEqual([
      'given last sample-serving',
    ]);
  });

  it('sorts the variables, and tells which had no value and which were sampled', () => {
    const [file] = render(
      withFile('{{.Z}}{{.TASK_ID}}{{{.ALLOCATED_PORTS.ports}}}{{.EMPTY}}{{index . (print "COMP" "UTED")}}{{.Z}}'),
      {
        values: new Map([['empty', '']]),
        useSamples: true,
      },
    );
    expect(file).toMatchObject({
      content: 'sample-task[]',
      variables: ['ALLOCATED_PORTS', 'COMPUTED', 'EMPTY', 'TASK_ID', 'Z'],
      missingVariables: ['COMPUTED', 'Z'],
      sampledVariables: ['ALLOCATED_PORTS', 'TASK_ID'],
    });
  });

  it('uses no samples unless asked to', () => {
    expect(render(withFile('{{.TASK_ID}}'))).toMatchObject([
      { content: '', missingVariables: ['TASK_ID'], sampledVariables: [] },
    ]);
  });

  describe('of one role', () => {
    const template = (...roles: readonly string[]) =>
      appImage({
        configTemplates: new Map([['a', '{{{.TASK_CLUSTER_DEFINE.parties[0].role}}}']]),
        deployTemplates: roles.map((role, index) => ({
          name: `app-${index}`,
          role,
          containers: [{ name: 'main', configVolumeMounts: [{ mountPath: '/a', subPath: 'a' }] }],
        })),
      });

    it.each([
      ['server', ['client', 'server'], ['app-1']],
      ['server', ['client,server', 'client'], ['app-0']],
      ['server', ['', 'client'], ['app-0']],
      ['server', ['', 'server'], ['app-1']],
      ['server', ['client', 'serve'], []],
      ['', ['client', ''], ['app-0', 'app-1']],
    ])('takes what a controller would take for %j of %j: %j', (role, roles, expected) => {
      expect(render(template(...roles), { role }).map(({ deployTemplate }) => deployTemplate)).toEqual(expected);
    });

    it('plays that role in the samples', () => {
      expect(contents(template('client,server'), { role: 'server', useSamples: true })).toEqual(['server']);
      expect(contents(template('client,server'), { useSamples: true })).toEqual(['client']);
    });
  });

  it('takes any template without another error than what may be told', () => {
    fc.assert(
      fc.property(anyAppImage, fc.string(), fc.boolean(), (template, role, useSamples) => {
        const before = structuredClone(template);
        try {
          render(template, { role, useSamples });
        } catch (error) {
          expect(error).toBeInstanceOf(AppImageError);
        }
        expect(template).toEqual(before);
      }),
    );
  });
});

describe('a template that cannot be rendered', () => {
  it('is refused with the field, line and column of every syntax error', () => {
    const template = appImage({
      configTemplates: new Map([
        ['b.conf', 'x\n  {{.A'],
        ['a"b', '{{{.A[}}}'],
        ['fine', '{{.A}}'],
      ]),
      deployTemplates: [
        {
          name: 'app',
          containers: ['one', 'two'].map((name) => ({
            name,
            configVolumeMounts: ['b.conf', 'a"b', 'fine'].map((subPath) => ({ mountPath: '/x', subPath })),
          })),
        },
      ],
    });
    const error = failure(template);
    expect(error.reason).toBe('REQUEST_INVALID');
    expect(error.violations).toEqual([
      { field: 'config_templates["a\\"b"]', description: "line 1, column 6: unclosed '[' in placeholder" },
      { field: 'config_templates["b.conf"]', description: 'line 2, column 7: unclosed action' },
    ]);
    expect(error.message).toContain('config_templates["b.conf"]: line 2, column 7: unclosed action');
  });

  it('is refused with line and column where rendering fails, once for each reason', () => {
    const template = withFile('\n{{.A.b}}', {}, {}, { env: [{ name: 'A', value: 'x' }] });
    expect(failure(template).violations).toEqual([
      {
        field: 'config_templates["app.conf"]',
        description: "line 2, column 3: can't evaluate field b in type string",
      },
    ]);
  });

  it('is refused at the limits of one file', () => {
    expect(failure(withFile('{{range 99999999}}{{end}}')).violations[0]?.description).toMatch(
      /^line 1, column \d+: .* steps$/,
    );
    expect(failure(withFile('{{printf "%9000000d" 1}}')).violations[0]?.description).toContain('limit of');
  });
});

describe('one request', () => {
  const large = '{{printf "%3000000d" 1}}';

  it('renders so many files and no more', () => {
    const containers = Array.from({ length: MAX_RENDERED_FILES }, () => ({}));
    expect(render(withFile('x', ...containers))).toHaveLength(MAX_RENDERED_FILES);
    expect(failure(withFile('x', ...containers, {})).violations).toEqual([
      {
        field: '',
        description: 'more than 1000 files are mounted, which is too much for one request; choose a role',
      },
    ]);
    expect(render(withFile('x', ...containers, {}), { role: 'role-3' })).toHaveLength(1);
  });

  it('renders so many bytes and no more', () => {
    expect(contents(withFile(large, {}, {}, {}, {}, {}))).toHaveLength(5);
    expect(failure(withFile(large, {}, {}, {}, {}, {}, {})).violations[0]).toMatchObject({
      field: '',
      description: expect.stringContaining('16777216 bytes together'),
    });
  });

  it('stops hostile files after so many steps for all of them', () => {
    const containers = Array.from({ length: MAX_RENDERED_FILES }, () => ({}));
    expect(failure(withFile('{{range 99999999}}{{end}}', ...containers)).violations[0]?.description).toContain(
      'limit of 10000 steps',
    );
  });

  it('stops where containers have too many variables for too many files', () => {
    const configVolumeMounts = Array.from({ length: MAX_RENDERED_FILES }, () => ({
      mountPath: '/a',
      subPath: 'app.conf',
    }));
    const env = Array.from({ length: 10_000 }, (_, index) => ({ name: `A${index}` }));
    expect(failure(withFile('{{.A1}}', { configVolumeMounts, env })).violations[0]?.description).toContain('too many');
  });

  it('makes bounded samples of unbounded templates', () => {
    const ports = Array.from({ length: 5000 }, (_, index) => ({ name: `p${index}`, scope: 'Cluster' }));
    const template = withFile(
      '{{{.TASK_CLUSTER_DEFINE}}}',
      { ports },
      ...Array.from({ length: 500 }, () => ({ ports: [] })),
    );
    const deployTemplates = template.deployTemplates.map((deployTemplate) => ({
      ...deployTemplate,
      replicas: 2 ** 31 - 1,
    }));
    const [content = ''] = contents({ ...template, deployTemplates }, { useSamples: true, role: 'role-0' });
    expect(content.length).toBeLessThan(1_000_000);
  });
});
