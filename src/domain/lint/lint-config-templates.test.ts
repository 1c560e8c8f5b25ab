import { describe, expect, it } from 'vitest';
import { appImage } from '../../../test/support/app-image-builders.js';
import type { AppImage } from '../app-image/app-image.js';
import { KNOWN_VARIABLES } from '../render/known-variables.js';
import { lintAppImage } from './lint-app-image.js';

const LIMITS = { maxTemplateBytes: 1024 * 1024 };
const FIELD = 'config_templates["app.conf"]';

type Parts = Parameters<typeof appImage>[0];
type DeployParts = NonNullable<Parts['deployTemplates']>;
type ContainerParts = NonNullable<NonNullable<DeployParts[number]>['containers']>[number];

const MOUNT = { configVolumeMounts: [{ mountPath: '/app.conf', subPath: 'app.conf' }] };

/** A template with one file that each of the containers mounts, each in a deploy template of its own. */
function withFile(text: string, ...containers: readonly ContainerParts[]): AppImage {
  const mounting = containers.length === 0 ? [{}] : containers;
  return appImage({
    image: { name: 'app', tag: '1.0.0' },
    configTemplates: new Map([['app.conf', text]]),
    deployTemplates: mounting.map((container, index) => ({
      name: 'app',
      role: `role-${index}`,
      containers: [{ name: 'main', ...MOUNT, ...container }],
    })),
  });
}

/** What is said about the file: rule, message and suggestion. */
function said(template: AppImage): string[] {
  return lintAppImage(template, LIMITS)
    .filter(({ field }) => field === FIELD)
    .map(({ rule, message, suggestion }) => `${rule}: ${message} | ${suggestion}`);
}

const ELSEWHERE = 'set it in env, or make sure that each site has it in its configuration';

describe('unknown-variable', () => {
  it('knows what the agents set, and the numbers of the ports', () => {
    const names = [...KNOWN_VARIABLES].filter(([, kind]) => kind !== 'serving').map(([name]) => `{{.${name}}}`);
    const ports = [{ name: 'http-api', scope: 'Cluster' }];
    expect(said(withFile(`${names.join('')}{{.KUSCIA_PORT_HTTP_API_NUMBER}}`, { ports }))).toEqual([]);
  });

  it('knows the env of the container that mounts the file, upper-cased', () => {
    const env = [{ name: 'app_mode', value: 'x' }];
    expect(said(withFile('{{.APP_MODE}}', { env }))).toEqual([]);
    expect(said(withFile('\n é{{.app_mode}}', { env }))).toEqual([
      `unknown-variable: line 2, column 5: .app_mode is set neither by the agents nor in the env of the container | ${ELSEWHERE}; did you mean "APP_MODE"?`,
    ]);
  });

  it('does not know the env of another container', () => {
    const template = withFile('{{.APP_MODE}}', {}, { configVolumeMounts: [], env: [{ name: 'APP_MODE' }] });
    expect(said(template)).toEqual([
      `unknown-variable: line 1, column 3: .APP_MODE is set neither by the agents nor in the env of the container | ${ELSEWHERE}`,
    ]);
  });

  it('tells where only some of the containers that mount the file set a variable', () => {
    expect(said(withFile('{{.APP_MODE}}', {}, { env: [{ name: 'APP_MODE' }] }, {}))).toEqual([
      'unknown-variable: line 1, column 3: .APP_MODE is set in the env of 1 of the 3 containers that mount the file | set it in all of them, or mount different files',
    ]);
  });

  it('takes the env of any container for a file that none mounts', () => {
    const template = withFile(
      '{{.APP_MODE}}',
      { configVolumeMounts: [] },
      { configVolumeMounts: [], env: [{ name: 'APP_MODE' }] },
    );
    expect(said(template).filter((line) => line.startsWith('unknown-variable'))).toEqual([]);
  });

  it('trusts env_from with what has its prefix, unless it looks like a slip of the pen', () => {
    const envFrom = [{ prefix: 'app_', secretRef: { name: 'app' } }];
    expect(said(withFile('{{.APP_MODE}}', { envFrom }))).toEqual([]);
    expect(said(withFile('{{.MODE}}', { envFrom }))).toHaveLength(1);
    expect(said(withFile('{{.MODE}}', { envFrom: [{ secretRef: { name: 'app' } }] }))).toEqual([]);
    expect(said(withFile('{{.TASK_IDD}}', { envFrom: [{ secretRef: { name: 'app' } }] }))).toHaveLength(1);
  });

  it('reports a name once, wherever it is: in conditions, arguments, paths and indices', () => {
    expect(said(withFile('{{if .A1}}{{end}}{{print (len .B1)}}{{{.C1.x[.D1.y]}}}{{index . "E1"}}{{.A1}}'))).toEqual(
      [
        [1, 6, 'A1'],
        [1, 31, 'B1'],
        [1, 40, 'C1'],
        [1, 46, 'D1'],
        [1, 65, 'E1'],
      ].map(
        ([line, column, name]) =>
          `unknown-variable: line ${line}, column ${column}: .${name} is set neither by the agents nor in the env of the container | ${ELSEWHERE}`,
      ),
    );
  });

  it('takes nothing for a variable that is none', () => {
    expect(said(withFile('{{/* .A */}}{{"{{.B}}"}}{{range 2}}{{.}}{{end}}{{$x := 1}}{{$x}} {.C} ${D}'))).toEqual([]);
  });
});

