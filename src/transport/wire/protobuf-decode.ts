import { isUtf8 } from 'node:buffer';
import type { DescMessage } from '@bufbuild/protobuf';
import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { AppImageError } from '../../domain/errors.js';
import { asBuffer } from './as-buffer.js';
import { checkStructure } from './protobuf-structure.js';
import { TextReader } from './text-reader.js';

/** What this module needs of a message's generated code. */
export interface ProtobufDecoder<T> {
  decode(input: BinaryReader): T;
}

/**
 * Reads a message from protobuf; `descriptor` is that of the codec's message.
 * @throws AppImageError REQUEST_MALFORMED where the bytes are not such a message; unknown fields are passed over, as proto3 has it
 */
export function decodeProtobuf<T>(codec: ProtobufDecoder<T>, descriptor: DescMessage, bytes: Uint8Array): T {
  try {
    const reader = new TextReader(bytes, decodeUtf8);
    checkStructure(descriptor, reader);
    reader.pos = 0;
    return codec.decode(reader);
  } catch (error) {
    const why =
      error instanceof InvalidUtf8Error ? error.message : 'it ends too early or holds bytes that are no fields';
    throw new AppImageError('REQUEST_MALFORMED', `the body is not a valid protobuf message: ${why}`);
  }
}

class InvalidUtf8Error extends Error {}

/**
 * The reader's own decoder replaces what is not UTF-8, so that a template would come back other than it went in. A replacement
 * character in the outcome is the cheap sign that the bytes need a closer look.
 */
function decodeUtf8(bytes: Uint8Array): string {
  const text = asBuffer(bytes).toString('utf8');
  if (text.includes('\uFFFD') && !isUtf8(bytes)) {
    throw new InvalidUtf8Error('a string field is not valid UTF-8');
  }
  return text;
}
