import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAppImage } from '../../../test/support/app-image-arbitraries.js';
import { appImage, withContainer, withDeployTemplate } from '../../../test/support/app-image-builders.js';
import {
  documentedAppImage,
  documentedUpdate,
  MANIFESTS,
  manifestAppImage,
} from '../../../test/support/app-image-fixtures.js';
import type { AppImage } from '../app-image/app-image.js';
import { mergeAppImage } from '../app-image/merge-app-image.js';
import { validateAppImage } from '../app-image/validate-app-image.js';
import { MAX_FINDINGS } from './findings.js';
import { lintAppImage } from './lint-app-image.js';
import type { LintFinding } from './lint-finding.js';
import { LINT_RULES } from './lint-rules.js';

const LIMITS = { maxTemplateBytes: 1024 * 1024 };

function lint(template: AppImage): readonly LintFinding[] {
  return lintAppImage(template, LIMITS);
}

function brief(template: AppImage): string[] {
  return lint(template).map(({ severity, rule, field }) => `${severity} ${rule} ${field}`);
}

describe('templates in use', () => {
  it.each(MANIFESTS)('have no error: %s', (manifest) => {
    expect(lint(manifestAppImage(manifest)).filter(({ severity }) => severity === 'ERROR')).toEqual([]);
  });

  it('have a warning only where a site has to have a variable in its configuration', () => {
    expect(MANIFESTS.flatMap((manifest) => lint(manifestAppImage(manifest)))).toEqual([
      {
        rule: 'unknown-variable',
        severity: 'WARNING',
        field: 'config_templates["serving-config.conf"]',
        message: 'line 6, column 18: .MODEL_OSS_META is set neither by the agents nor in the env of the container',
        suggestion: 'set it in env, or make sure that each site has it in its configuration',
      },
    ]);
  });

  it('have no error and no warning as the API document creates them', () => {
    expect(brief(documentedAppImage())).toEqual([
      'INFO probe-without-effect deploy_templates[0].containers[0].liveness_probe',
    ]);
  });

  it('have a warning where an update has removed the file that is still mounted', () => {
    expect(brief(mergeAppImage(documentedAppImage(), documentedUpdate()))).toEqual([
      'WARNING missing-config-template deploy_templates[0].containers[0].config_volume_mounts[0].sub_path',
    ]);
  });
});