describe('variable-wrong-kind', () => {
  it('names both variables and the place of the second', () => {
    expect(said(withFile('{{.SERVING_ID}}\n{{.ALLOCATED_PORTS}}{{.TASK_ID}}{{.TASK_INPUT_CONFIG}}'))).toEqual([
      'variable-wrong-kind: line 2, column 23: .TASK_ID is set for tasks only, and .SERVING_ID in line 1 for servings only | use one file for tasks and another for servings',
    ]);
  });

  it('does not mind a variable that a container sets itself', () => {
    expect(said(withFile('{{.TASK_ID}}{{.INPUT_CONFIG}}', { env: [{ name: 'INPUT_CONFIG' }] }))).toEqual([]);
  });
});

describe('template-syntax', () => {
  it.each([
    ['{{.TASK_ID', 'line 1, column 11: unclosed action', "see Go's text/template"],
    ['a\n{{end}}', 'line 2, column 6: unexpected {{end}}', "see Go's text/template"],
    ['{{{ .TASK_CLUSTER_DEFINE.parties }}}', 'unexpected "{"', 'without white space between the braces and the dot'],
    ['{{.ALLOCATED_PORTS.ports[0].port}}', "bad character U+005B '['", 'needs three braces'],
    ['{{define "x"}}{{end}}', '', "see Go's text/template"],
  ])('tells place, fault and way out: %s', (text, message, suggestion) => {
    const [only, ...more] = said(withFile(text));
    expect(more).toEqual([]);
    expect(only).toMatch(/^template-syntax: line [12], column \d+: /);
    expect(only).toContain(message);
    expect(only).toContain(suggestion);
  });
});

describe('template-failure', () => {
  it.each([
    ['{{.TASK_CLUSTER_DEFINE.parties}}', "can't evaluate field parties in type string", 'use three braces'],
    ['{{.TASK_ID | len | index .TASK_ID 99}}', 'index', 'an agent fails here as well'],
    ['{{range .TASK_ID}}{{end}}', "range can't iterate over", 'an agent fails here as well'],
  ])('tells what would fail on a site: %s', (text, message, suggestion) => {
    const [only, ...more] = said(withFile(text));
    expect(more).toEqual([]);
    expect(only).toMatch(/^template-failure: line 1, column \d+: /);
    expect(only).toContain(message);
    expect(only).toContain(suggestion);
  });

  it('says nothing of what only takes long, and nothing where a condition guards', () => {
    expect(said(withFile('{{range 100000000}}{{end}}'))).toEqual([]);
    expect(said(withFile('{{if .TASK_ID}}{{else}}{{.TASK_ID.x}}{{end}}'))).toEqual([]);
  });
});

