import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type { AppImage, AppImageCodec } from '../../domain/app-image/app-image.js';
import { JsonEncoder } from './json-encode.js';
import { messageDescriptor } from './schema.js';

const json = new JsonEncoder<AppImage>(messageDescriptor('QueryAppImageResponseData'));

/** Templates as they go over the wire, so that a stored template is copied into an answer instead of being encoded again. */
export const appImageCodec: AppImageCodec = {
  encode: (appImage) => ({ protobuf: encodeProtobuf(appImage), json: json.encodeBytes(appImage) }),
  decode: (protobuf) => QueryAppImageResponseData.decode(protobuf),
};

/** The largest encoding whose writer is kept. */
const MOST_KEPT_BYTES = 64 * 1024;

/** Used again, since a new one starts small and moves all that it holds each time it grows. */
let writer = new BinaryWriter();

function encodeProtobuf(appImage: AppImage): Uint8Array {
  const current = writer;
  // One that stops halfway, or has grown large, is not used again.
  writer = new BinaryWriter();
  const protobuf = QueryAppImageResponseData.encode(appImage, current).finish();
  if (protobuf.length <= MOST_KEPT_BYTES) {
    writer = current;
  }
  return protobuf;
}