describe('errors', () => {
  it('are found exactly where a create would refuse the template, at the same fields', () => {
    fc.assert(
      fc.property(anyAppImage, (template) => {
        const faults = validateAppImage(template, LIMITS);
        const errors = lint(template).filter(({ severity }) => severity === 'ERROR');
        expect(errors.map(({ field }) => field).sort()).toEqual(faults.map(({ field }) => field).sort());
        for (const { message, suggestion, field } of errors) {
          const description = suggestion === '' ? message : `${message}; ${suggestion}`;
          expect(faults).toContainEqual({ field, description });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('each have a rule of their own', () => {
    fc.assert(
      fc.property(anyAppImage, (template) => {
        expect(lint(template).map(({ rule }) => rule)).not.toContain('invalid-field');
      }),
      { numRuns: 300 },
    );
  });

  it('say first what was found, then what to do, whatever the value is', () => {
    expect(lint(withContainer({ ports: [{ name: 'a', protocol: '; "x', scope: 'Local' }] }))).toContainEqual({
      rule: 'invalid-port-protocol',
      severity: 'ERROR',
      field: 'deploy_templates[0].containers[0].ports[0].protocol',
      message: '"; \\"x" is not allowed',
      suggestion: 'use HTTP, GRPC, or leave it empty',
    });
  });

  it('tell a template that is too large from other faults', () => {
    const template = appImage({ configTemplates: new Map([['a', 'x'.repeat(1024 * 1024)]]) });
    expect(brief(template)).toEqual([
      'WARNING mutable-image-tag image.tag',
      'WARNING unused-config-template config_templates["a"]',
      'ERROR template-too-large ',
    ]);
  });

  it('keep lesser rules away from the same field', () => {
    const port = { name: 'a', scope: 'Local' };
    const template = withContainer({
      ports: [port, port],
      startupProbe: { httpGet: { port: '!' } },
      env: [{ name: '=' }],
      configVolumeMounts: [{ mountPath: '/a', subPath: '' }],
    });
    const fields = lint(template).map(({ field }) => field);
    expect(fields).toEqual([...new Set(fields)]);
    expect(fields).toHaveLength(5);
  });
});

describe('findings', () => {
  it('come in the order of the fields, then of the rules, whatever found them first', () => {
    const template = appImage({
      name: 'A',
      image: { name: 'app', tag: 'latest' },
      configTemplates: new Map([
        ['b', '{{.TASK_IDD}}{{'],
        ['a b', '{{.TASK_IDD}} {{.SERVING_ID}} {{.TASK_ID.x}}'],
      ]),
      deployTemplates: [
        {
          name: 'app',
          containers: [
            {
              name: 'main',
              livenessProbe: { tcpSocket: { port: 'no' } },
              env: [{ name: 'A' }, { name: 'A', value: '-----BEGIN PRIVATE KEY-----' }],
              ports: [{ name: 'p' }, { name: 'p', scope: 'Local' }],
              configVolumeMounts: [{ mountPath: '/x', subPath: 'y' }],
            },
          ],
        },
        { name: 'app', containers: [] },
      ],
      labels: new Map([['!', '']]),
    });
    const container = 'deploy_templates[0].containers[0]';
    expect(brief(template)).toEqual([
      'ERROR invalid-name name',
      'WARNING mutable-image-tag image.tag',
      'WARNING config-map-key config_templates["a b"]',
      'WARNING template-failure config_templates["a b"]',
      'WARNING unknown-variable config_templates["a b"]',
      'WARNING unused-config-template config_templates["a b"]',
      'WARNING variable-wrong-kind config_templates["a b"]',
      'WARNING template-syntax config_templates["b"]',
      'WARNING unused-config-template config_templates["b"]',
      `WARNING missing-config-template ${container}.config_volume_mounts[0].sub_path`,
      `INFO port-without-scope ${container}.ports[0].scope`,
      `ERROR duplicate-port-name ${container}.ports[1].name`,
      `WARNING duplicate-env ${container}.env[1].name`,
      `WARNING secret-in-env ${container}.env[1].value`,
      `WARNING unknown-probe-port ${container}.liveness_probe.tcp_socket.port`,
      'WARNING duplicate-role deploy_templates[1].role',
      'ERROR container-count deploy_templates[1].containers',
      'ERROR invalid-label labels["!"]',
    ]);
  });

  it('are the same for the same template, in whatever order its maps come', () => {
    fc.assert(
      fc.property(anyAppImage, (template) => {
        const reversed: AppImage = {
          ...template,
          configTemplates: new Map([...template.configTemplates].toReversed()),
          labels: new Map([...template.labels].toReversed()),
          annotations: new Map([...template.annotations].toReversed()),
        };
        expect(lint(template)).toEqual(lint(structuredClone(template)));
        expect(lint(reversed)).toEqual(lint(template));
      }),
    );
  });

  it('have a severity that the table allows', () => {
    fc.assert(
      fc.property(anyAppImage, (template) => {
        for (const { rule, severity } of lint(template)) {
          expect(LINT_RULES[rule].severities).toContain(severity);
        }
      }),
    );
  });

  it('never change the template', () => {
    fc.assert(
      fc.property(anyAppImage, (template) => {
        const before = structuredClone(template);
        lint(template);
        expect(template).toEqual(before);
      }),
    );
  });

  it('are listed as far as an answer carries them, errors before the rest, and the others counted', () => {
    const ports = Array.from({ length: 1500 }, (_, index) => ({ name: `p${index}` }));
    const found = lint(withDeployTemplate({ containers: [{ name: 'main', ports, imagePullPolicy: 'no' }] }));
    expect(found).toHaveLength(MAX_FINDINGS);
    expect(found.at(-1)).toEqual({
      rule: 'too-many-findings',
      severity: 'INFO',
      field: '',
      message: '503 more findings are not listed',
      suggestion: 'mend those that are, and lint again',
    });
    expect(found.map(({ rule }) => rule)).toContain('invalid-image-pull-policy');
    expect(found[0]?.rule).toBe('mutable-image-tag');
  });

  it('count the faults that the validation does not list', () => {
    const env = Array.from({ length: 5000 }, () => ({}));
    expect(lint(withContainer({ env })).at(-1)?.message).toMatch(/^400[0-9] more findings are not listed$/);
  });
});

describe('hostile templates', () => {
  const mount = (subPath: string) => ({ mountPath: `/${subPath}`, subPath });
  const manyNames = Array.from({ length: 20_000 }, (_, index) => `N${index}`);
  const names = manyNames.map((name) => `{{.${name}}}`).join('');
  const HOSTILE: readonly (readonly [string, () => AppImage])[] = [
    ['braces', () => withTemplate('{{'.repeat(512 * 1024))],
    ['triple braces', () => withTemplate('{{{.A}}}'.repeat(128 * 1024))],
    ['half placeholders', () => withTemplate('{{{.A['.repeat(170 * 1024))],
    ['paths', () => withTemplate(Array.from({ length: 20_000 }, (_, i) => `{{{.ALLOCATED_PORTS.p${i}}}}`).join(''))],
    ['a long path', () => withTemplate(`{{{.ALLOCATED_PORTS${'.a'.repeat(500_000)}}}}`)],
    ['nested indices', () => withTemplate(`{{{.A${'[.B'.repeat(100_000)}${']'.repeat(100_000)}}}}`)],
    ['else if', () => withTemplate(`{{if .A}}${'{{else if .B}}'.repeat(60_000)}{{end}}`)],
    ['endless loops', () => manyTemplates(20_000, '{{range 9223372036854775807}}{{end}}')],
    ['unknown names', () => withTemplate(names)],
    [
      'a file that everyone mounts, and everyone sets something else',
      () =>
        appImage({
          configTemplates: new Map([['a', names]]),
          deployTemplates: manyNames.map((name) => ({
            name: 'a',
            containers: [{ name: 'a', configVolumeMounts: [mount('a')], env: [{ name }], envFrom: [{ prefix: name }] }],
          })),
        }),
    ],
    [
      'one container with many files and many variables',
      () =>
        appImage({
          configTemplates: new Map(manyNames.map((name) => [name, '{{.X}}{{.N7}}'])),
          deployTemplates: [
            {
              name: 'a',
              containers: [
                {
                  name: 'a',
                  configVolumeMounts: manyNames.map(mount),
                  env: manyNames.map((name) => ({ name })),
                  ports: manyNames.map((name) => ({ name, scope: 'Cluster' })),
                },
              ],
            },
          ],
        }),
    ],
    ['roles', () => withDeployTemplate({ role: 'a,'.repeat(500_000) })],
    ['commas', () => withDeployTemplate({ role: `a${','.repeat(500_000)}b` })],
    ['a value of credentials', () => withContainer({ env: [{ name: 'A', value: 'eyJ://:'.repeat(150_000) }] })],
    ['values', () => withContainer({ env: manyNames.map(() => ({ name: 'PASSWORD', value: '<'.repeat(50) })) })],
    ['a long name', () => withContainer({ env: [{ name: 'aB'.repeat(500_000), value: 'x' }] })],
  ];

  it.each(HOSTILE)('are linted in bounded time and words: %s', (_, make) => {
    const found = lint(make());
    expect(found.length).toBeLessThanOrEqual(MAX_FINDINGS);
    expect(JSON.stringify(found).length).toBeLessThan(1_000_000);
  });

  function withTemplate(text: string): AppImage {
    return manyTemplates(1, text);
  }

  function manyTemplates(count: number, text: string): AppImage {
    const keys = manyNames.slice(0, count);
    return appImage({
      configTemplates: new Map(keys.map((key) => [key, text])),
      deployTemplates: [{ name: 'a', containers: [{ name: 'a', configVolumeMounts: keys.map(mount) }] }],
    });
  }
});