describe('placeholders', () => {
  const ports = [
    { name: 'api', scope: 'Cluster' },
    { name: 'metrics', scope: 'Domain' },
  ];

  it.each([
    '{{{.ALLOCATED_PORTS}}}',
    '{{{.ALLOCATED_PORTS.ports[name=api].port}}}',
    '{{{.ALLOCATED_PORTS.ports[0].protocol}}}',
    '{{{.ALLOCATED_PORTS.ports[scope=Local].name}}}',
    '{{{.TASK_CLUSTER_DEFINE.parties[name=some one].services[portName=other].endpoints[0]}}}',
    '{{{.TASK_CLUSTER_DEFINE.parties[.TASK_CLUSTER_DEFINE.selfPartyIdx].role}}}',
    '{{{.CLUSTER_DEFINE.selfEndpointIdx}}}',
    '{{{.TASK_INPUT_CONFIG.any.thing[0]}}}',
  ])('may lead to whatever a value has: %s', (text) => {
    expect(said(withFile(text, { ports }))).toEqual([]);
  });

  it.each([
    ['{{{.ALLOCATED_PORTS.port}}}', 'ALLOCATED_PORTS has no field "port"', 'did you mean "ports"?'],
    ['{{{.ALLOCATED_PORTS.ports.api}}}', 'ports is a list, which needs [index] or [key=value]', ''],
    ['{{{.ALLOCATED_PORTS[0]}}}', 'ALLOCATED_PORTS is no list', ''],
    ['{{{.ALLOCATED_PORTS.ports[nane=api]}}}', 'the elements of ports have no "nane"', 'did you mean "name"?'],
    ['{{{.ALLOCATED_PORTS.ports[name=ape].port}}}', 'no container has a port "ape"', 'did you mean "api"?'],
    ['{{{.ALLOCATED_PORTS.ports[0].number}}}', 'an element of ports has no field "number"', ''],
    ['{{{.ALLOCATED_PORTS.ports[0].name.x}}}', 'name is no object', ''],
    ['{{{.TASK_CLUSTER_DEFINE.selfPartyIndex}}}', 'has no field "selfPartyIndex"', 'did you mean "selfPartyIdx"?'],
    [
      '{{{.TASK_CLUSTER_DEFINE.parties[.TASK_CLUSTER_DEFINE.self].name}}}',
      '{{{.TASK_CLUSTER_DEFINE.self}}} renders to nothing: TASK_CLUSTER_DEFINE has no field "self"',
      '',
    ],
  ])('are reported where they lead nowhere: %s', (text, message, suggestion) => {
    const [only, ...more] = said(withFile(text, { ports }));
    expect(more).toEqual([]);
    expect(only).toMatch(/^unknown-placeholder-path: line 1, column \d+: /);
    expect(only).toContain(message);
    expect(only).toContain(suggestion);
  });

  it('are reported where only some of the deploy templates have the port', () => {
    const [only] = said(withFile('{{{.ALLOCATED_PORTS.ports[name=api].port}}}', { ports }, {}));
    expect(only).toContain('only 1 of the 2 deploy templates that mount the file have a port "api"');
  });

  it('are left alone where a container sets the variable itself', () => {
    expect(said(withFile('{{{.ALLOCATED_PORTS.x}}}', { env: [{ name: 'ALLOCATED_PORTS' }] }))).toEqual([]);
  });

  it.each([
    '{{{.TASK_CLUSTER_DEFINE.selfPartyIdx }}}',
    '{{{.TASK_ID }}}',
    '{{{.ALLOCATED_PORTS.ports[name= api].port}}}',
  ])('have no white space in them: %s', (text) => {
    const [only, ...more] = said(withFile(text, { ports }));
    expect(more).toEqual([]);
    expect(only).toMatch(/^placeholder-space: line 1, column 4: the white space in /);
  });

  it('are looked at wherever they stand', () => {
    const text =
      '{{if .TASK_ID}}{{else if .TASK_ID}}{{with .TASK_ID}}{{{.ALLOCATED_PORTS.x}}}{{end}}{{else}}{{{.ALLOCATED_PORTS.y}}}{{end}}';
    expect(said(withFile(text)).map((line) => /column (\d+)/.exec(line)?.[1])).toEqual(['56', '95']);
  });
});
