import { describe, expect, it } from 'vitest';
import { parseTemplate, renderTemplate } from './render-template.js';
import { TemplateExecutionError, TemplateSyntaxError } from './template-errors.js';

function render(template: string, values: Readonly<Record<string, string>> = {}): string {
  return renderTemplate(parseTemplate(template), new Map(Object.entries(values))).output;
}

function failure(run: () => unknown): { name: string; message: string; line: number; column: number } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError) && !(error instanceof TemplateExecutionError)) throw error;
    return { name: error.name, message: error.message, line: error.line, column: error.column };
  }
  throw new Error('nothing was thrown');
}

describe('rendering', () => {
  it('lets a JSON value stand in a JSON string', () => {
    const config = JSON.stringify({ a: 'x "y"\n\\', b: [1, { c: 'é' }] });
    expect(JSON.parse(render('{"config": "{{.CONFIG}}"}', { CONFIG: config }))).toEqual({ config });
  });

  it('strips the quotes at both ends of a value, but not their backslashes', () => {
    expect(render('{{.A}}', { A: '"x"' })).toBe('\\"x\\');
  });

  it('upper-cases the names of values, letter by letter as Go does', () => {
    expect(render('{{.A}}{{.Éß}}{{.a}}', { a: '1', éß: '2' })).toBe('12');
  });

  it('renders one parsed template any number of times, without one rendering showing in the next', () => {
    const template = parseTemplate('{{$x := .A}}{{range 2}}{{$x = print $x .}}{{end}}{{$x}}');
    const outputs = ['p', 'q', 'p'].map((A) => renderTemplate(template, new Map([['A', A]])).output);
    expect(outputs).toEqual(['p01', 'q01', 'p01']);
  });

  it('gives placeholders as they are, and never parses them again', () => {
    const values = { J: '{"t":"say \\"hi\\"\\n{{.SECRET}}"}', SECRET: 's' };
    expect(render('{{{.J.t}}}|{{.SECRET}}', values)).toBe('say "hi"\n{{.SECRET}}|s');
  });

  it('tells the variables used, and those without a value', () => {
    const template = parseTemplate('{{.B}}{{if .A}}{{.C}}{{end}}{{{.J.x[.I]}}}{{index . (print "D" "E")}}{{.A}}');
    const { usedVariables, missingVariables } = renderTemplate(
      template,
      new Map([
        ['a', ''],
        ['J', '{}'],
      ]),
    );
    expect(usedVariables).toEqual(['B', 'A', 'C', 'J', 'I', 'DE']);
    expect(missingVariables).toEqual(['B', 'C', 'I', 'DE']);
  });

  it('knows no names but those of its data', () => {
    for (const name of [
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'hasOwnProperty',
      'valueOf',
      'get',
      'size',
    ]) {
      const template = parseTemplate(
        `{{.${name}}}{{index . "${name}"}}{{{.${name}.x}}}{{{.J.${name}}}}{{{.J.a.${name}}}}`,
      );
      const result = renderTemplate(template, new Map([['J', '{"a":[]}']]));
      expect(result.output).toBe('');
      expect(result.missingVariables).toContain(name);
      expect(failure(() => parseTemplate(`{{${name} 1}}`)).message).toBe(`function "${name}" not defined`);
      expect(failure(() => render(`{{.A.${name}}}`)).message).toBe(`can't evaluate field ${name} in type string`);
    }
  });

  it('takes names such as __proto__ like any other where they are given', () => {
    const values = new Map([
      ['__proto__', 'p'],
      ['J', '{"__proto__":{"constructor":"c"}}'],
    ]);
    const { output } = renderTemplate(parseTemplate('{{.__PROTO__}}{{{.J.__proto__.constructor}}}'), values);
    expect(output).toBe('pc');
  });
});

describe('errors', () => {
  it.each([
    ['a\n  {{ foo }}', 'TemplateSyntaxError', 'function "foo" not defined', 2, 6],
    ['é€😀{{.A b}}', 'TemplateSyntaxError', 'function "b" not defined', 1, 9],
    ['{{if .A}}\nx', 'TemplateSyntaxError', 'unexpected EOF', 2, 2],
    ['{{.A', 'TemplateSyntaxError', 'unclosed action', 1, 5],
    [
      '{{{ .A.b }}}',
      'TemplateSyntaxError',
      'unexpected "{" in command; a placeholder with three braces begins with {{{.',
      1,
      3,
    ],
    ['{{define "x"}}{{end}}', 'TemplateSyntaxError', 'define is not supported here', 1, 3],
    ['{{template "x"}}', 'TemplateSyntaxError', 'template is not supported here', 1, 3],
    ['{{block "x" .}}{{end}}', 'TemplateSyntaxError', 'block is not supported here', 1, 3],
    ['{{1i}}', 'TemplateSyntaxError', 'imaginary number 1i is not supported here', 1, 3],
    [
      '{{{.A.b}}}{{{.A[x]}}}',
      'TemplateSyntaxError',
      "'[x]' is no index, [.NAME.path] or [key=value] in placeholder",
      1,
      16,
    ],
    ['{{{.A[.B[}}}', 'TemplateSyntaxError', "unclosed '[' in placeholder", 1, 9],
    ['{{{.A]}}}', 'TemplateSyntaxError', "unexpected ']' in placeholder", 1, 6],
    ['{{{.A[0]b}}}', 'TemplateSyntaxError', "expected '.' or '[' after ']' in placeholder", 1, 9],
    ['{{{.A.[0]}}}', 'TemplateSyntaxError', "a name is missing before '[' in placeholder", 1, 7],
    ['x\n{{ index .A 5 }}', 'TemplateExecutionError', 'error calling index: index out of range: 5', 2, 4],
    ['{{{.A.b}}}{{.A.b}}', 'TemplateExecutionError', "can't evaluate field b in type string", 1, 13],
    [
      '{{if lt .A 1}}{{end}}',
      'TemplateExecutionError',
      'error calling lt: incompatible types for comparison: string and int',
      1,
      6,
    ],
    [
      '{{printf "%p" .}}',
      'TemplateExecutionError',
      'error calling printf: %p prints a memory address, which is not supported here',
      1,
      3,
    ],
    ['ok {{"\\xff"}}', 'TemplateExecutionError', 'output is not valid UTF-8', 1, 6],
  ])('of %j tell what and where, in characters from 1', (template, name, message, line, column) => {
    expect(failure(() => render(template))).toEqual({ name, message, line, column });
  });

  it('joins bytes of one character that come from several actions', () => {
    expect(render('{{"\\xc3"}}{{"\\xa9"}}')).toBe('é');
  });
});
