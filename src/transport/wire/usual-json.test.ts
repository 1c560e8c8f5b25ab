import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyAppImage, maskPath, text } from '../../../test/support/app-image-arbitraries.js';
import { damagedText, jsonTextOf } from '../../../test/support/json-request-arbitraries.js';
import { JsonDecoder } from './json-decode.js';
import { FIELD_VALIDATIONS } from './method.js';
import { messageDescriptor } from './schema.js';
import { UsualJsonReader } from './usual-json.js';

const header = fc.option(fc.record({ customHeaders: fc.dictionary(text, text, { maxKeys: 3 }).map(toMap) }), {
  nil: undefined,
});

/** Arbitrary requests of some types, in the shape of the generated code. */
const REQUESTS = {
  CreateAppImageRequest: fc.tuple(header, anyAppImage).map(([first, rest]) => ({ header: first, ...rest })),
  UpdateAppImageRequest: fc
    .tuple(anyAppImage, fc.option(fc.array(maskPath), { nil: undefined }))
    .map(([first, updateMask]) => ({ ...first, updateMask: updateMask?.join(',') })),
  BatchQueryAppImageRequest: fc.record({ header, names: fc.array(text) }),
  ListAppImageRequest: fc.record({ pageSize: fc.maxSafeInteger(), pageToken: text }),
  'appimage.v1.ApplyRequest': fc.record({
    appImages: fc.array(
      fc.record({ appImage: anyAppImage, ifRevision: fc.option(fc.bigInt({ min: 0n, max: 99n }), { nil: undefined }) }),
      { maxLength: 2 },
    ),
    dryRun: fc.boolean(),
    message: text,
  }),
  'appimage.v1.WatchRequest': fc.record({ start: fc.constantFrom('STATE', 1), namePrefix: text }),
} as const;

type RequestName = keyof typeof REQUESTS;
const NAMES = Object.keys(REQUESTS) as RequestName[];
const READERS = new Map(NAMES.map((name) => [name, new UsualJsonReader(messageDescriptor(name))]));
const DECODERS = new Map(NAMES.map((name) => [name, new JsonDecoder<object>(messageDescriptor(name))]));

/** The name of a request, and a text of one. */
const requestText = fc.constantFrom(...NAMES).chain((name) => fc.tuple(fc.constant(name), jsonTextOf(REQUESTS[name])));
const damagedRequestText = requestText.chain(([name, whole]) =>
  fc.tuple(fc.constant(name), damagedText(fc.constant(whole))),
);

function toMap(entries: Record<string, string>): Map<string, string> {
  return new Map(Object.entries(entries));
}

/** With maps and sets as lists, whose order counts. */
function inOrder(value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) {
    return [value.constructor.name, ...value].map(inOrder);
  }
  if (Array.isArray(value)) {
    return value.map(inOrder);
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inOrder(member)]))
    : value;
}

function read(body: string | Uint8Array, name: RequestName = 'CreateAppImageRequest') {
  return READERS.get(name)?.read(Buffer.from(body));
}

/** Wants a body that is read here to mean the same to the general path. Returns whether it is read. */
function expectStricter(name: RequestName, body: Uint8Array): boolean {
  const usual = read(body, name);
  if (usual === undefined) {
    return false;
  }
  for (const fieldValidation of FIELD_VALIDATIONS) {
    const general = DECODERS.get(name)?.decodeAnyForm(body, fieldValidation);
    expect(inOrder(usual)).toStrictEqual(inOrder({ message: general?.message, present: general?.present }));
    expect(general?.warnings).toEqual([]);
  }
  return true;
}

