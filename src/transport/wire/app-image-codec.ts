import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type { AppImage, AppImageCodec } from '../../domain/app-image/app-image.js';
import { JsonEncoder } from './json-encode.js';
import { messageDescriptor } from './schema.js';

const json = new JsonEncoder<AppImage>(messageDescriptor('QueryAppImageResponseData'));

/** Templates as they go over the wire, so that a stored template is copied into an answer instead of being encoded again. */
export const appImageCodec: AppImageCodec = {
  encode: (appImage) => ({
    protobuf: QueryAppImageResponseData.encode(appImage, new BinaryWriter()).finish(),
    json: Buffer.from(json.encode(appImage)),
  }),
  decode: (protobuf) => QueryAppImageResponseData.decode(protobuf),
};
