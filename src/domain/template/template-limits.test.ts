import { describe, expect, it } from 'vitest';
import { parseTemplate, renderTemplate } from './render-template.js';
import { TemplateExecutionError, TemplateSyntaxError } from './template-errors.js';

const render = (template: string, values: Readonly<Record<string, string>> = {}): string =>
  renderTemplate(parseTemplate(template), new Map(Object.entries(values))).output;

describe('what a hostile template asks for', () => {
  it.each([
    ['nested parentheses', `{{${'('.repeat(100_000)}1${')'.repeat(100_000)}}}`, 'nesting is deeper'],
    ['nested conditions', '{{if 1}}'.repeat(50_000), 'nesting is deeper'],
    ['nested indices', `{{{.A${'[.B'.repeat(100_000)}${']'.repeat(100_000)}}}}`, 'nested more than'],
    ['length', 'x'.repeat(1024 * 1024 + 1), 'longer than the limit'],
  ])('is refused when parsed: %s', (_, template, message) => {
    expect(() => parseTemplate(template)).toThrowError(TemplateSyntaxError);
    expect(() => parseTemplate(template)).toThrowError(message);
  });

  const megabyte = 'x'.repeat(1_000_000);
  it.each<[string, string, Record<string, string>]>([
    ['an endless loop', '{{range 9223372036854775807}}{{end}}', {}],
    ['loops in loops', '{{range 1000}}{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}', {}],
    ['endless output', '{{range 9223372036854775807}}some text, and some more of it{{end}}', {}],
    ['a wide number', '{{printf "%10000009d" 1}}', {}],
    ['many wide numbers', `{{printf "${'%1000000d'.repeat(50)}"${' 1'.repeat(50)}}}`, {}],
    ['a string that doubles', '{{$x := "aaaaaaaa"}}{{range 99}}{{$x = print $x $x}}{{end}}', {}],
    ['many long strings', '{{$x := printf "%1000000d" 1}}'.repeat(9000), {}],
    ['long comparisons', '{{range 100000}}{{eq $.A $.B}}{{end}}', { A: `${megabyte}a`, B: `${megabyte}b` }],
    ['a value that grows when quoted', '{{.A}}', { A: '\u0001'.repeat(2_000_000) }],
    ['a long search', '{{range 100000}}{{{.A[k=v]}}}{{end}}', { A: `[${'{"k":"w"},'.repeat(10_000)}0]` }],
    ['deep JSON', '{{{.A.b}}}', { A: '['.repeat(100_000) + ']'.repeat(100_000) }],
  ])('ends with an error at a limit: %s', (_, template, values) => {
    expect(() => render(template, values)).toThrowError(TemplateExecutionError);
    expect(() => render(template, values)).toThrowError(/limit|too deep/);
  });

  it.each([
    ['a width beyond what Go accepts', '{{printf "%1000000000d" 1}}', '%!(NOVERB)%!(EXTRA int=1)'],
    ['the greatest precision', '{{printf "%.1000000f" 1e-300 | len}}', '1000002'],
    ['a long chain of conditions', `{{if 0}}${'{{else if 0}}'.repeat(30_000)}{{else}}x{{end}}`, 'x'],
    ['a format of brackets', `{{len (printf "${'%['.repeat(200_000)}")}}`, '200000'],
    ['many variables', `${Array.from({ length: 10_000 }, (_, i) => `{{$v${i} := 1}}`).join('')}{{$v0}}`, '1'],
    ['a digit that never ends', `{{printf "%.3f" 1.${'1'.repeat(900_000)}}}`, '1.111'],
  ])('is done in little time where Go does it: %s', (_, template, expected) => {
    const start = performance.now();
    expect(render(template)).toBe(expected);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('is bounded by limits of the caller', () => {
    expect(() => parseTemplate('{{((1))}}', { maxDepth: 1 })).toThrowError('nesting is deeper than the limit of 1');
    expect(() => parseTemplate('é', { maxSourceBytes: 1 })).toThrowError('longer than the limit of 1 bytes');
    const template = parseTemplate('{{range 5}}x{{end}}');
    expect(() => renderTemplate(template, new Map(), { maxSteps: 5 })).toThrowError('more than the limit of 5 steps');
    expect(() => renderTemplate(template, new Map(), { maxOutputBytes: 4 })).toThrowError('limit of 4 bytes');
    expect(renderTemplate(template, new Map(), { maxOutputBytes: 5 }).output).toBe('xxxxx');
  });
});
