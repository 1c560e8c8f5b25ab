import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { QueryAppImageResponseData } from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type { AppImage } from '../../src/domain/app-image/app-image.js';
import { lintAppImage } from '../../src/domain/lint/lint-app-image.js';
import { LINT_RULES, type LintRuleName } from '../../src/domain/lint/lint-rules.js';
import { KNOWN_VARIABLES } from '../../src/domain/render/known-variables.js';

const PAGE = readFileSync(new URL('../../docs/lint-rules.md', import.meta.url), 'utf8');
const LIMITS = { maxTemplateBytes: 1024 * 1024 };
const RULES = Object.keys(LINT_RULES) as LintRuleName[];
/** Their examples would be too long, or cannot be given; the page says so. */
const WITHOUT_EXAMPLE: readonly LintRuleName[] = ['template-too-large', 'invalid-field', 'too-many-findings'];

const SECTIONS: ReadonlyMap<string, string> = new Map(
  PAGE.split(/^### /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section]),
);

function example(text: string, kind: 'base' | 'bad' | 'good'): object {
  const block = new RegExp(`^\`\`\`yaml ${kind}\n(.*?)^\`\`\``, 'ms').exec(text)?.[1];
  if (block === undefined) {
    throw new Error(`there is no example "${kind}"`);
  }
  return parse(block) as object;
}

/** The template that an example stands for: its own fields, and those of the template on which all build. */
function templateOf(rule: string, kind: 'bad' | 'good'): AppImage {
  const fields = { ...example(PAGE, 'base'), ...example(SECTIONS.get(rule) ?? '', kind) };
  return QueryAppImageResponseData.fromPartial(inPropertyNames(fields) as Partial<AppImage>);
}

function inPropertyNames(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(inPropertyNames);
  }
  if (typeof value !== 'object' || value === null) {
    return value ?? undefined;
  }
  return Object.fromEntries(
    Object.entries(value).map(([field, inner]) => [
      field.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      ['config_templates', 'labels', 'annotations'].includes(field)
        ? new Map(Object.entries(inner as Record<string, string>))
        : inPropertyNames(inner),
    ]),
  );
}

describe('docs/lint-rules.md', () => {
  it('has a section for every rule, and none for any other', () => {
    expect([...SECTIONS.keys()].sort()).toEqual([...RULES].sort());
  });

  it('has every rule in its table, as in the code and in its order', () => {
    const rows = PAGE.split('\n').filter((line) => line.startsWith('| ['));
    expect(rows).toEqual(
      RULES.map((rule) => {
        const { severities, summary } = LINT_RULES[rule];
        return `| [${rule}](#${rule}) | ${severities.join(', ').toLowerCase()} | ${summary} |`;
      }),
    );
  });

  it.each(RULES)('says how much %s weighs', (rule) => {
    const severities = LINT_RULES[rule].severities.join(', ').toLowerCase();
    expect(SECTIONS.get(rule)).toContain(`\n\nSeverity: ${severities}.\n\n`);
  });

  it('names every variable that the linter knows', () => {
    for (const variable of KNOWN_VARIABLES.keys()) {
      expect(SECTIONS.get('unknown-variable')).toContain(`\`${variable}\``);
    }
  });

  it('builds its examples on a template without findings', () => {
    const base = inPropertyNames(example(PAGE, 'base')) as Partial<AppImage>;
    expect(lintAppImage(QueryAppImageResponseData.fromPartial(base), LIMITS)).toEqual([]);
  });

  it.each(RULES.filter((rule) => !WITHOUT_EXAMPLE.includes(rule)))('has a bad and a good example of %s', (rule) => {
    const found = lintAppImage(templateOf(rule, 'bad'), LIMITS);
    expect([...new Set(found.map((finding) => finding.rule))]).toEqual([rule]);
    expect(found.map(({ severity }) => severity)).toContain(LINT_RULES[rule].severities[0]);
    expect(lintAppImage(templateOf(rule, 'good'), LIMITS)).toEqual([]);
  });
});
