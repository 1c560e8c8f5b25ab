/** A JSON Schema (2020-12), as far as the documents need it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const text: JsonSchema = { type: 'string' };
const nullableText: JsonSchema = { type: ['string', 'null'] };
const integer: JsonSchema = { type: 'integer' };
const nullableInteger: JsonSchema = { type: ['integer', 'null'] };
const flag: JsonSchema = { type: 'boolean' };

function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

function oneOf(...values: readonly (string | null)[]): JsonSchema {
  return { enum: values };
}

/** An object all of whose properties are there. It may gain properties in later versions. */
function object(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

const severity = oneOf('error', 'warning', 'info');
const diffClass = oneOf('cosmetic', 'scaling', 'config', 'image', 'breaking', null);
const entries = list(
  object({
    path: text,
    kind: oneOf('added', 'removed', 'changed', 'moved'),
    class: diffClass,
    old_value: text,
    new_value: text,
  }),
);
const failure = orNull(object({ code: nullableInteger, message: text }));
const revision = {
  name: text,
  revision: integer,
  deleted: flag,
  content_hash: text,
  create_time: nullableText,
  token_name: text,
  certificate_subject: text,
  message: text,
  method: text,
  tags: list(text),
};

/** The documents of `--output json` and `yaml`: name -> what they are, and their fields beside `schema`. */
const DOCUMENTS = {
  apply: {
    title: 'What apply and import did, template by template.',
    properties: {
      dry_run: flag,
      results: list(
        object({
          name: text,
          outcome: oneOf('created', 'updated', 'unchanged', 'failed'),
          revision: integer,
          file: text,
          line: integer,
          diff: object({ class: diffClass, entries }),
          findings: list(
            object({
              rule: text,
              severity,
              field: text,
              message: text,
              suggestion: text,
              line: integer,
              column: integer,
            }),
          ),
          error: failure,
        }),
      ),
      pruned: list(object({ name: text, error: failure })),
    },
  },
  compare: {
    title: 'What differs between two registries.',
    properties: {
      with: text,
      compared: integer,
      differences: list(object({ name: text, state: text, class: diffClass, entries })),
    },
  },
  contexts: {
    title: 'The contexts of context list, with their settings.',
    properties: { file: text, current: nullableText, contexts: list(object({ name: text, current: flag })) },
  },
  delete: {
    title: 'What delete did, template by template.',
    properties: {
      dry_run: flag,
      results: list(object({ name: text, outcome: oneOf('deleted', 'not_found', 'failed'), error: failure })),
    },
  },
  diff: {
    title: 'What differs; file and line are null where revisions are compared.',
    properties: {
      changed: integer,
      templates: list(
        object({
          name: text,
          change: oneOf('create', 'update', 'none'),
          file: nullableText,
          line: nullableInteger,
          class: diffClass,
          entries,
        }),
      ),
    },
  },
  doctor: {
    title: 'The steps of a connection, and which is at fault.',
    properties: {
      ok: flag,
      at_fault: nullableText,
      checks: list(object({ step: text, status: text, message: text, advice: nullableText })),
    },
  },
  edit: {
    title: 'What edit did.',
    properties: { name: text, outcome: oneOf('edited', 'unchanged'), revision: integer },
  },
  error: {
    title: 'Why a command has failed, where it has nothing else to show.',
    properties: {
      error: object({
        exit_code: integer,
        reason: oneOf('failed', 'usage', 'would_change', 'lint_findings', 'conflict', 'cannot_connect', 'refused'),
        code: nullableInteger,
        message: text,
        hint: nullableText,
        violations: list(object({ field: text, description: text })),
      }),
    },
  },
  event: {
    title: 'One event of watch, on a line of its own; app_image is a template in the JSON of the API.',
    properties: {
      type: oneOf('PUT', 'DELETE', 'STATE_COMPLETE', 'CHECKPOINT'),
      resume_token: text,
      name: nullableText,
      revision: nullableInteger,
      create_time: nullableText,
      content_hash: nullableText,
      token_name: nullableText,
      certificate_subject: nullableText,
      method: nullableText,
      message: nullableText,
      app_image: { type: ['object', 'null'] },
    },
  },
  export: {
    title: 'The files of export, and what became of each.',
    properties: { dry_run: flag, files: list(object({ file: text, action: text })) },
  },
  history: {
    title: 'The revisions of a template, the newest first.',
    properties: { name: text, revisions: list(object(revision)) },
  },
  lint: {
    title: 'What is wrong or doubtful in files.',
    properties: {
      files: integer,
      templates: integer,
      counts: object({ error: integer, warning: integer, info: integer }),
      findings: list(
        object({
          file: text,
          line: integer,
          column: integer,
          end_column: integer,
          template: text,
          field: text,
          rule: text,
          severity,
          message: text,
          suggestion: text,
        }),
      ),
    },
  },
  render: {
    title: 'Configuration files as the application will see them.',
    properties: {
      files: list(
        object({
          template: text,
          deploy_template: text,
          role: text,
          container: text,
          config_template: text,
          mount_path: text,
          content: text,
          variables: list(text),
          missing_variables: list(text),
          sampled_variables: list(text),
        }),
      ),
    },
  },
  rollback: {
    title: 'The revision that stands after a rollback.',
    properties: { name: text, to: text, revision: object(revision) },
  },
  tag: { title: 'Where a tag points now.', properties: { name: text, tag: text, revision: integer } },
  untag: { title: 'The tag that was removed.', properties: { name: text, tag: text } },
  version: { title: 'Versions.', properties: { client: text, node: text } },
} as const satisfies Record<string, { title: string; properties: Readonly<Record<string, JsonSchema>> }>;

export type DocumentName = keyof typeof DOCUMENTS;

export const DOCUMENT_NAMES = Object.keys(DOCUMENTS) as readonly DocumentName[];

export function isDocumentName(name: string): name is DocumentName {
  return Object.hasOwn(DOCUMENTS, name);
}

/** What a document is, in one sentence. */
export function documentTitle(name: DocumentName): string {
  return DOCUMENTS[name].title;
}

/** The value of `schema` in a document. Another number would mean that a field was taken away or has another meaning. */
export function documentMark(name: DocumentName): string {
  return `appimagectl/${name}/v1`;
}

/** The JSON Schema of a document. */
export function documentSchema(name: DocumentName): JsonSchema {
  const { title, properties } = DOCUMENTS[name];
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: documentMark(name),
    description: title,
    ...object({ schema: { const: documentMark(name) }, ...properties }),
  };
}
