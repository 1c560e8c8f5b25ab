import { describe, expect, it } from 'vitest';
import { parseTemplate, templateVariables } from './render-template.js';

const names = (template: string): string[] => templateVariables(parseTemplate(template)).map(({ name }) => name);

describe('the variables of a template', () => {
  it('are found with their place and form, in the order of the source', () => {
    expect(templateVariables(parseTemplate('é{{.A}}\n{{if eq $.B "x"}}{{{.C.d[.E.f].g}}}{{end}}{{(.).F}}'))).toEqual([
      { name: 'A', line: 1, column: 4, form: 'text' },
      { name: 'B', line: 2, column: 10, form: 'text' },
      { name: 'C', line: 2, column: 21, form: 'path' },
      { name: 'E', line: 2, column: 26, form: 'path' },
      { name: 'F', line: 2, column: 48, form: 'text' },
    ]);
  });

  it.each([
    ['{{.A | printf "%s%s" .B}}', ['A', 'B']],
    ['{{.A.b.c}}', ['A']],
    ['{{if .A}}{{.B}}{{else if .C}}{{.D}}{{else}}{{.E}}{{end}}', ['A', 'B', 'C', 'D', 'E']],
    ['{{index . "A"}}{{index $ "B"}}{{index .C 0}}{{index . .D}}', ['A', 'B', 'C', 'D']],
    ['{{print (print .A (len .B))}}', ['A', 'B']],
    ['{{/* .A {{{.B.c}}} */}}{{`.C {{.D}}`}}', []],
  ])('are all those that %s refers to', (template, expected) => {
    expect(names(template)).toEqual(expected);
  });

  it.each([
    ['{{with .A}}{{.B}}{{$.C}}{{else}}{{.D}}{{end}}', ['A', 'C', 'D']],
    ['{{range .A}}{{.B}}{{$.C}}{{else}}{{.D}}{{end}}', ['A', 'C', 'D']],
    ['{{range .}}{{.B}}{{end}}', []],
    ['{{range $k, $v := .}}{{$v.B}}{{$.C}}{{end}}', ['C']],
    ['{{with .}}{{.A}}{{end}}{{with $}}{{.B}}{{end}}', ['A', 'B']],
    ['{{with "x"}}{{with $}}{{.A}}{{end}}{{.B}}{{end}}', ['A']],
    ['{{$x := .}}{{$x.A}}{{$y := 1}}{{$y.B}}{{$y = $x}}{{$y.C}}', ['A', 'C']],
    ['{{$x := .}}{{with 1}}{{$x := 2}}{{$x.A}}{{end}}{{$x.B}}', ['B']],
    ['{{with or .A .}}{{.B}}{{end}}', ['A', 'B']],
  ])('are not fields of what is rebound: %s', (template, expected) => {
    expect(names(template)).toEqual(expected);
  });
});
