import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type ApplyRequest,
  type Revision,
  type WatchRequest,
  WatchRequest_Start,
} from '../../../gen/appimage/v1/registry.js';
import {
  CreateAppImageRequest,
  QueryAppImageResponseData,
  type UpdateAppImageRequest,
} from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { AppImageError } from '../../domain/errors.js';
import { JsonDecoder } from './json-decode.js';
import type { FieldValidation } from './method.js';
import { messageDescriptor } from './schema.js';

const create = new JsonDecoder<CreateAppImageRequest>(messageDescriptor('CreateAppImageRequest'));
const update = new JsonDecoder<UpdateAppImageRequest>(messageDescriptor('UpdateAppImageRequest'));

function decode(value: unknown, fieldValidation: FieldValidation = 'Warn') {
  return create.decode(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), fieldValidation);
}

function faults(value: unknown, fieldValidation: FieldValidation = 'Warn'): string[] {
  try {
    decode(value, fieldValidation);
  } catch (error) {
    if (error instanceof AppImageError) {
      return error.violations.map(({ field, description }) => `${field}: ${description}`);
    }
    throw error;
  }
  return [];
}

/** A request with one container that has these fields. */
const withContainer = (container: object): object => ({ deploy_templates: [{ containers: [container] }] });

describe('JsonDecoder', () => {
  it("reads the API document's example and loses nothing, the misnamed secret included", () => {
    const { message, warnings } = create.decode(readFileSync('test/fixtures/requests/create.json'), 'Strict');
    expect(warnings).toEqual([]);
    const container = message.deployTemplates[0]?.containers[0];
    expect(container?.envFrom[0]?.secretRef).toEqual({ name: 'secret-template' });
    expect(container?.livenessProbe?.httpGet?.port).toBe('global');
    expect(message.configTemplates.get('task-config.conf')).toContain('{{.TASK_ID}}');
  });

  it('gives what the text leaves out the default of the generated code, each message its own', () => {
    expect(decode('{}').message).toStrictEqual(CreateAppImageRequest.fromPartial({}));
    const text = { deployTemplates: [{ containers: [{ livenessProbe: { httpGet: {} } }, { ports: [{}] }] }] };
    const data = new JsonDecoder<QueryAppImageResponseData>(messageDescriptor('QueryAppImageResponseData'));
    const { message } = data.decode(Buffer.from(JSON.stringify(text)), 'Strict');
    expect(message).toStrictEqual(QueryAppImageResponseData.fromPartial(text));
    const [first, second] = message.deployTemplates[0]?.containers ?? [];
    expect(first?.command).not.toBe(second?.command);
    expect(message.labels).not.toBe(message.annotations);
  });

  it('reads both spellings of a name', () => {
    expect(decode({ configTemplates: { a: 'b' } }).message).toEqual(decode({ config_templates: { a: 'b' } }).message);
  });

  it('takes null as absent, and tells which fields are present', () => {
    const { message, present } = decode({ name: 'x', image: null, config_templates: {}, deployTemplates: null });
    expect(message.image).toBeUndefined();
    expect([...present]).toEqual(['name', 'config_templates']);
  });

  it('reads integers as numbers and as decimal strings, exactly', () => {
    const seconds = (text: string) =>
      decode(`{"deploy_templates":[{"containers":[{"liveness_probe":{"termination_grace_period_seconds":${text}}}]}]}`)
        .message.deployTemplates[0]?.containers[0]?.livenessProbe?.terminationGracePeriodSeconds;
    expect(seconds('9007199254740993')).toBe(9007199254740993n);
    expect(seconds('"-9223372036854775808"')).toBe(-(2n ** 63n));
    expect(seconds('30')).toBe(30n);
    expect(seconds('1e18')).toBe(10n ** 18n);
    expect(seconds('9007199254740993.0')).toBe(9007199254740993n);
    expect(
      decode(withContainer({ liveness_probe: { grpc: { port: '8080' } } })).message.deployTemplates[0]?.containers[0]
        ?.livenessProbe?.grpc?.port,
    ).toBe(8080);
  });

  it.each([
    [{ name: 5 }, 'name: expected a string, found 5'],
    [{ image: 'x' }, 'image: expected an object, found the string "x"'],
    [{ deploy_templates: {} }, 'deploy_templates: expected an array, found an object'],
    [{ deploy_templates: [null] }, 'deploy_templates[0]: expected an object, found null'],
    [{ config_templates: { 'a.conf': null } }, 'config_templates["a.conf"]: expected a string, found null'],
    [{ deploy_templates: [{ replicas: 1.5 }] }, 'deploy_templates[0].replicas: expected a 32-bit integer, found 1.5'],
    [
      { deploy_templates: [{ replicas: 2147483648 }] },
      'deploy_templates[0].replicas: expected a 32-bit integer, found 2147483648',
    ],
    [
      { deploy_templates: [{ replicas: '' }] },
      'deploy_templates[0].replicas: expected a 32-bit integer, found the string ""',
    ],
    [{ deploy_templates: [{ replicas: true }] }, 'deploy_templates[0].replicas: expected a 32-bit integer, found true'],
    [
      '{"deploy_templates":[{"containers":[{"liveness_probe":{"termination_grace_period_seconds":9223372036854775808}}]}]}',
      'deploy_templates[0].containers[0].liveness_probe.termination_grace_period_seconds: expected a 64-bit integer, as a number or a string, found 9223372036854775808',
    ],
    ['{"name":"\\ud800"}', 'name: the string holds half of a surrogate pair, which no UTF-8 text can'],
    [
      String.raw`{"config_templates":{"\ud800":"a"}}`,
      String.raw`config_templates["\ud800"]: the key holds half of a surrogate pair, which no UTF-8 text can`,
    ],
    ['[]', ': the body must be a JSON object, found an array'],
  ])('refuses %j with its path', (value, fault) => {
    expect(faults(value)).toEqual([fault]);
  });

  it('takes a field that holds JSON as the object itself, number by number as written, or as its text', () => {
    const affinity = (text: string) =>
      decode(`{"deploy_templates":[{},{"affinity":${text}}]}`).message.deployTemplates[1];
    expect(affinity('{ "n": 9007199254740993, "f":1e400 }')?.affinity).toBe('{ "n": 9007199254740993, "f":1e400 }');
    expect(affinity('{"a":1},"affinity":{"b":2}')?.affinity).toBe('{"b":2}');
    expect(affinity(String.raw`"{\"a\":1}"`)?.affinity).toBe('{"a":1}');
    expect(affinity('"no object"')?.affinity).toBe('no object');
    expect(affinity('null')?.affinity).toBe('');
    const container = decode(withContainer({ securityContext: { runAsUser: 1000 } })).message.deployTemplates[0]
      ?.containers[0];
    expect(container?.securityContext).toBe('{"runAsUser":1000}');
    expect(faults(withContainer({ security_context: [] }))).toEqual([
      'deploy_templates[0].containers[0].security_context: expected an object, or a string with the text of one, found an array',
    ]);
    expect(decode({ deploy_templates: [{ affinity: { anything: { goes: 1 } } }] }, 'Strict').warnings).toEqual([]);
    expect(faults('{"deploy_templates":[{"affinity":{"a":1,"a":2}}]}', 'Strict')).toHaveLength(1);
  });

  it('finds exact numbers and objects in time that depends on the length of the body alone', () => {
    const deep = 200_000;
    const hostile = `{"x":${'['.repeat(deep)}${'1e0,'.repeat(deep)}1${']'.repeat(deep)},"${'k'.repeat(deep)}":[${'{"affinity":{}},'.repeat(20_000)}1],"deploy_templates":[{"affinity":{"a":1}}]}`;
    expect(decode(hostile, 'Ignore').message.deployTemplates[0]?.affinity).toBe('{"a":1}');
  });

  it('reports every fault, not only the first', () => {
    expect(faults({ name: 1, image: { tag: [] }, deploy_templates: [{ replicas: 'x' }, 7] })).toHaveLength(4);
  });

  it('names at most a thousand faults and counts the rest', () => {
    const found = faults({ deploy_templates: Array.from({ length: 5000 }, () => 1) });
    expect(found).toHaveLength(1001);
    expect(found.at(-1)).toBe(': 4000 more faults are not listed');
  });

  it('says of a body in which nothing but an accepted field is unknown that it has one fault', () => {
    const unknown = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`zz${index}`, 1]));
    for (const fieldValidation of ['Ignore', 'Warn'] as const) {
      expect(faults({ name: 5, ...unknown }, fieldValidation)).toEqual(['name: expected a string, found 5']);
    }
    expect(faults({ name: 5, ...unknown }, 'Strict').at(-1)).toBe(': 2001 more faults are not listed');
  });

  it('cuts the paths of what is nested without end, in time that depends on the length of the body alone', () => {
    const hostile = `${'{"a":'.repeat(200_000)}{${'"b":0,'.repeat(1000)}"b":0}${'}'.repeat(200_000)}`;
    const found = faults(hostile, 'Strict');
    expect(found).toHaveLength(1001);
    expect(found[0]).toBe(`${'a.'.repeat(31)}a...: this key appears more than once in its object`);
  });

  it('guesses what was meant by those unknown fields alone that it names', () => {
    const keys = Array.from({ length: 100_000 }, (_, index) => `"unknown_volume_${index}":0`);
    const hostile = `{"deploy_templates":[{"containers":[{${keys.join(',')}}]}]}`;
    expect(decode(hostile, 'Ignore').warnings).toEqual([]);
    expect(decode(hostile, 'Warn').warnings).toHaveLength(1000);
  });

  it('warns of unknown fields with a guess, ignores them, or refuses them, as asked', () => {
    const typo = withContainer({ livenes_probe: {}, zzz: 1 });
    expect(decode(typo).warnings).toEqual([
      'deploy_templates[0].containers[0].livenes_probe: unknown field; did you mean "liveness_probe"?',
      'deploy_templates[0].containers[0].zzz: unknown field',
    ]);
    expect(decode(typo, 'Ignore').warnings).toEqual([]);
    expect(faults(typo, 'Strict')).toHaveLength(2);
  });

  it('takes the last of duplicate keys, and refuses them under Strict', () => {
    const text = '{"name":"a","name":"b"}';
    expect(decode(text).message.name).toBe('b');
    expect(faults(text, 'Strict')).toEqual(['name: this key appears more than once in its object']);
    expect(faults('{"config_templates":{},"configTemplates":{}}', 'Strict')).toEqual([
      'configTemplates: this field is given under two names; its other one is config_templates',
    ]);
  });

  it('keeps hostile keys as plain data', () => {
    const { message, warnings } = decode(
      '{"__proto__":{"name":"x"},"constructor":1,"config_templates":{"__proto__":"p","constructor":"c"}}',
    );
    expect([...message.configTemplates]).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ]);
    expect(message.name).toBe('');
    expect(warnings).toHaveLength(2);
  });

  it('reads a field mask as a string with commas, quoted map keys included, and as a message', () => {
    const mask = (value: unknown) =>
      update.decode(Buffer.from(JSON.stringify({ update_mask: value })), 'Warn').message.updateMask;
    expect(mask('image.tag,configTemplates.`a,b`')).toEqual(['image.tag', 'configTemplates.`a,b`']);
    expect(mask({ paths: ['image'] })).toEqual(['image']);
    expect(mask('')).toEqual([]);
  });
});

