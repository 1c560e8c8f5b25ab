import type { DescMessage } from '@bufbuild/protobuf';
import * as registry from '../../../gen/appimage/v1/registry.js';
import * as common from '../../../gen/kuscia/proto/api/v1alpha1/common.js';
import * as appImage from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import * as health from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/health.js';

/** A message in the shape of the generated code, by the names that its properties have there. */
export type Message = Record<string, unknown>;

const GENERATED_FILES: readonly { readonly protobufFileName: string }[] = [registry, common, appImage, health];

/**
 * The generated function that makes the message without any field. There is one for each type: so V8 puts it down as a whole, and gives it the
 * shape of a message that was decoded from protobuf. A copy of a prototype takes twice the time, and `fromPartial` makes three maps for each one
 * that it hands out.
 * @throws Error where there is no generated code for the message
 */
export function emptyMessage({ file, name }: DescMessage): () => Message {
  const module = GENERATED_FILES.find(({ protobufFileName }) => protobufFileName === `${file.name}.proto`);
  const maker: unknown = module && Object.entries(module).find(([key]) => key === `createBase${name}`)?.[1];
  if (!isMaker(maker)) {
    throw new Error(`there is no generated code for the message ${name}`);
  }
  return maker;
}

function isMaker(code: unknown): code is () => Message {
  return typeof code === 'function';
}
