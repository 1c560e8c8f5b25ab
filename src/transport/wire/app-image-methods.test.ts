import { create, fromBinary, fromJsonString, toBinary, toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  QueryAppImageResponseData,
  UpdateAppImageRequest,
} from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { stubStore } from '../../../test/support/stub-store.js';
import {
  type AppImage,
  type AppImageCodec,
  type StoredAppImage,
  StructuredRevision,
} from '../../domain/app-image/app-image.js';
import type { AppImageStore } from '../../domain/app-image/app-image-store.js';
import { AppImageError } from '../../domain/errors.js';
import { AppImageService } from '../../service/app-image-service.js';
import { appImageCodec } from './app-image-codec.js';
import { appImageMethods } from './app-image-methods.js';
import { encodeFailure } from './envelope.js';
import type { Encoding, Method } from './method.js';
import { messageDescriptor, registry } from './schema.js';

/** A store over templates that are given. It has no history. */
function storeOf(appImages: readonly AppImage[], codec: AppImageCodec = appImageCodec): AppImageStore {
  const stored = new Map<string, StoredAppImage>(
    appImages.map((appImage) => [appImage.name, new StructuredRevision(codec, 1, 1, appImage)]),
  );
  return stubStore({
    get: async (name) => stored.get(name),
    getMany: async (names) => names.map((name) => stored.get(name)),
    list: async ({ after, limit }) => [...stored.values()].filter(({ name }) => name > after).slice(0, limit),
    change: async (name, decide) => {
      const decision = decide(stored.get(name));
      if (decision.kind === 'put') {
        stored.set(name, new StructuredRevision(codec, 2, 2, decision.appImage));
      }
      return stored.get(name);
    },
  });
}

const template = (name: string): AppImage =>
  QueryAppImageResponseData.fromPartial({
    name,
    image: { name: 'app', tag: 'v1' },
    configTemplates: new Map([['a.conf', 'x']]),
  });

function method(name: string, store = storeOf([template('a'), template('b'), template('c')])): Method {
  const found = appImageMethods(new AppImageService(store, { maxTemplateBytes: 1 << 20 })).find(
    (candidate) => candidate.name === name,
  );
  if (found === undefined) {
    throw new Error(`no method ${name}`);
  }
  return found;
}

async function invoke(name: string, encoding: Encoding, body: Uint8Array, store?: AppImageStore): Promise<Uint8Array> {
  const request = { encoding, body, ifMatch: undefined, fieldValidation: 'Warn' } as const;
  const origin = { method: name, tokenName: '', certificateSubject: '', message: '' };
  const context = { onSubject: () => undefined, origin: (message: string) => ({ ...origin, message }) };
  return (await method(name, store).invoke(request, context)).body;
}

describe('responses', () => {
  it('are JSON in the form of the contract, byte for byte', async () => {
    const body = await invoke('QueryAppImage', 'json', Buffer.from('{"name":"a"}'));
    expect(Buffer.from(body).toString()).toBe(
      '{"status":{"code":0,"message":"success","details":[]},"data":{"name":"a","image":{"name":"app","tag":"v1","id":"","sign":""},"config_templates":{"a.conf":"x"},"deploy_templates":[]}}',
    );
  });

  it.each([
    ['QueryAppImage', '{"name":"a"}'],
    ['BatchQueryAppImage', '{"names":["c","a","c"]}'],
    ['ListAppImage', '{"page_size":2}'],
    ['ListAppImage', '{"page_size":3}'],
    ['HealthZ', '{}'],
  ])('of %s say the same in JSON and in protobuf', async (name, request) => {
    const { input, output } = method(name).descriptor;
    const json = await invoke(name, 'json', Buffer.from(request));
    const protobuf = await invoke(name, 'protobuf', toBinary(input, fromJsonString(input, request)));
    expect(fromBinary(output, protobuf)).toEqual(fromJsonString(output, Buffer.from(json).toString(), { registry }));
  });

  it('of failures carry every violation as a BadRequest, with the other fields empty', () => {
    const error = new AppImageError('REQUEST_INVALID', 'no', { violations: [{ field: 'name', description: 'bad' }] });
    const output = messageDescriptor('BatchQueryAppImageResponse');
    const json = Buffer.from(encodeFailure(error, 'json', output)).toString();
    expect(json).toBe(
      '{"status":{"code":11100,"message":"no","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","field_violations":[{"field":"name","description":"bad"}]}]},"data":[]}',
    );
    const fromProtobuf = fromBinary(output, encodeFailure(error, 'protobuf', output));
    expect(toJson(output, fromProtobuf, { registry })).toEqual(
      toJson(output, fromJsonString(output, json, { registry }), { registry }),
    );
  });
});

