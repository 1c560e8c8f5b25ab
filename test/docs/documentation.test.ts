import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configPage } from '../../scripts/docs/config-page.js';
import { errorsPage } from '../../scripts/docs/errors-page.js';
import { parseConfigFile } from '../../src/config/config-file.js';
import { environmentName, flagName, isOptionKey, OPTION_KEYS } from '../../src/config/options.js';
import { ERRORS } from '../../src/domain/errors.js';
import { HTTP_STATUS } from '../../src/transport/http/http-status.js';

const root = join(import.meta.dirname, '../..');

function page(name: string): string {
  return readFileSync(join(root, 'docs', name), 'utf8');
}

function codeBlocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block]) => block ?? '');
}

/** The anchor that GitHub gives a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

describe('docs/errors.md', () => {
  it('is what the code generates; else run: npm run docs', () => {
    expect(page('errors.md')).toBe(errorsPage());
  });

  it.each(Object.entries(ERRORS))(
    'has %s with its code and HTTP status, in the table and in a section',
    (name, { code }) => {
      const text = page('errors.md');
      const status = Object.entries(HTTP_STATUS).find(([known]) => known === name)?.[1];
      expect(text).toContain(`| ${code} | [${name}](#${name.toLowerCase()}) | ${status} |`);
      expect(text).toContain(`\n## ${name}\n\nCode ${code}, HTTP ${status}, gRPC `);
    },
  );

  it('has no error that the code does not know', () => {
    const sections = [...page('errors.md').matchAll(/^## (.+)$/gm)].map(([, name]) => name);
    expect(new Set(sections)).toEqual(new Set(Object.keys(ERRORS)));
  });
});

describe('docs/config.md', () => {
  it('is what the code generates; else run: npm run docs', () => {
    expect(page('config.md')).toBe(configPage());
  });

  it.each(OPTION_KEYS)('has %s with its flag and variable', (key) => {
    const row = page('config.md')
      .split('\n')
      .find((line) => line.startsWith(`| \`${key}\` |`));
    expect(row).toContain(`${flagName(key)}\``);
    expect(row).toContain(`\`${environmentName(key)}\``);
  });

  it('has no setting that the code does not know', () => {
    const rows = [...page('config.md').matchAll(/^\| `([a-z]\w*)` \|/gm)].map(([, name]) => name);
    expect(rows).toEqual(OPTION_KEYS);
  });

  it('has examples that are good configuration files', () => {
    const examples = codeBlocks(page('config.md'), 'yaml');
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      expect(parseConfigFile(example, 'example').faults).toEqual([]);
    }
  });
});

describe('docs/dependencies.md', () => {
  it.each(['dependencies', 'devDependencies'])('gives a reason for each of the %s, and for nothing else', (kind) => {
    const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const [, atRunTime = '', forDevelopment = ''] = page('dependencies.md').split(/^## /m);
    const section = kind === 'dependencies' ? atRunTime : forDevelopment;
    const described = [...section.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, name]) => name);
    expect(manifest).toHaveProperty(kind, Object.fromEntries(described.map((name) => [name, expect.any(String)])));
  });
});

describe('docs/operations.md', () => {
  it('names only settings that there are', () => {
    const text = page('operations.md');
    const flags = [...text.matchAll(/(?<![\w-])--([a-z][a-z-]+)/g)].map(([, flag]) => flag);
    const known = new Set([...OPTION_KEYS.map(flagName), 'config', 'print-config', 'help', 'version']);
    const foreign = new Set(['input-type']);
    expect(flags.filter((flag) => flag === undefined || !(known.has(flag) || foreign.has(flag)))).toEqual([]);
    const settings = [...text.matchAll(/`([a-z]+(?:[A-Z][a-z]+)+)`/g)].map(([, name]) => name ?? '');
    expect(settings.length).toBeGreaterThan(10);
    // Names of the log, of MongoDB, systemd and Kubernetes.
    const others = new Set(['requestId', 'readWrite', 'terminationGracePeriodSeconds', 'preStop']);
    expect(settings.filter((name) => !isOptionKey(name) && !others.has(name))).toEqual([]);
  });

  it('has alert rules that Prometheus can read, each with what to do', () => {
    const [rules = ''] = codeBlocks(page('operations.md'), 'yaml');
    const parsed: { groups: { rules: { alert: string; expr: string; annotations: { runbook: string } }[] }[] } =
      parse(rules);
    const alerts = parsed.groups.flatMap((group) => group.rules);
    expect(alerts.length).toBeGreaterThan(5);
    const anchors = new Set(
      [...page('operations.md').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading ?? '')),
    );
    expect(alerts.filter(({ annotations }) => !anchors.has(annotations.runbook.split('#')[1] ?? ''))).toEqual([]);
    expect(alerts.filter(({ expr }) => !/^[a-z(]/.test(expr))).toEqual([]);
  });
});

describe('links between the pages of docs/', () => {
  it.each(['errors.md', 'config.md', 'dependencies.md', 'operations.md'])('lead somewhere: %s', (name) => {
    const links = [...page(name).matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)];
    const broken = links.filter(([, file, fragment]) => {
      const target = page(file === undefined || file === '' ? name : file);
      const anchors = [...target.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading ?? ''));
      return fragment !== undefined && fragment !== '' && !anchors.includes(fragment);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});