describe('JsonDecoder of messages of our own package', () => {
  const watch = new JsonDecoder<WatchRequest>(messageDescriptor('appimage.v1.WatchRequest'));
  const apply = new JsonDecoder<ApplyRequest>(messageDescriptor('appimage.v1.ApplyRequest'));
  const revision = new JsonDecoder<Revision>(messageDescriptor('appimage.v1.Revision'));

  const read = <T>(decoder: JsonDecoder<T>, value: unknown): T =>
    decoder.decode(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), 'Strict').message;
  const faultsOf = <T>(decoder: JsonDecoder<T>, value: unknown): string[] => {
    try {
      read(decoder, value);
      return [];
    } catch (error) {
      return error instanceof AppImageError
        ? error.violations.map(({ field, description }) => `${field}: ${description}`)
        : [String(error)];
    }
  };

  it('reads enums by name and by number, and as their zero where they are absent', () => {
    expect(read(watch, { start: 'STATE' }).start).toBe(WatchRequest_Start.STATE);
    expect(read(watch, { start: 1 }).start).toBe(WatchRequest_Start.NOW);
    expect(read(watch, {}).start).toBe(WatchRequest_Start.START_UNSPECIFIED);
    expect(read(watch, { start: null }).start).toBe(WatchRequest_Start.START_UNSPECIFIED);
  });

  it.each([
    ['state', 'the string "state"; did you mean "STATE"?'],
    ['toString', 'the string "toString"'],
    ['2', 'the string "2"'],
    [3, '3'],
    [1.5, '1.5'],
    [true, 'true'],
  ])('refuses %j as an enum and lists what it may be', (start, found) => {
    expect(faultsOf(watch, { start })).toEqual([
      `start: expected one of START_UNSPECIFIED, NOW, STATE, found ${found}`,
    ]);
  });

  it('tells zero from absent where the contract does', () => {
    const conditions = read(apply, '{"app_images":[{"if_revision":0},{},{"ifRevision":"7"},{"if_revision":null}]}');
    expect(conditions.appImages.map(({ ifRevision }) => ifRevision)).toEqual([0n, undefined, 7n, undefined]);
  });

  it('reads booleans, nested templates and their exact numbers', () => {
    const request = read(
      apply,
      '{"dry_run":true,"app_images":[{"app_image":{"labels":{"a":"b"},"deploy_templates":[{"affinity":{"n":1e400}}]},"if_revision":9007199254740993}]}',
    );
    expect(request).toMatchObject({
      dryRun: true,
      failOnWarnings: false,
      appImages: [{ ifRevision: 9007199254740993n }],
    });
    expect(request.appImages[0]?.appImage).toMatchObject({
      labels: new Map([['a', 'b']]),
      deployTemplates: [{ affinity: '{"n":1e400}' }],
    });
    expect(faultsOf(apply, { dry_run: 'true' })).toEqual(['dry_run: expected true or false, found the string "true"']);
  });

  it('reads points in time', () => {
    expect(read(revision, { create_time: '2024-01-31T12:00:00.123456+01:00' }).createTime).toEqual(
      new Date('2024-01-31T11:00:00.123Z'),
    );
    expect(faultsOf(revision, { create_time: 'yesterday' })).toEqual([
      'create_time: expected a time as in RFC 3339, such as 2024-01-31T12:00:00Z, found the string "yesterday"',
    ]);
    expect(faultsOf(revision, { create_time: '2024-13-01T00:00:00Z' })).toHaveLength(1);
    expect(faultsOf(revision, { create_time: 0 })).toHaveLength(1);
  });
});
