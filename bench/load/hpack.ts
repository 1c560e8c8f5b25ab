/*
 * As much of HPACK (RFC 7541) as a client needs that asks the server for a dynamic table of size 0: every field of an answer is then a static
 * one or a literal, and no table has to be kept to read it.
 */

/** Fields that requests have, none of them in the static table with its value. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** `:method: POST` and `:scheme: https` of the static table. */
const POST_HTTPS = [0x83, 0x87];
const FIRST_DYNAMIC_INDEX = 62;

/** The header block of the first request on a connection: it puts the fields into the server's dynamic table. */
export function firstHeaderBlock(fields: Fields): Buffer {
  return Buffer.concat([
    Buffer.from(POST_HTTPS),
    ...fields.flatMap(([name, value]) => [Buffer.from([0x40]), plainString(name), plainString(value)]),
  ]);
}

/** The header block of every further request: the same fields, by their index. */
export function nextHeaderBlock(fields: Fields): Buffer {
  const newest = FIRST_DYNAMIC_INDEX;
  return Buffer.from([...POST_HTTPS, ...fields.map((_, index) => 0x80 | (newest + fields.length - 1 - index))]);
}

function plainString(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length >= 127) {
    return Buffer.concat([Buffer.from([127]), varint(bytes.length - 127), bytes]);
  }
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** `grpc-status` in the Huffman code of RFC 7541, appendix B. */
const GRPC_STATUS = huffman([
  [0x26, 6],
  [0x2c, 6],
  [0x2b, 6],
  [0x4, 5],
  [0x16, 6],
  [0x8, 5],
  [0x9, 5],
  [0x3, 5],
  [0x9, 5],
  [0x2d, 6],
  [0x8, 5],
]);
/** `0`, as it is or in the Huffman code. */
const ZERO = [0x30, 0x07];

function huffman(codes: readonly (readonly [code: number, bits: number])[]): Buffer {
  const bits = codes.map(([code, length]) => code.toString(2).padStart(length, '0')).join('');
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1').match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

/**
 * Whether a header block says `grpc-status: 0`.
 * @throws Error where the block refers to the dynamic table
 */
export function saysGrpcOk(block: Buffer): boolean {
  let offset = 0;
  const integer = (prefixBits: number): number => {
    const mask = (1 << prefixBits) - 1;
    let value = (block[offset] ?? 0) & mask;
    offset += 1;
    if (value === mask) {
      let shift = 0;
      let byte: number;
      do {
        byte = block[offset] ?? 0;
        offset += 1;
        value += (byte & 0x7f) << shift;
        shift += 7;
      } while (byte >= 0x80);
    }
    return value;
  };
  const skipString = (): Buffer => {
    const length = integer(7);
    offset += length;
    return block.subarray(offset - length, offset);
  };
  while (offset < block.length) {
    const first = block[offset] ?? 0;
    if (first >= 0x80) {
      if (integer(7) >= FIRST_DYNAMIC_INDEX) {
        throw new Error('the server uses a dynamic table of headers, which it was asked not to');
      }
    } else if (first >= 0x20 && first < 0x40) {
      integer(5);
    } else {
      const index = integer(first >= 0x40 ? 6 : 4);
      const name = index === 0 ? skipString() : undefined;
      const value = skipString();
      if (name?.equals(GRPC_STATUS) === true) {
        return value.length === 1 && ZERO.includes(value[0] ?? -1);
      }
    }
  }
  return false;
}
