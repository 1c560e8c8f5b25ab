/**
 * Go strings are bytes, and `len`, `index`, `slice`, `%x` and comparison show it. Inside this folder a Go string is
 * therefore a "byte string": a JavaScript string whose every code unit is one byte (0 to 255) of the UTF-8 text.
 */
export type ByteString = string;

export const REPLACEMENT_RUNE = 0xfffd;
export const MAX_RUNE = 0x10ffff;

/** The UTF-8 bytes of a text; a lone surrogate becomes U+FFFD, as it has no UTF-8 form. */
export function encodeUtf8(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The text of UTF-8 bytes. The caller makes sure that they are valid (see {@link firstInvalidByte}). */
export function decodeUtf8(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/**
 * The rune at an offset, by Go's rules: an invalid byte is the rune U+FFFD of size 1. Packed as `rune * 8 + size`,
 * because this runs for every byte of every value and an object each time would cost more than the work.
 */
export function decodeRune(bytes: ByteString, offset: number): number {
  const invalid = REPLACEMENT_RUNE * 8 + 1;
  const first = bytes.charCodeAt(offset);
  if (first < 0x80) return first * 8 + 1;
  if (first < 0xc2 || first > 0xf4) return invalid;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (offset + size > bytes.length) return invalid;
  const second = bytes.charCodeAt(offset + 1);
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return invalid;
  let rune = ((first & (0xff >> (size + 1))) << 6) | (second & 0x3f);
  for (let i = 2; i < size; i++) {
    const next = bytes.charCodeAt(offset + i);
    if (next < 0x80 || next > 0xbf) return invalid;
    rune = (rune << 6) | (next & 0x3f);
  }
  return rune * 8 + size;
}

export const runeOf = (packed: number): number => Math.floor(packed / 8);
export const sizeOf = (packed: number): number => packed & 7;

export function isValidRune(rune: number): boolean {
  return rune >= 0 && rune <= MAX_RUNE && (rune < 0xd800 || rune > 0xdfff);
}

/** The UTF-8 bytes of one rune; those of U+FFFD for what is no rune. */
export function encodeRune(rune: number): ByteString {
  return rune >= 0 && rune < 0x80
    ? String.fromCharCode(rune)
    : encodeUtf8(String.fromCodePoint(isValidRune(rune) ? rune : REPLACEMENT_RUNE));
}

/** The number of runes, each invalid byte counting as one. */
export function runeCount(bytes: ByteString): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i += sizeOf(decodeRune(bytes, i))) count++;
  return count;
}

/** The first `runes` runes. */
export function firstRunes(bytes: ByteString, runes: number): ByteString {
  let offset = 0;
  for (let n = 0; n < runes && offset < bytes.length; n++) offset += sizeOf(decodeRune(bytes, offset));
  return bytes.slice(0, offset);
}

/** The offset of the first byte that is not part of valid UTF-8, or -1. */
export function firstInvalidByte(bytes: ByteString): number {
  for (let i = 0; i < bytes.length; ) {
    const packed = decodeRune(bytes, i);
    if (sizeOf(packed) === 1 && runeOf(packed) === REPLACEMENT_RUNE) return i;
    i += sizeOf(packed);
  }
  return -1;
}
