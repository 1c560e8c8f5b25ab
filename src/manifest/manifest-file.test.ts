import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { validAppImage } from '../../test/support/app-image-arbitraries.js';
import { appImage, withContainer } from '../../test/support/app-image-builders.js';
import { documentedAppImage, MANIFESTS } from '../../test/support/app-image-fixtures.js';
import { AWKWARD_TEXTS } from '../../test/support/arbitraries.js';
import { normaliseAppImage } from '../domain/app-image/normalise-app-image.js';
import { diffAppImages } from '../domain/diff/diff-app-images.js';
import { readManifests, writeManifest } from './manifest-file.js';

const MANIFEST = `# A comment
apiVersion: kuscia.secretflow/v1alpha1
kind: AppImage
metadata:
  name: demo
spec:
  configTemplates:
    app.conf: |
      {
        "id": "{{.TASK_ID}}",
        "port": 1
      }
  deployTemplates:
    - name: app
      role: server
      spec:
        containers:
          - name: main
            ports:
              - name: global
                port: 8080
              - {name: other, scope: "Cluster"}
            env: []
  image:
    name: app
    tag: "1.0"
`;

function fixture(path: string): string {
  return readFileSync(new URL(`../../test/fixtures/${path}`, import.meta.url), 'utf8');
}

function only(text: string) {
  const documents = readManifests(text, 'file.yaml');
  expect(documents).toHaveLength(1);
  const [document] = documents;
  if (document === undefined) {
    throw new Error('there is no document');
  }
  return document;
}

/** What stands in the text at a position. */
function marked(text: string, position: { line: number; column: number; length: number }): string {
  const line = text.split('\n')[position.line - 1] ?? '';
  return line.slice(position.column - 1, position.column - 1 + position.length);
}

describe('a manifest file', () => {
  it.each(MANIFESTS)('is read without a problem: %s', (name) => {
    const { appImage: template, problems } = only(fixture(`manifests/${name}.yaml`));
    expect(problems).toEqual([]);
    expect(template?.name).toBe(name);
  });

  it('may hold several documents, lists and both forms', () => {
    const text = `--- # nothing here
---
{"name": "first", "image": {"name": "a"}, "deploy_templates": [{"name": "a"}]}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: kuscia.secretflow/v1alpha1, kind: AppImage, metadata: {name: second}, spec: {}}
  - {name: third}
---
- name: fourth
---
`;
    const documents = readManifests(text, 'all.yaml');
    expect(documents.map((document) => document.appImage?.name)).toEqual(['first', 'second', 'third', 'fourth']);
    expect(documents.map(({ form }) => form)).toEqual(['api', 'manifest', 'api', 'api']);
    expect(documents.map(({ position }) => position.line)).toEqual([3, 8, 9, 11]);
    expect(documents.flatMap(({ problems }) => problems)).toEqual([]);
    expect(documents[2]?.locate('name')).toEqual({ line: 9, column: 12, length: 5 });
  });

  it('may be the body of a create request', () => {
    const { appImage: template, problems } = only(fixture('requests/create.json'));
    expect(problems).toEqual([]);
    expect(template).toEqual(normaliseAppImage(documentedAppImage()));
  });

  it('may be JSON with tabs, or have a byte order mark and the line ends of Windows', () => {
    expect(only('{\n\t"name":\t"a",\n\t"image": {\n\t\t"name": "b/c\\/\\ud83d\\ude00"}\n}').appImage).toMatchObject({
      name: 'a',
      image: { name: 'b/c/😀' },
    });
    const { appImage: template, problems } = only(`\ufeff${MANIFEST.replaceAll('\n', '\r\n')}`);
    expect(problems).toEqual([]);
    expect(template).toEqual(only(MANIFEST).appImage);
  });

  it('may use anchors and merge keys', () => {
    const text = `apiVersion: kuscia.secretflow/v1alpha1
kind: AppImage
metadata: {name: &name demo}
spec:
  image: {name: *name, tag: a}
  deployTemplates:
    - &first
      name: one
      role: x
    - <<: *first
      name: two
`;
    const { appImage: template, problems, locate } = only(text);
    expect(problems).toEqual([]);
    expect(template?.deployTemplates.map(({ name, role }) => `${name}/${role}`)).toEqual(['one/x', 'two/x']);
    expect(marked(text, locate('image.name'))).toBe('*name');
    expect(locate('deploy_templates[1].role')).toEqual({ line: 9, column: 13, length: 1 });
  });

  it('without anything in it holds no templates', () => {
    expect(readManifests('', 'f')).toEqual([]);
    expect(readManifests('# nothing\n---\n---\n', 'f')).toEqual([]);
  });
});

