import * as fc from 'fast-check';

/** Values for generated templates: their names are those that the templates use. */
export const FUZZ_DATA: Readonly<Record<string, string>> = {
  A: 'hello',
  B: '',
  C: 'a "b" \\ é€😀\n\u0001',
  D: '7',
  J: '{"s":"x<y","n":[1,{"k":"v","i":0},null],"f":1.50,"o":{"b":1,"a":true}}',
};

const oneOf = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const joined = (...parts: readonly (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((texts) => texts.join(''));
const repeated = (part: fc.Arbitrary<string>, min: number, max: number, separator = ''): fc.Arbitrary<string> =>
  fc.array(part, { minLength: min, maxLength: max }).map((texts) => texts.join(separator));
const weighted = (...choices: readonly [number, fc.Arbitrary<string>][]): fc.Arbitrary<string> =>
  fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const float = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 1000),
);
const number = weighted(
  [4, fc.integer({ min: -3, max: 12 }).map(String)],
  [1, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)],
  [1, float.map((n) => (Number.isInteger(n) && Math.abs(n) < 1e20 ? `${n}.0` : String(n)))],
  [1, oneOf('0x1F', '0b101', '0o17', '017', '1_000', '0x1p-3', "'a'", "'é'", "'\\n'", '1e3', '-0.0', '.5', '1e21')],
);
const flags = repeated(oneOf('+', '-', '#', ' ', '0'), 0, 2);
const verb = weighted(
  [8, oneOf(...'v d s q x X o b c U t f F e E g G T O'.split(' '))],
  [1, oneOf('z', '%', '!', 'w', 'é', '[1]d', '[2]s', '[1]*[2]d', '*d', '.*f', '[3]v', '[x]d', '[1', '.')],
);
const size = weighted(
  [4, fc.constant('')],
  [2, oneOf('1', '5', '12')],
  [2, oneOf('.0', '.2', '.', '.9', '.25')],
  [1, oneOf('8.3', '3.1', '30.20')],
);
const formatText = repeated(weighted([3, joined('%', flags, size, verb)], [1, oneOf('a', ' ', 'é', '%')]), 1, 4);
const quoted = weighted(
  [4, oneOf('"a"', '"hello"', '""', '"A"', '`r\\w`', '"\\t\\x41\\u00e9"', '"é€"', '"7"')],
  [2, formatText.map((text) => `"${text}"`)],
);
const names = oneOf('A', 'B', 'C', 'D', 'J', 'Missing');
const comparison = oneOf('eq', 'ne', 'lt', 'le', 'gt', 'ge');
const functionName = oneOf('print', 'println', 'len', 'not', 'and', 'or', 'index', 'slice', 'html', 'js', 'urlquery');

const { operand, pipeline, list } = fc.letrec<
  Record<'operand' | 'call' | 'command' | 'pipeline' | 'statement' | 'list', string>
>((tie) => ({
  operand: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: names.map((name) => `.${name}`) },
    { weight: 3, arbitrary: number },
    { weight: 3, arbitrary: quoted },
    { weight: 2, arbitrary: oneOf('.', '$', '$x', '$y', 'true', 'false', 'nil', '$.A', '$x.A', '.A.B') },
    { weight: 3, arbitrary: tie('pipeline').map((text) => `(${text})`) },
  ),
  call: weighted(
    [3, joined(functionName, ' ', repeated(tie('operand'), 0, 3, ' '))],
    [3, joined(comparison, ' ', repeated(tie('operand'), 1, 3, ' '))],
    [
      1,
      joined(
        'len ',
        names.map((name) => `.${name}`),
      ),
    ],
    [
      1,
      joined(
        'index ',
        names.map((name) => `.${name} `),
        fc.integer({ min: 0, max: 9 }).map(String),
      ),
    ],
    [4, joined('printf "', formatText, '" ', repeated(tie('operand'), 0, 3, ' '))],
  ),
  command: weighted([4, tie('call')], [3, tie('operand')], [1, repeated(tie('operand'), 1, 2, ' ')]),
  pipeline: joined(tie('command'), repeated(joined(oneOf(' | ', '|', '\n| '), tie('call')), 0, 2)),
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 3, arbitrary: oneOf('text', ' ', '\n', ' x\n ', 'é', '{', '}', '\t ') },
    { weight: 5, arbitrary: joined(oneOf('{{', '{{ ', '{{- '), tie('pipeline'), oneOf('}}', ' }}', ' -}}')) },
    { weight: 2, arbitrary: joined('{{', oneOf('$x', '$y'), oneOf(' := ', ' = ', ':='), tie('pipeline'), '}}') },
    {
      weight: 1,
      arbitrary: oneOf(
        '{{/* c */}}',
        '{{- /* c\n */ -}}',
        '{{break}}',
        '{{continue}}',
        '{{{.J.s}}}',
        '{{{.J.n[1].k}}}',
        '{{{.J.n[k=v]}}}',
        '{{{.J.o}}}',
        '{{{.J.n[.J.n[1].i]}}}',
      ),
    },
    {
      weight: 2,
      arbitrary: joined(
        oneOf('{{if ', '{{- if ', '{{with '),
        tie('pipeline'),
        oneOf('}}', ' -}}'),
        tie('list'),
        fc.oneof(
          fc.constant(''),
          joined('{{else}}', tie('list')),
          joined('{{else if ', tie('pipeline'), '}}', tie('list')),
        ),
        '{{end}}',
      ),
    },
    {
      weight: 2,
      arbitrary: joined(
        '{{range ',
        oneOf('', '', '$x := ', '$x, $y := ', '$x = '),
        fc.oneof(oneOf('3', '.', '$', '0', 'len .A'), tie('pipeline')),
        '}}',
        tie('list'),
        oneOf('', '{{else}}none'),
        '{{end}}',
      ),
    },
  ),
  list: repeated(tie('statement'), 0, 4),
}));

