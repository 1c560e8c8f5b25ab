import { gunzip, type InputType, inflate, type ZlibOptions } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import type { CallStatus } from './call-status.js';

type Decompress = (
  bytes: InputType,
  options: ZlibOptions,
  done: (error: NodeJS.ErrnoException | null, result: Buffer) => void,
) => void;

const DECOMPRESS: Readonly<Record<string, Decompress>> = { gzip: gunzip, deflate: inflate };

/**
 * Decompresses a message that was compressed as its `grpc-encoding` says, and stops where it gets larger than `maxBytes`. Calls back once, with the message or
 * with how the call ends.
 */
export function decompressMessage(
  message: Buffer,
  encoding: string,
  maxBytes: number,
  done: (failure: CallStatus | undefined, decompressed: Buffer) => void,
): void {
  if (encoding === 'identity') {
    done(undefined, message);
    return;
  }
  const decompress = Object.hasOwn(DECOMPRESS, encoding) ? DECOMPRESS[encoding] : undefined;
  if (decompress === undefined) {
    const details = `Received message compressed with unsupported encoding "${encoding}"`;
    done({ code: status.UNIMPLEMENTED, details }, message);
    return;
  }
  decompress(message, { maxOutputLength: maxBytes }, (error, result) => {
    if (error === null) {
      done(undefined, result);
    } else if (error.code === 'ERR_BUFFER_TOO_LARGE') {
      const details = `Received message that decompresses to a size larger than ${maxBytes}`;
      done({ code: status.RESOURCE_EXHAUSTED, details }, message);
    } else {
      done({ code: status.INTERNAL, details: 'Failed to decompress message' }, message);
    }
  });
}
