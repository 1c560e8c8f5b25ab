import { BinaryReader } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { CreateAppImageRequest } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { checkStructure } from './protobuf-structure.js';
import { messageDescriptor } from './schema.js';

const check = (...bytes: number[]) => {
  checkStructure(messageDescriptor('CreateAppImageRequest'), new BinaryReader(Uint8Array.from(bytes)));
};

// Field 3, `image`, holds a message; field 2, `name`, a text.
const IMAGE = 0x1a;
const NAME = 0x12;
const IMAGE_TAG = 0x12;

describe('checkStructure', () => {
  it('takes whole fields, known and unknown, groups among them', () => {
    const appImage = CreateAppImageRequest.fromPartial({
      name: 'a',
      configTemplates: new Map([['k', 'v']]),
      deployTemplates: [{ containers: [{ livenessProbe: { terminationGracePeriodSeconds: -1n } }] }],
    });
    expect(() => check(...CreateAppImageRequest.encode(appImage).finish())).not.toThrow();
    // Unknown: field 9 as a number, and as a group that holds field 1.
    expect(() => check(0x48, 0x80, 0x01, 0x4b, 0x08, 0x01, 0x4c)).not.toThrow();
    expect(() => check()).not.toThrow();
  });

  it.each([
    ['a text that ends too early', [NAME, 2, 0x61]],
    ['a text that reaches beyond its message into the next field', [IMAGE, 3, IMAGE_TAG, 2, 0x61, NAME, 0]],
    ['a number that reaches beyond its message', [IMAGE, 2, 0x08, 0x80, 0x01]],
    ['a tag that reaches beyond its message', [IMAGE, 1, 0x92, 0x00, 0x00]],
    ['a group that ends beyond its message', [IMAGE, 1, 0x4b, 0x4c]],
    ['a group that ends without a beginning', [IMAGE, 1, 0x4c]],
    ['a field number of 0', [IMAGE, 2, 0x02, 0x00]],
    ['a length of four gigabytes', [NAME, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('refuses %s', (_, bytes) => {
    expect(() => check(...bytes)).toThrow(Error);
  });
});
