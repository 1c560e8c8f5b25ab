import type { AppImage } from '../domain/app-image/app-image.js';
import { JsonEncoder } from '../transport/wire/json-encode.js';
import { messageDescriptor } from '../transport/wire/schema.js';

let encoder: JsonEncoder<AppImage> | undefined;

/** A template in the JSON of the API, as a value. `apply` reads it back without loss. */
export function apiJson(appImage: AppImage): object {
  encoder ??= new JsonEncoder<AppImage>(messageDescriptor('QueryAppImageResponseData'));
  return JSON.parse(encoder.encode(appImage)) as object;
}
