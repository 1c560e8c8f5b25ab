import type { DescMessage } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import * as registry from '../../../gen/appimage/v1/registry.js';
import * as common from '../../../gen/kuscia/proto/api/v1alpha1/common.js';
import * as appImage from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import * as health from '../../../gen/kuscia/proto/api/v1alpha1/kusciaapi/health.js';

/** A message in the shape of the generated code, by the names that its properties have there. */
export type Message = Record<string, unknown>;

/** What the generated code has for each message. */
interface GeneratedMessage {
  decode(input: BinaryReader): Message;
}

const GENERATED_FILES: readonly { readonly protobufFileName: string }[] = [registry, common, appImage, health];

/**
 * A function that makes the message without any field, which is what no bytes at all decode to. The generated code makes it, each type in a place
 * of its own: so V8 puts it down as a whole, and gives it the shape of a message that was decoded from protobuf. A copy of a prototype takes twice
 * the time, and `fromPartial` makes three maps for each one that it hands out.
 * @throws Error where there is no generated code for the message
 */
export function emptyMessage({ file, name }: DescMessage): () => Message {
  const module = GENERATED_FILES.find(({ protobufFileName }) => protobufFileName === `${file.name}.proto`);
  const generated = module === undefined ? undefined : Object.entries(module).find(([key]) => key === name)?.[1];
  if (!isGeneratedMessage(generated)) {
    throw new Error(`there is no generated code for the message ${name}`);
  }
  return () => generated.decode(NOTHING);
}

const NOTHING = new BinaryReader(new Uint8Array());

function isGeneratedMessage(code: unknown): code is GeneratedMessage {
  return typeof code === 'object' && code !== null && 'decode' in code;
}
