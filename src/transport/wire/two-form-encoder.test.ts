import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppImageDeclaration } from '../../../gen/appimage/v1/registry.js';
import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { anyAppImage } from '../../../test/support/app-image-arbitraries.js';
import type { AppImage } from '../../domain/app-image/app-image.js';
import { JsonEncoder } from './json-encode.js';
import { messageDescriptor } from './schema.js';
import { TwoFormEncoder } from './two-form-encoder.js';

const DESCRIPTOR = messageDescriptor('QueryAppImageResponseData');
const encoder = new TwoFormEncoder<AppImage>(DESCRIPTOR);
const json = new JsonEncoder<AppImage>(DESCRIPTOR);

/** Holds both forms against those of the encoders for one. */
function expectSameBytes(appImage: AppImage): void {
  const forms = encoder.encode(appImage);
  expect(forms.json.equals(json.encodeBytes(appImage))).toBe(true);
  expect(forms.protobuf.equals(QueryAppImageResponseData.encode(appImage).finish())).toBe(true);
}

/** Any sequence of UTF-16 units, halves of surrogate pairs included. */
const units = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0x22, 0x5c, 0x7f, 0x80, 0xd83d, 0xde00)))
  .map((codes) => String.fromCharCode(...codes));
const anyText = fc.oneof(fc.constant(''), units, fc.string({ unit: 'grapheme-ascii', minLength: 100, maxLength: 300 }));

const PROBE = {
  initialDelaySeconds: -1,
  timeoutSeconds: -(2 ** 31),
  periodSeconds: 2 ** 31 - 1,
  successThreshold: 127,
  failureThreshold: 128,
};

describe('TwoFormEncoder', () => {
  it('gives the bytes of the encoders for one form, for any template', () => {
    fc.assert(fc.property(anyAppImage, expectSameBytes), { numRuns: 300 });
  });

  it('gives them for any text, as a field, in a list, and as key and value of a map', () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        expectSameBytes(
          QueryAppImageResponseData.fromPartial({
            name: a,
            configTemplates: new Map([
              [a, b],
              ['', a],
              [b, ''],
            ]),
            deployTemplates: [{ affinity: a, containers: [{ command: [a, '', b], securityContext: b }] }],
            annotations: new Map([[b, a]]),
          }),
        );
      }),
      { numRuns: 300 },
    );
  });

  it.each([0n, 1n, 127n, 128n, 2n ** 35n, 2n ** 63n - 1n, -1n, -(2n ** 63n)])(
    'gives them for numbers at the edges of their types, and %s',
    (terminationGracePeriodSeconds) => {
      const probe = { ...PROBE, terminationGracePeriodSeconds };
      const containers = [{ livenessProbe: probe, ports: [{ name: 'p', port: -1 }, {}], metricProbe: {} }];
      expectSameBytes(QueryAppImageResponseData.fromPartial({ deployTemplates: [{ replicas: -5, containers }] }));
    },
  );

  it('gives them for each character of ASCII', () => {
    for (let unit = 0; unit <= 0x80; unit += 1) {
      const text = `a${String.fromCharCode(unit)}b`;
      expectSameBytes(QueryAppImageResponseData.fromPartial({ name: text, configTemplates: new Map([[text, text]]) }));
    }
  });

  it.each([125, 126, 127, 128, 1023, 1024, 1025, 16_380, 16_383, 16_384, 2_097_151, 2_097_152])(
    'gives them around %i bytes, where the lengths of a text and of the messages around it grow',
    (length) => {
      for (const text of ['x'.repeat(length), `"${'x'.repeat(length - 1)}`, '界'.repeat(Math.ceil(length / 3))]) {
        expectSameBytes(
          QueryAppImageResponseData.fromPartial({
            deployTemplates: [{ containers: [{ args: [text] }, { env: [{ name: text }] }] }],
            labels: new Map([['k', text]]),
          }),
        );
      }
    },
  );

  it.each([1, 300, 5000])('gives them for %i containers in a row, whatever room there was', (count) => {
    const containers = Array.from({ length: count }, (_, index) => ({ name: `c${index}`, startupProbe: PROBE }));
    expectSameBytes(QueryAppImageResponseData.fromPartial({ deployTemplates: [{ containers }] }));
  });

  it('keeps apart what it encoded, and uses the memory again of what it lent', () => {
    const first = QueryAppImageResponseData.fromPartial({ name: 'first' });
    const second = QueryAppImageResponseData.fromPartial({ name: 'second' });
    const kept = encoder.encode(first);
    const lent = encoder.lend(second);
    expect(lent).toEqual(encoder.encode(second));
    const again = encoder.encode(first);
    expect(kept).toEqual(again);
    expect(lent.json.subarray(0, again.json.length)).toEqual(again.json);
  });

  it('tells zero from nothing where a field can be absent', () => {
    const descriptor = messageDescriptor('appimage.v1.AppImageDeclaration');
    const declarations = new TwoFormEncoder<AppImageDeclaration>(descriptor);
    for (const ifRevision of [undefined, 0n, 1n]) {
      const declaration = AppImageDeclaration.fromPartial({ ifRevision });
      const forms = declarations.encode(declaration);
      expect(forms.json.toString()).toBe(new JsonEncoder<AppImageDeclaration>(descriptor).encode(declaration));
      expect(forms.protobuf.equals(AppImageDeclaration.encode(declaration).finish())).toBe(true);
    }
  });

  it('refuses numbers that their field cannot hold', () => {
    for (const replicas of [0.5, 2 ** 31, -(2 ** 31) - 1, NaN]) {
      const appImage = QueryAppImageResponseData.fromPartial({ deployTemplates: [{ replicas }] });
      expect(() => encoder.encode(appImage)).toThrow(`invalid int32: ${replicas}`);
    }
    for (const terminationGracePeriodSeconds of [2n ** 63n, -(2n ** 63n) - 1n]) {
      const appImage = QueryAppImageResponseData.fromPartial({
        deployTemplates: [{ containers: [{ startupProbe: { terminationGracePeriodSeconds } }] }],
      });
      expect(() => encoder.encode(appImage)).toThrow('invalid int64');
    }
  });

  it.each(['appimage.v1.ApplyResponse', 'appimage.v1.GetRevisionResponse'])(
    'says before it encodes anything that it does not know every kind of field of %s',
    (name) => {
      expect(() => new TwoFormEncoder(messageDescriptor(name))).toThrow('has a type that templates do not have so far');
    },
  );
});