describe('requests', () => {
  const labelled = (): AppImage => ({
    ...template('a'),
    deployTemplates: QueryAppImageResponseData.fromPartial({
      deployTemplates: [{ name: 'app', replicas: 1, containers: [{ name: 'app' }] }],
    }).deployTemplates,
    labels: new Map([['l', '1']]),
    annotations: new Map([['n', '2']]),
  });
  const image = { name: 'app', tag: 'v1' };

  it.each([
    ['are absent, which leaves them', {}, [['l', '1']], [['n', '2']]],
    ['are null, which leaves them', { labels: null, annotations: null }, [['l', '1']], [['n', '2']]],
    ['are empty, which clears them', { labels: {}, annotations: {} }, [], []],
    ['hold something, which replaces them', { labels: { x: 'y' }, annotations: { z: '' } }, [['x', 'y']], [['z', '']]],
  ])('in JSON tell whether labels and annotations %s', async (_, parts, labels, annotations) => {
    const store = storeOf([labelled()]);
    await invoke('UpdateAppImage', 'json', Buffer.from(JSON.stringify({ name: 'a', image, ...parts })), store);
    const stored = (await store.get('a'))?.appImage;
    expect([stored?.labels, stored?.annotations]).toEqual([
      new Map(labels as [string, string][]),
      new Map(annotations as [string, string][]),
    ]);
  });

  it('in protobuf leave labels and annotations that they do not hold', async () => {
    const store = storeOf([labelled()]);
    const update = UpdateAppImageRequest.fromPartial({ name: 'a', image, annotations: new Map([['z', '']]) });
    await invoke('UpdateAppImage', 'protobuf', UpdateAppImageRequest.encode(update).finish(), store);
    const stored = (await store.get('a'))?.appImage;
    expect([stored?.labels, stored?.annotations]).toEqual([new Map([['l', '1']]), new Map([['z', '']])]);
  });

  it.each([
    ['truncated bytes', Buffer.from([0x12, 0x05, 0x61])],
    ['an endless varint', Buffer.alloc(20, 0xff)],
    ['a string that is not UTF-8', Buffer.from([0x12, 0x02, 0xc3, 0x28])],
    ['groups within groups', Buffer.alloc(100_000, 0x0b)],
    ['a tag of 0', Buffer.from('12016100ffff', 'hex')],
    ['a group that ends without having begun', Buffer.from('1201610c', 'hex')],
  ])('in protobuf with %s are malformed', async (_, body) => {
    await expect(invoke('QueryAppImage', 'protobuf', body)).rejects.toMatchObject({
      reason: 'REQUEST_MALFORMED',
      code: 11100,
    });
  });

  it.each([
    ['a message', '1a0400120162'],
    ['an entry of a map', '220400120162'],
    ['a repeated message', '2a0400120162'],
  ])('in protobuf with a break inside %s are malformed, and its rest is not taken for outer fields', async (_, hex) => {
    await expect(invoke('CreateAppImage', 'protobuf', Buffer.from(hex, 'hex'))).rejects.toMatchObject({
      reason: 'REQUEST_MALFORMED',
    });
  });

  it('in protobuf may hold a replacement character', async () => {
    const input = messageDescriptor('QueryAppImageRequest');
    await expect(
      invoke('QueryAppImage', 'protobuf', toBinary(input, create(input, { name: '\uFFFD' }))),
    ).rejects.toMatchObject({
      reason: 'APP_IMAGE_NOT_FOUND',
    });
  });
});