describe('a place in a manifest file', () => {
  it.each([
    ['name', 5, 'demo'],
    ['deploy_templates[0].containers[0].ports[1].name', 22, 'other'],
    ['deploy_templates[0].containers[0].ports[1].scope', 22, '"Cluster"'],
    ['deploy_templates[0].containers[0].ports[0].protocol', 20, 'name: global'],
    ['deploy_templates[0].containers[0].ports', 19, 'ports'],
    ['deploy_templates[0].containers[0].args', 18, 'name: main'],
    ['deploy_templates[0].restart_policy', 16, 'spec'],
    ['config_templates["app.conf"]', 8, 'app.conf'],
    ['config_templates["gone.conf"]', 7, 'configTemplates'],
    ['image.id', 24, 'image'],
    ['labels["a"]', 4, 'metadata'],
    ['', 2, 'apiVersion: kuscia.secretflow/v1alpha1'],
    // As differences name them.
    ['deploy_templates["app/server"].containers["main"].ports["other"].scope', 22, '"Cluster"'],
    ['deploy_templates["app/server"].containers["main"].ports["gone"]', 19, 'ports'],
    ['config_templates["app.conf"]:3', 11, '"port": 1'],
    ['config_templates["app.conf"]:30', 8, 'app.conf'],
  ])('is found for %j', (path, line, text) => {
    const position = only(MANIFEST).locate(path);
    expect([position.line, marked(MANIFEST, position)]).toEqual([line, text]);
  });

  it("is found in the API's JSON", () => {
    const text = '{\n  "name": "a",\n  "deployTemplates": [\n    {"name": "b", "restart_policy": "Newer"}\n  ]\n}';
    expect(marked(text, only(text).locate('deploy_templates[0].restart_policy'))).toBe('"Newer"');
    expect(marked(text, only(text).locate('deploy_templates[0].name'))).toBe('"b"');
  });

  it('is found for every difference to another template', () => {
    fc.assert(
      fc.property(validAppImage, validAppImage, (before, after) => {
        const text = writeManifest(after);
        const { locate } = only(text);
        for (const { path } of diffAppImages(before, after).entries) {
          expect(locate(path).line).toBeLessThanOrEqual(text.split('\n').length);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('a problem of a manifest file', () => {
  it('stands at its line: the value of a wrong type, the name of an unknown field', () => {
    const text = MANIFEST.replace('port: 8080', 'port: "80"').replace('env: []', 'envs: []').replace('"1.0"', '1.0');
    const { appImage: template, problems } = only(text);
    expect(problems.map((problem) => [problem.line, problem.kind, marked(text, problem), problem.didYouMean])).toEqual([
      [21, 'error', '"80"', undefined],
      [23, 'not-carried', 'envs', 'env'],
      [26, 'error', '1.0', undefined],
    ]);
    expect(template?.image?.name).toBe('app');
  });

  it('is a key that stands twice; the rest is read', () => {
    const text = MANIFEST.replace('      role: server\n', '      role: server\n      role: client\n');
    const { appImage: template, problems } = only(text);
    expect(problems).toEqual([
      expect.objectContaining({ kind: 'error', line: 16, message: 'this key stands here twice; the last one counts' }),
    ]);
    expect(template?.deployTemplates[0]?.role).toBe('client');
  });

  it.each([
    ['broken YAML', 'name: [a\nimage: b: c', 2],
    ['JSON that ends too early', '{"name": "a",\n "image": {"name": ', 2],
    ['too many aliases', bomb(), 1],
    ['nesting without end', '['.repeat(100_000), 1],
    ['nesting of mappings without end', '{"a":'.repeat(100_000), 1],
    ['another kind of object', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}', 2],
    ['a single text', 'hello', 1],
    ['a mapping merged with something else', 'name: a\n<<: 5', 1],
  ])('leaves no template where there is none: %s', (_, text, line) => {
    const { appImage: template, problems, locate } = only(text);
    expect(template).toBeUndefined();
    expect(problems[0]).toMatchObject({ kind: 'error', line });
    expect(problems.length).toBeLessThanOrEqual(20);
    expect(locate('name').line).toBeGreaterThan(0);
  });

  it('is told for each document apart', () => {
    const documents = readManifests(`${MANIFEST}---\nname: [\n---\n${MANIFEST}`, 'f');
    expect(documents.map((document) => document.appImage?.name)).toEqual(['demo', undefined, 'demo']);
    expect(documents[1]?.problems[0]?.kind).toBe('error');
  });

  it('is a tag of its own', () => {
    const text = MANIFEST.replace('role: server', 'role: !secret server');
    expect(only(text).problems).toEqual([expect.objectContaining({ line: 15, column: 13, kind: 'error' })]);
  });

  it('never makes reading fail, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('{}[]:,-&*!|>\'"%@`#?<~ \n\tabk0')), maxLength: 40 }),
        (text) => {
          for (const { problems, locate } of readManifests(text, 'f')) {
            expect(locate('deploy_templates[0].name').line).toBeGreaterThan(0);
            expect(problems.every(({ line, column, length }) => line > 0 && column > 0 && length > 0)).toBe(true);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a written manifest', () => {
  it('looks as people write it', () => {
    const { appImage: template } = only(MANIFEST);
    expect(writeManifest(template ?? appImage({}))).toBe(`apiVersion: kuscia.secretflow/v1alpha1
kind: AppImage
metadata:
  name: demo
spec:
  configTemplates:
    app.conf: |
      {
        "id": "{{.TASK_ID}}",
        "port": 1
      }
  deployTemplates:
    - name: app
      role: server
      spec:
        containers:
          - name: main
            workingDir: ""
            ports:
              - name: global
                port: 8080
              - name: other
                scope: Cluster
  image:
    name: app
    tag: "1.0"
`);
  });

  it.each(MANIFESTS)('means what it was read from: %s', (name) => {
    const source = fixture(`manifests/${name}.yaml`);
    const template = only(source).appImage ?? appImage({});
    expect(parse(writeManifest(template))).toEqual(parse(source));
  });

  it('is read back as it was, for every valid template', () => {
    fc.assert(
      fc.property(validAppImage, (template) => {
        const stored = normaliseAppImage(template);
        const { appImage: read, problems } = only(writeManifest(stored));
        expect(problems).toEqual([]);
        expect(read).toEqual(stored);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps every text, and every key', () => {
    const line = fc.constantFrom(
      '',
      ' ',
      'a',
      '  a',
      'a ',
      '\t',
      '#',
      '- a',
      'a: b',
      '|',
      '...',
      '---',
      '\u00a0',
      '{{.A}}',
    );
    const lines = fc.array(line, { maxLength: 5 }).map((parts) => parts.join('\n'));
    const awkward = fc.constantFrom(
      ...AWKWARD_TEXTS,
      'yes',
      'Off',
      '0777',
      '1:30',
      '1e3',
      '.inf',
      '<<',
      '=',
      '~',
      'a\r\nb',
    );
    const text = fc.oneof(lines, awkward, fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(text, text, (key, value) => {
        const template = { ...withContainer({ args: [value, key] }), configTemplates: new Map([[key, value]]) };
        const { appImage: read, problems } = only(writeManifest(template));
        expect(problems).toEqual([]);
        expect(read).toEqual(template);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the longest key, even where every character has to be escaped', () => {
    const template = appImage({ configTemplates: new Map([['\u2028'.repeat(253), 'a']]) });
    const { appImage: read, problems } = only(writeManifest(template));
    expect(problems).toEqual([]);
    expect(read).toEqual(template);
  });

  it('is read alike by YAML 1.1, which kubectl reads', () => {
    const values = [
      'yes',
      'no',
      'on',
      'Off',
      '0777',
      '0o17',
      '1:30',
      '1_000',
      '2001-01-01',
      'null',
      '~',
      '1e3',
      '.5',
      'y',
    ];
    const template = withContainer({ args: values });
    const read = parse(writeManifest(template), { version: '1.1' }) as typeof OUTLINE;
    expect(read.spec.deployTemplates[0]?.spec.containers[0]?.args).toEqual(values);
  });
});

declare const OUTLINE: { spec: { deployTemplates: { spec: { containers: { args: string[] }[] } }[] } };

/** A few lines that would become thousands of texts. */
function bomb(): string {
  const lists = Array.from({ length: 9 }, (_, index) => {
    const item = index === 0 ? 'x' : `*a${index - 1}`;
    return `a${index}: &a${index} [${Array.from({ length: 9 }, () => item).join(',')}]`;
  });
  return lists.join('\n');
}
