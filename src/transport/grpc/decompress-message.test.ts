import { deflateSync, gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { decompressMessage } from './decompress-message.js';

const MAX_BYTES = 1000;

async function decompressed(message: Buffer, encoding: string): Promise<unknown> {
  return await new Promise((resolve) => {
    decompressMessage(message, encoding, MAX_BYTES, (failure, bytes) => resolve(failure ?? bytes.toString('latin1')));
  });
}

describe('a compressed message', () => {
  const text = 'x'.repeat(MAX_BYTES);

  it('is read as its encoding says, up to the limit', async () => {
    expect(await decompressed(gzipSync(text), 'gzip')).toBe(text);
    expect(await decompressed(deflateSync(text), 'deflate')).toBe(text);
    expect(await decompressed(Buffer.from(text), 'identity')).toBe(text);
  });

  it.each(['gzip', 'deflate'])('of %s that gets larger than the limit is refused', async (encoding) => {
    const compress = encoding === 'gzip' ? gzipSync : deflateSync;
    const refusal = {
      code: status.RESOURCE_EXHAUSTED,
      details: 'Received message that decompresses to a size larger than 1000',
    };
    expect(await decompressed(compress(`${text}x`), encoding)).toEqual(refusal);
    expect(await decompressed(compress(Buffer.alloc(50_000_000)), encoding)).toEqual(refusal);
  });

  it.each(['br', 'GZIP', 'constructor', ''])('of the encoding %j is refused', async (encoding) => {
    expect(await decompressed(gzipSync(text), encoding)).toEqual({
      code: status.UNIMPLEMENTED,
      details: `Received message compressed with unsupported encoding "${encoding}"`,
    });
  });

  it('that is broken or cut off is refused', async () => {
    const refusal = { code: status.INTERNAL, details: 'Failed to decompress message' };
    expect(await decompressed(Buffer.from('nonsense'), 'gzip')).toEqual(refusal);
    expect(await decompressed(gzipSync(text).subarray(0, -4), 'gzip')).toEqual(refusal);
    expect(await decompressed(Buffer.of(), 'gzip')).toEqual(refusal);
    expect(await decompressed(gzipSync(text), 'deflate')).toEqual(refusal);
  });
});
