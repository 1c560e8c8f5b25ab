import type { ByteString } from './byte-string.js';
import { decodeRune, runeOf, sizeOf } from './byte-string.js';
import { isPrintable } from './unicode-classes.js';

const HTML_ESCAPES = new Map([
  ['\0', '\xef\xbf\xbd'],
  ['"', '&#34;'],
  ["'", '&#39;'],
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
]);

/** The `html` function of Go's text/template. */
export function escapeHtml(text: ByteString): ByteString {
  return text.replace(/[\0"'&<>]/g, (character) => HTML_ESCAPES.get(character) ?? character);
}

const upperHex = (number: number): string => number.toString(16).toUpperCase().padStart(4, '0');

/** The `js` function of Go's text/template. */
export function escapeJs(text: ByteString): ByteString {
  if (!/[^ !#-%(-;?-[\]-\x7f]/.test(text)) return text;
  let escaped = '';
  for (let i = 0; i < text.length; ) {
    const packed = decodeRune(text, i);
    const rune = runeOf(packed);
    const bytes = text.slice(i, i + sizeOf(packed));
    i += sizeOf(packed);
    if (/^[\\'"]/.test(bytes)) escaped += `\\${bytes}`;
    else if (/^[<>&=]/.test(bytes) || rune < 0x20) escaped += `\\u${upperHex(rune)}`;
    else if (rune < 0x80 || isPrintable(rune)) escaped += bytes;
    else escaped += `\\u${upperHex(rune)}`;
  }
  return escaped;
}

/** The `urlquery` function of Go's text/template: net/url's QueryEscape. */
export function escapeUrlQuery(text: ByteString): ByteString {
  return text.replace(/[^A-Za-z0-9\-_.~]/g, (byte) =>
    byte === ' ' ? '+' : `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
