import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BatchQueryAppImageRequest,
  CreateAppImageRequest,
  ListAppImageRequest,
  UpdateAppImageRequest,
} from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { AppImageError } from '../../domain/errors.js';
import { JsonDecoder } from './json-decode.js';
import { FIELD_VALIDATIONS } from './method.js';
import { decodeProtobuf } from './protobuf-decode.js';
import { messageDescriptor } from './schema.js';

const MESSAGES = [
  'CreateAppImageRequest',
  'UpdateAppImageRequest',
  'BatchQueryAppImageRequest',
  'ListAppImageRequest',
] as const;
const CODECS = {
  CreateAppImageRequest,
  UpdateAppImageRequest,
  BatchQueryAppImageRequest,
  ListAppImageRequest,
} as const;
const DECODERS = new Map(MESSAGES.map((name) => [name, new JsonDecoder<unknown>(messageDescriptor(name))]));

const example = readFileSync('test/fixtures/requests/create.json', 'utf8');

/** Keys that the contract knows, so that arbitrary values get past the first field. */
const knownKeys = [...new Set([...example.matchAll(/"(\w+)":/g)].map(([, key]) => key ?? ''))];

const anyJson = fc
  .letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        fc.oneof(fc.constantFrom(...knownKeys, '__proto__', 'constructor', 'toString'), fc.string()),
        tie('value'),
        { maxKeys: 5 },
      ),
    ),
  }))
  .value.map((value) => JSON.stringify(value));

/** The example with some of its bytes replaced, removed or put in. */
function damaged(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const cut = fc.tuple(fc.nat(bytes.length), fc.nat(8), fc.uint8Array({ maxLength: 8 }));
  return fc
    .array(cut, { minLength: 1, maxLength: 4 })
    .map((cuts) =>
      cuts.reduce<Buffer>(
        (damage, [at, removed, added]) => Buffer.concat([damage.subarray(0, at), added, damage.subarray(at + removed)]),
        Buffer.from(bytes),
      ),
    );
}

/** Whatever comes in, a decoder answers with a message or with words for the caller. */
function expectMessageOrWords(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    expect(error).toBeInstanceOf(AppImageError);
    expect((error as AppImageError).code).toBe(11100);
    expect((error as AppImageError).message).not.toBe('');
  }
}

describe('the JSON decoder', () => {
  it.each(FIELD_VALIDATIONS)('answers any bytes with a message or with words, under %s', (fieldValidation) => {
    const bytes = fc.oneof(
      anyJson.map((text) => Buffer.from(text)),
      damaged(Buffer.from(example)),
      fc.uint8Array({ maxLength: 200 }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...MESSAGES), bytes, (name, body) => {
        expectMessageOrWords(() => DECODERS.get(name)?.decode(body, fieldValidation));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the protobuf decoder', () => {
  it('answers any bytes with a message or with words', () => {
    const created = new JsonDecoder<CreateAppImageRequest>(messageDescriptor('CreateAppImageRequest')).decode(
      Buffer.from(example),
      'Ignore',
    ).message;
    const bytes = fc.oneof(damaged(CreateAppImageRequest.encode(created).finish()), fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(fc.constantFrom(...MESSAGES), bytes, (name, body) => {
        expectMessageOrWords(() => decodeProtobuf<unknown>(CODECS[name], messageDescriptor(name), body));
      }),
      { numRuns: 3000 },
    );
  });
});
