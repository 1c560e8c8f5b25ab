import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { anyAppImage } from '../../../test/support/app-image-arbitraries.js';
import { encodedAppImageSize, largestEncodedAppImageSize } from './encoded-size.js';

function realSize(appImage: QueryAppImageResponseData): number {
  return QueryAppImageResponseData.encode(appImage).finish().length;
}

describe('encodedAppImageSize', () => {
  it('is what the codec makes of any template', () => {
    fc.assert(
      fc.property(anyAppImage, (appImage) => {
        expect(encodedAppImageSize(appImage)).toBe(realSize(appImage));
      }),
      { numRuns: 300 },
    );
  });

  it.each([127, 128, 16_383, 16_384, 2_097_151, 2_097_152])('is exact around a length of %i', (length) => {
    for (const value of ['x'.repeat(length), '界'.repeat(Math.ceil(length / 3))]) {
      const appImage = QueryAppImageResponseData.fromPartial({ configTemplates: new Map([['a', value]]) });
      expect(encodedAppImageSize(appImage)).toBe(realSize(appImage));
    }
  });

  it.each([0n, 1n, 127n, 128n, 2n ** 35n, 2n ** 63n - 1n, -1n, -(2n ** 63n)])(
    'is exact for the 64-bit number %s',
    (seconds) => {
      const appImage = QueryAppImageResponseData.fromPartial({
        deployTemplates: [{ containers: [{ startupProbe: { terminationGracePeriodSeconds: seconds } }] }],
      });
      expect(encodedAppImageSize(appImage)).toBe(realSize(appImage));
    },
  );
});

describe('largestEncodedAppImageSize', () => {
  it('is no less than the size, and not far above it, for any template', () => {
    fc.assert(
      fc.property(anyAppImage, (appImage) => {
        const size = encodedAppImageSize(appImage);
        expect(largestEncodedAppImageSize(appImage)).toBeGreaterThanOrEqual(size);
        expect(largestEncodedAppImageSize(appImage)).toBeLessThanOrEqual(3 * size);
      }),
      { numRuns: 300 },
    );
  });

  it.each([42, 43, 127, 128, 5461, 5462, 16_384, 699_051])(
    'is no less than the size of texts of %i characters of three bytes each, or of one',
    (length) => {
      for (const text of ['界'.repeat(length), '\ud800'.repeat(length), 'x'.repeat(length)]) {
        const appImage = QueryAppImageResponseData.fromPartial({
          name: text,
          labels: new Map([[text, text]]),
          deployTemplates: [{ affinity: text, containers: [{ args: [text] }] }],
        });
        expect(largestEncodedAppImageSize(appImage)).toBeGreaterThanOrEqual(realSize(appImage));
      }
    },
  );
});
