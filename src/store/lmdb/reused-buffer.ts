/** Records that are longer, which hardly any is, get memory of their own, so that one of them is not kept for good. */
const REUSED_BYTES = 64 * 1024;

/** Where the bytes of a record come from before they are filled in. */
export type Allocate = (size: number) => Buffer;

/** A buffer that is not used again. */
export const newBuffer: Allocate = (size) => Buffer.allocUnsafe(size);

/**
 * Memory for one record after another. LMDB copies what is put at once, so a new buffer for each would only be garbage: several
 * kilobytes for every change, outside of the heap, which makes the collector come the more often.
 */
export class ReusedBuffer {
  readonly #bytes = Buffer.allocUnsafeSlow(REUSED_BYTES);

  /** A buffer of that size with anything in it, good until the next call. */
  readonly take: Allocate = (size) => (size > REUSED_BYTES ? newBuffer(size) : this.#bytes.subarray(0, size));
}
