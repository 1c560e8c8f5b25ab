import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import { anyAppImage } from '../../../test/support/app-image-arbitraries.js';
import { appImageCodec } from './app-image-codec.js';

describe('the codec of templates', () => {
  it('gives the bytes of the generated code, and reads them', () => {
    fc.assert(
      fc.property(anyAppImage, (appImage) => {
        const { protobuf } = appImageCodec.encode(appImage);
        expect(protobuf).toEqual(Buffer.from(QueryAppImageResponseData.encode(appImage).finish()));
        expect(Buffer.from(QueryAppImageResponseData.encode(appImageCodec.decode(protobuf)).finish())).toEqual(
          protobuf,
        );
      }),
    );
  });

  it('leaves nothing of one template in the next, be it large or refused halfway', () => {
    const small = QueryAppImageResponseData.fromPartial({ name: 'small', deployTemplates: [{ name: 'a' }] });
    const expected = appImageCodec.encode(small);
    const large = QueryAppImageResponseData.fromPartial({ name: 'x'.repeat(300_000), labels: new Map([['k', 'v']]) });
    const kept = appImageCodec.encode(large);
    expect(appImageCodec.encode(small)).toEqual(expected);
    const broken = QueryAppImageResponseData.fromPartial({ name: 'y', deployTemplates: [{ replicas: 0.5 }] });
    expect(() => appImageCodec.encode(broken)).toThrow('invalid int32');
    expect(appImageCodec.encode(small)).toEqual(expected);
    expect(appImageCodec.decode(kept.protobuf)).toEqual(large);
    expect(JSON.parse(Buffer.from(kept.json).toString())).toMatchObject({ name: large.name, labels: { k: 'v' } });
  });
});
