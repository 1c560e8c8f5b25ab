import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/domain/errors.js';
import { HTTP_STATUS } from '../../src/transport/http/http-status.js';
import { startTestApp, type TestApp } from '../support/start-test-app.js';

interface Content {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, Content>> }>
  >;
}

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<
      Record<string, { readonly properties: Readonly<Record<string, { readonly description: string }>> }>
    >;
  };
}

const JSON_TYPE = 'application/json';
let app: TestApp;
let agent: Agent;
let document: OpenApi;
let ajv: Ajv2020;

beforeAll(async () => {
  app = await startTestApp();
  const { ca, cert = '', key = '' } = app.credentials;
  agent = new Agent({ connect: { ca, cert, key } });
  const response = await request(`${app.origin}/openapi.json`, { dispatcher: agent });
  document = (await response.body.json()) as OpenApi;
  ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(document, 'openapi');
});

afterAll(async () => {
  await agent.close();
  await app[Symbol.asyncDispose]();
});

/** Compiles the schema at a place in the document, such as `['paths', '/healthZ']`. */
function schemaAt(...place: readonly string[]): ValidateFunction {
  const pointer = place
    .map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`)
    .join('');
  return ajv.compile({ $ref: `openapi#${pointer}` });
}

function expectValid(validate: ValidateFunction, value: unknown): void {
  validate(value);
  expect(validate.errors ?? []).toEqual([]);
}

/** Every operation with its path and the HTTP method, as the document names it. */
function operations(): (readonly [string, Operation, string])[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([httpMethod, operation]) => [path, operation, httpMethod] as const),
  );
}

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; json: unknown }> {
  const response = await request(`${app.origin}${path}`, {
    dispatcher: agent,
    method: 'POST',
    headers: { token: app.certificates.token, 'content-type': JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.statusCode, json: await response.body.json() };
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(JSON.stringify(document, undefined, 1));
    expect(result).toEqual({ valid: true });
    expect(document.openapi).toMatch(/^3\.1\./);
  });

  it('has every path of the contract, each operation under a name of its own', () => {
    expect(Object.keys(document.paths)).toEqual([
      '/api/v1/appimage/create',
      '/api/v1/appimage/update',
      '/api/v1/appimage/delete',
      '/api/v1/appimage/query',
      '/api/v1/appimage/batchQuery',
      '/api/v1/appimage/batch_query',
      '/api/v1/appimage/list',
      '/healthZ',
      '/api/v1/appimage/apply',
      '/api/v1/appimage/lint',
      '/api/v1/appimage/render',
      '/api/v1/appimage/diff',
      '/api/v1/appimage/revisions/list',
      '/api/v1/appimage/revisions/get',
      '/api/v1/appimage/revisions/rollback',
      '/api/v1/appimage/revisions/tag',
      '/api/v1/appimage/revisions/untag',
      '/api/v1/appimage/watch',
      '/api/v1/appimage/watch/session',
    ]);
    const ids = operations().map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes every field with the comment of the contract', () => {
    const silent = Object.entries(document.components.schemas).flatMap(([name, { properties }]) =>
      Object.entries(properties).flatMap(([field, { description }]) =>
        description === '' ? [`${name}.${field}`] : [],
      ),
    );
    expect(silent).toEqual([]);
    expect(document.components.schemas['DeployTemplate']?.properties['replicas']?.description).toContain('stored as 1');
  });

  it('names every code with its status somewhere', () => {
    for (const [name, { code }] of Object.entries(ERRORS)) {
      const status = HTTP_STATUS[name as keyof typeof HTTP_STATUS];
      const described = operations().some(([, { responses }]) =>
        responses[String(status)]?.description.includes(`**${code}** ${name}`),
      );
      expect([name, described]).toEqual([name, true]);
    }
  });

  it.each(['create', 'update', 'delete', 'query', 'batch_query'])(
    'shows the example of the API document for %s',
    (name) => {
      const file = join(import.meta.dirname, '../fixtures/requests', `${name}.json`);
      const example =
        document.paths[`/api/v1/appimage/${name}`]?.post?.requestBody?.content[JSON_TYPE]?.examples?.['document'];
      expect(example?.value).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    },
  );

  it('has examples that its own schemas accept', () => {
    let examples = 0;
    for (const [path, { requestBody, responses }, httpMethod] of operations()) {
      const inputs = Object.values(requestBody?.content[JSON_TYPE]?.examples ?? {});
      for (const { value } of inputs) {
        examples += 1;
        expectValid(schemaAt('paths', path, httpMethod, 'requestBody', 'content', JSON_TYPE, 'schema'), value);
      }
      for (const [status, { content }] of Object.entries(responses)) {
        for (const { value } of Object.values(content?.[JSON_TYPE]?.examples ?? {})) {
          examples += 1;
          expectValid(schemaAt('paths', path, httpMethod, 'responses', status, 'content', JSON_TYPE, 'schema'), value);
        }
      }
    }
    expect(examples).toBeGreaterThan(60);
  });

  it('shows the query of the document as the service answers it', async () => {
    const example = (path: string) => document.paths[path]?.post;
    const create = example('/api/v1/appimage/create')?.requestBody?.content[JSON_TYPE]?.examples?.['document']?.value;
    expect((await post('/api/v1/appimage/create', create)).status).toBe(200);
    const shown =
      example('/api/v1/appimage/query')?.responses['200']?.content?.[JSON_TYPE]?.examples?.['success']?.value;
    const { json } = await post('/api/v1/appimage/query', { name: 'appimage-template' });
    expect(json).toEqual(shown);
  });

  it('describes what the service answers, in success and failure', async () => {
    const calls: readonly (readonly [string, unknown, Record<string, string>?])[] = [
      ['/api/v1/appimage/query', { name: 'appimage-template' }],
      ['/api/v1/appimage/query', { name: 'nobody' }],
      ['/api/v1/appimage/query', {}, { token: 'wrong' }],
      ['/api/v1/appimage/query', [1]],
      ['/api/v1/appimage/create', { name: 'Bad_Name', deploy_templates: [{}] }],
      ['/api/v1/appimage/create', { name: 'x'.repeat(5_000_000) }],
      ['/api/v1/appimage/batchQuery', { names: ['appimage-template', 'appimage-template'] }],
      ['/api/v1/appimage/batch_query', { names: [] }],
      ['/api/v1/appimage/list', { page_size: '1' }],
      ['/api/v1/appimage/delete', { name: 'appimage-template' }, { 'if-match': '"999"' }],
      ['/healthZ', {}],
    ];
    const statuses: number[] = [];
    for (const [path, body, headers] of calls) {
      const { status, json } = await post(path, body, headers);
      statuses.push(status);
      expectValid(schemaAt('paths', path, 'post', 'responses', String(status), 'content', JSON_TYPE, 'schema'), json);
    }
    expect(statuses).toEqual([200, 404, 401, 400, 400, 413, 200, 400, 200, 412, 200]);
  });

  it('tells input that the service refuses from input that it takes', () => {
    const validate = schemaAt('components', 'schemas', 'CreateAppImageRequest');
    const withReplicas = (replicas: unknown): unknown => ({ name: 'a', deploy_templates: [{ replicas }] });
    for (const replicas of [1, '1', null]) {
      expectValid(validate, withReplicas(replicas));
    }
    for (const replicas of [1.5, 'one', true, {}]) {
      expect(validate(withReplicas(replicas))).toBe(false);
    }
    expectValid(validate, { unknown: 1, image: null, config_templates: null });
    expect(validate({ config_templates: { a: 1 } })).toBe(false);
  });
});
