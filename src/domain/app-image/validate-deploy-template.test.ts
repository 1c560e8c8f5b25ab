import { describe, expect, it } from 'vitest';
import { appImage, withDeployTemplate } from '../../../test/support/app-image-builders.js';
import type { AppImage } from './app-image.js';
import { validateAppImage } from './validate-app-image.js';

const LIMITS = { maxTemplateBytes: 1024 * 1024 };

/** Where the fault is, what is said of it, and a template that has no other fault. */
const REJECTED: readonly (readonly [field: string, description: RegExp, template: AppImage])[] = [
  ['deploy_templates', /^is empty; /, appImage({ deployTemplates: [] })],
  [
    'deploy_templates',
    /^has 65 entries; at most 64/,
    appImage({ deployTemplates: Array.from({ length: 65 }, () => ({ name: 'app', containers: [{ name: 'main' }] })) }),
  ],
  ['deploy_templates[0].name', /^"App" .*; did you mean "app"\?$/, withDeployTemplate({ name: 'App' })],
  ['deploy_templates[0].replicas', /^-1 is not/, withDeployTemplate({ replicas: -1 })],
  ['deploy_templates[0].replicas', /use 0 to 2147483647$/, withDeployTemplate({ replicas: 2 ** 31 })],
  ['deploy_templates[0].replicas', /^0\.5 is not/, withDeployTemplate({ replicas: 0.5 })],
  [
    'deploy_templates[0].restart_policy',
    /^"onFailure" is not allowed; use Always, Never, OnFailure, or leave it empty; did you mean "OnFailure"\?$/,
    withDeployTemplate({ restartPolicy: 'onFailure' }),
  ],
  ['deploy_templates[0].containers', /^is empty; /, withDeployTemplate({ containers: [] })],
  [
    'deploy_templates[0].containers',
    /^has 65 entries; at most 64/,
    withDeployTemplate({ containers: Array.from({ length: 65 }, (_, index) => ({ name: `c${index}` })) }),
  ],
  [
    'deploy_templates[0].network_policy.ingresses[1].from.roles[1]',
    /^"" is empty/,
    withDeployTemplate({ networkPolicy: { ingresses: [{}, { from: { roles: ['server', ''] } }] } }),
  ],
  [
    'deploy_templates[0].network_policy.ingresses[0].ports[0].port',
    /^"" is empty/,
    withDeployTemplate({ networkPolicy: { ingresses: [{ ports: [{}] }] } }),
  ],
  [
    'deploy_templates[0].affinity',
    /^"\[\]" is not the text of a JSON object: expected "\{" at line 1, column 1; /,
    withDeployTemplate({ affinity: '[]' }),
  ],
  [
    'deploy_templates[0].affinity',
    /nested more than 64 levels deep/,
    withDeployTemplate({ affinity: `${'{"a":'.repeat(100)}1${'}'.repeat(100)}` }),
  ],
];

/** Templates at the edge of the rules. */
const ACCEPTED: readonly (readonly [what: string, template: AppImage])[] = [
  [
    'as many deploy templates and containers as are allowed, with names and roles repeated',
    appImage({
      deployTemplates: Array.from({ length: 64 }, () => ({
        name: 'app',
        containers: Array.from({ length: 64 }, (_, index) => ({ name: `c${index}` })),
      })),
    }),
  ],
  ['a network policy that lets nothing in', withDeployTemplate({ networkPolicy: {} })],
  ['an ingress from anywhere to everything', withDeployTemplate({ networkPolicy: { ingresses: [{}] } })],
  ['any JSON object as affinity', withDeployTemplate({ affinity: ' {"nodeAffinity": null} ' })],
  ['no replicas', withDeployTemplate({ replicas: 0 })],
  ['the most replicas', withDeployTemplate({ replicas: 2 ** 31 - 1 })],
  [
    'every restart policy',
    appImage({
      deployTemplates: ['', 'Always', 'Never', 'OnFailure'].map((restartPolicy) => ({
        name: 'a',
        restartPolicy,
        containers: [{ name: 'a' }],
      })),
    }),
  ],
];

describe('validation of a deploy template', () => {
  it.each(REJECTED)('refuses at %s: %s', (field, description, template) => {
    expect(validateAppImage(template, LIMITS)).toEqual([{ field, description: expect.stringMatching(description) }]);
  });

  it.each(ACCEPTED)('accepts %s', (_, template) => {
    expect(validateAppImage(template, LIMITS)).toEqual([]);
  });
});