describe('the usual form of JSON', () => {
  it.each([
    ['create', 'CreateAppImageRequest'],
    ['update', 'UpdateAppImageRequest'],
    ['batch_query', 'BatchQueryAppImageRequest'],
  ] as const)("is that of the API document's example of %s, with white space and without", (file, name) => {
    const body = readFileSync(`test/fixtures/requests/${file}.json`, 'utf8');
    expect(read(body, name)).toBeDefined();
    expect(read(JSON.stringify(JSON.parse(body)), name)).toBeDefined();
  });

  it('is that of requests written plainly, whatever their texts say', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), fc.dictionary(text, text), (names, labels) => {
        const keys = Object.keys(labels).filter((key) => !/^[0-9]/.test(key));
        const body = { name: names[0], labels: Object.fromEntries(keys.map((key) => [key, labels[key]])) };
        expect(read(JSON.stringify(body))?.message).toMatchObject({ name: names[0], labels: toMap(body.labels as {}) });
        expect(read(JSON.stringify({ names }), 'BatchQueryAppImageRequest')?.message).toMatchObject({ names });
      }),
    );
  });

  it.each([
    ['requests', requestText, 500],
    ['damaged requests', damagedRequestText, 2000],
  ])('means to the general path what it means here: %s', (_, texts, numRuns) => {
    let usual = 0;
    fc.assert(
      fc.property(texts, ([name, body]) => {
        usual += expectStricter(name, Buffer.from(body)) ? 1 : 0;
      }),
      { numRuns },
    );
    expect(usual).toBeGreaterThan(0);
  });

  it('holds for bytes that are changed one by one', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(requestText, changes, ([name, body], changed) => {
        const bytes = Buffer.from(body);
        for (const [place, byte] of changed) {
          bytes[place % bytes.length] = byte;
        }
        expectStricter(name, bytes);
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    '',
    '[]',
    '{"name":"x"',
    '{"name":"x"}}',
    '{"name":"x",}',
    '{,"name":"x"}',
    '{"name" "x"}',
    '{"name":"x" "image":{}}',
    '{"nam":"x"}',
    '{"names":"x"}',
    '{"na\\u006de":"x"}',
    '{"name":nul}',
    '{"name":nulll}',
    '{"name":NULL}',
    '{"name":null,"name":"x"}',
    '{"name":"x","name":null}',
    '{"name":1}',
    '{"name":"x","name":"x"}',
    '{"config_templates":{},"configTemplates":{}}',
    '{"name":"\\ud800"}',
    '{"name":"\\x"}',
    '{"name":"\n"}',
    '{"name":"é\n"}',
    '{"name":"\\"}',
    '{"labels":{"b":"","1":""}}',
    '{"labels":{"b":"","\\u0031":""}}',
    '{"labels":{"b":"","b":""}}',
    '{"labels":{"b":null}}',
    '{"deploy_templates":[{},]}',
    '{"deploy_templates":[null]}',
    '{"deploy_templates":[{"replicas":1.0}]}',
    '{"deploy_templates":[{"replicas":1e0}]}',
    '{"deploy_templates":[{"replicas":-1}]}',
    '{"deploy_templates":[{"replicas":01}]}',
    '{"deploy_templates":[{"replicas":1234567890}]}',
    '{"deploy_templates":[{"replicas":"1"}]}',
    '{"deploy_templates":[{"affinity":{}}]}',
    '\ufeff{"name":"x"}',
    '\u00a0{"name":"x"}',
    '{"name":"x"}\0',
  ])('leaves %j to the general path', (body) => {
    expect(read(body)).toBeUndefined();
  });

  it.each(['create', 'update'] as const)(
    "leaves the document's example of %s to the general path wherever it is cut short",
    (file) => {
      const body = readFileSync(`test/fixtures/requests/${file}.json`).toString().trimEnd();
      for (let length = 0; length < body.length; length += 1) {
        expect(read(body.slice(0, length))).toBeUndefined();
      }
    },
  );

  it('leaves numbers of hundreds of digits to the general path', () => {
    const digits = '9'.repeat(400);
    expect(read(`{"page_size":${digits}}`, 'ListAppImageRequest')).toBeUndefined();
    expect(read(`{"deploy_templates":[{"replicas":${digits}}]}`)).toBeUndefined();
  });

  it('leaves bytes that are no UTF-8, and large bodies, to the general path', () => {
    expect(read(Buffer.from('{"name":"\xff"}', 'latin1'))).toBeUndefined();
    const padded = (spaces: number) => `{"name":"x"${' '.repeat(spaces)}}`;
    expect(read(padded(60_000))).toBeDefined();
    expect(read(padded(66_000))).toBeUndefined();
  });

  it('takes hostile keys of maps as plain data', () => {
    expect(read('{"labels":{"__proto__":"p","constructor":"c","":"e"}}')?.message['labels']).toEqual(
      new Map([
        ['__proto__', 'p'],
        ['constructor', 'c'],
        ['', 'e'],
      ]),
    );
  });

  it('has fields that are null, which are as if they were not there', () => {
    const body = '{"name": null ,"image":{"tag":null},"config_templates":null,"deploy_templates":null,"labels":{}}';
    expect(read(body)?.present).toEqual(new Set(['image', 'labels']));
    expect(expectStricter('UpdateAppImageRequest', Buffer.from(body))).toBe(true);
  });

  it('reads each order of keys as well after another one', () => {
    for (const body of ['{"name":"x","image":{"tag":"t"}}', '{"image":{"tag":"t"},"name":"x"}', '{"image":{}}']) {
      expect(read(body)?.present).toEqual(new Set(Object.keys(JSON.parse(body) as object)));
      expectStricter('CreateAppImageRequest', Buffer.from(body));
    }
  });

  it('reads the string form of a field mask, and 64-bit integers', () => {
    expect(read('{"update_mask":"image.tag,labels.`a,b`"}', 'UpdateAppImageRequest')?.message['updateMask']).toEqual([
      'image.tag',
      'labels.`a,b`',
    ]);
    expect(read('{"page_size":20}', 'ListAppImageRequest')?.message['pageSize']).toBe(20n);
    expect(read('{"dry_run":true}', 'appimage.v1.ApplyRequest')?.message['dryRun']).toBe(true);
  });
});
