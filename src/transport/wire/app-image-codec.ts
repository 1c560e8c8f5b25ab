import { QueryAppImageResponseData } from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type { AppImage, AppImageCodec } from '../../domain/app-image/app-image.js';
import { messageDescriptor } from './schema.js';
import { TextReader } from './text-reader.js';
import { TwoFormEncoder } from './two-form-encoder.js';

const encoder = new TwoFormEncoder<AppImage>(messageDescriptor('QueryAppImageResponseData'));

/** Templates as they go over the wire, so that a stored template is copied into an answer instead of being encoded again. */
export const appImageCodec: AppImageCodec = {
  encode: (appImage) => encoder.encode(appImage),
  lend: (appImage) => encoder.lend(appImage),
  decode: (protobuf) => QueryAppImageResponseData.decode(new TextReader(protobuf)),
};