/** Mostly well-formed templates. */
export const templateArbitrary: fc.Arbitrary<string> = joined(
  oneOf('', '', '{{$x := .A}}', '{{$x := .}}{{$y := 1}}'),
  list,
);

/** One expression at a time, for the types and the errors of calls. */
export const expressionArbitrary: fc.Arbitrary<string> = fc.oneof(
  pipeline.map((text) => `{{$x := .}}{{$y := 2}}{{${text}}}`),
  joined('{{printf "', formatText, '" ', repeated(operand, 0, 3, ' '), '}}').map(
    (text) => `{{$x := 1}}{{$y := "s"}}${text}`,
  ),
);

const tokens = oneOf(
  ' ',
  ' ',
  '\n',
  'end}}text',
  ...'{{ }} {{ }} {{- -}} - .A . .. $ $x .B.C $.A ( ) | := = , : " ` \' \\ "s" `r` \'c\' 1 0x 1.5 1e _ + /* */ {{/* */}}'.split(
    ' ',
  ),
  ...'if else end range with break continue nil true print len foo é € { } {{end}} {{if'.split(' '),
  ...'{{else}} {{{.A}}} {{{.J.s }}} {{range'.split(' '),
);

/** Heaps of tokens, for the lexer and the errors of the parser. */
export const tokenSoupArbitrary: fc.Arbitrary<string> = fc.oneof(
  repeated(tokens, 0, 14),
  repeated(tokens, 0, 8).map((text) => `{{${text}}}`),
  // A template with a stretch cut out or doubled.
  fc.tuple(templateArbitrary, fc.nat(), fc.nat(6), fc.boolean()).map(([text, at, length, isDoubled]) => {
    const characters = Array.from(text);
    const start = at % (characters.length + 1);
    const stretch = characters.slice(start, start + length);
    return [
      ...characters.slice(0, start),
      ...(isDoubled ? [...stretch, ...stretch] : []),
      ...characters.slice(start + length),
    ].join('');
  }),
);

/** A template with the values to render it with. */
export interface FuzzCase {
  readonly template: string;
  readonly data: Readonly<Record<string, string>>;
}

/** Values of all kinds, for quoting, for the string verbs and for what counts bytes. */
export const valueArbitrary: fc.Arbitrary<FuzzCase> = fc
  .record({
    value: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
      fc.string({
        unit: fc.constantFrom(
          '"',
          '\\',
          '\n',
          '\u0000',
          '\u007f',
          '\u0085',
          '\u00ad',
          '\u200b',
          '\ufeff',
          'é',
          '€',
          '😀',
          'a',
          '`',
          "'",
          '<',
          '&',
        ),
      }),
    ),
    name: fc.oneof(
      fc.constant('A'),
      fc.string({ unit: fc.constantFrom('a', 'B', 'é', 'ß', 'ŉ', 'ǆ', 'ı', 'ſ', 'ﬁ', 'ᾳ', 'µ', 'ა', '_', '1') }),
    ),
    format: formatText,
  })
  .map(({ value, name, format }) => ({
    template: `{{.A}}|{{.}}|{{len .A}}|{{printf "${format.replaceAll('%z', '')}" .A .A .A .A}}|{{printf "%q %+q %x %#q" .A .A .A .A}}|{{html .A}}|{{js .A}}|{{urlquery .A}}|{{{.A}}}`,
    data: { [name]: value, A: value },
  }));

/** JSON of all kinds, and paths into it. */
export const placeholderArbitrary: fc.Arbitrary<FuzzCase> = fc
  .tuple(
    fc.oneof(
      fc.jsonValue({ depthSize: 'medium' }),
      fc.jsonValue({
        stringUnit: fc.constantFrom('a', 'k', '<', '\u2028', 'é', '😀', '"', '\\', '\u0001'),
      }),
      fc.array(
        fc.record({
          k: fc.constantFrom<unknown>('x', 'y', 1, true, null, 1.5, [1], { a: 1 }),
          v: fc.double({ noNaN: true, noDefaultInfinity: true }),
        }),
      ),
    ),
    repeated(oneOf(...'.a .k .v [0] [1] [-1] [k=x] [k=1] [k=true] [k=1.5] [.I] [.I2] ..a'.split(' ')), 0, 4),
    fc.integer({ min: -3, max: 3 }),
  )
  .map(([value, path, index]) => ({
    template: `{{{.J}}}|{{{.J${path}}}}|{{.J}}`,
    data: { J: JSON.stringify(value), I: String(index), I2: '01' },
  }));
