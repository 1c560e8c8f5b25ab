import type { ByteString } from './byte-string.js';
import { decodeRune, encodeRune, runeOf, sizeOf } from './byte-string.js';
import { isAlphanumeric, isPrintable } from './unicode-classes.js';

export type TokenType =
  | 'error'
  | 'bool'
  | 'char'
  | 'charConstant'
  | 'complex'
  | 'assign'
  | 'declare'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'keyword'
  | 'dot'
  | 'nil'
  | 'leftDelim'
  | 'leftParen'
  | 'number'
  | 'pipe'
  | 'rawString'
  | 'rightDelim'
  | 'rightParen'
  | 'space'
  | 'string'
  | 'text'
  | 'variable';

export interface Token {
  readonly type: TokenType;
  /** Offset of its first byte. */
  readonly start: number;
  /** Its text, or the message of an error. */
  readonly text: ByteString;
}

const KEYWORDS = new Set(['block', 'break', 'continue', 'define', 'else', 'end', 'if', 'range', 'template', 'with']);
const EOF = -1;

const isSpace = (character: string | undefined): boolean => character !== undefined && /^[ \t\r\n]/.test(character);

/**
 * Go's text/template lexer: text, and what stands between `{{` and `}}`. Trimming is done here, so that the parser
 * never sees it. After an error it yields only errors.
 */
export class Lexer {
  readonly #input: ByteString;
  #position = 0;
  #start = 0;
  #parenDepth = 0;
  #isInsideAction = false;
  #failure: Token | undefined;

  constructor(input: ByteString) {
    this.#input = input;
  }

  next(): Token {
    return this.#failure ?? (this.#isInsideAction ? this.#insideAction() : this.#text());
  }

  #emit(type: TokenType): Token {
    const token = { type, start: this.#start, text: this.#input.slice(this.#start, this.#position) };
    this.#start = this.#position;
    return token;
  }

  #fail(message: string): Token {
    this.#failure = { type: 'error', start: this.#start, text: message };
    return this.#failure;
  }

  #peek(): number {
    return this.#position < this.#input.length ? runeOf(decodeRune(this.#input, this.#position)) : EOF;
  }

  #advance(): number {
    if (this.#position >= this.#input.length) return EOF;
    const packed = decodeRune(this.#input, this.#position);
    this.#position += sizeOf(packed);
    return runeOf(packed);
  }

  #isAt(text: string, offset = this.#position): boolean {
    return this.#input.startsWith(text, offset);
  }

  /** Whether ` -` stands at an offset: the first half of ` -}}`. */
  #hasRightTrimMarker(offset: number): boolean {
    return isSpace(this.#input[offset]) && this.#input[offset + 1] === '-';
  }

  #hasLeftTrimMarker(offset: number): boolean {
    return this.#input[offset] === '-' && isSpace(this.#input[offset + 1]);
  }

  #rightDelimAt(offset: number): 'plain' | 'trim' | undefined {
    if (this.#hasRightTrimMarker(offset) && this.#isAt('}}', offset + 2)) return 'trim';
    return this.#isAt('}}', offset) ? 'plain' : undefined;
  }

  #skipSpace(): void {
    while (isSpace(this.#input[this.#position])) this.#position++;
    this.#start = this.#position;
  }

  #text(): Token {
    for (;;) {
      const open = this.#input.indexOf('{{', this.#position);
      if (open < 0) {
        this.#position = this.#input.length;
        return this.#emit(this.#position > this.#start ? 'text' : 'eof');
      }
      let end = open;
      if (this.#hasLeftTrimMarker(open + 2)) {
        while (end > this.#start && isSpace(this.#input[end - 1])) end--;
      }
      this.#position = end;
      const text = this.#emit('text');
      this.#position = this.#start = open;
      if (text.text !== '') return text;
      const token = this.#leftDelim();
      if (token !== undefined) return token;
    }
  }

  /** The opening delimiter, or nothing after a comment. */
  #leftDelim(): Token | undefined {
    this.#position += 2;
    const afterMarker = this.#position + (this.#hasLeftTrimMarker(this.#position) ? 2 : 0);
    if (this.#isAt('/*', afterMarker)) {
      this.#position = this.#start = afterMarker;
      return this.#comment();
    }
    const token = this.#emit('leftDelim');
    this.#isInsideAction = true;
    this.#position = this.#start = afterMarker;
    this.#parenDepth = 0;
    return token;
  }

  #comment(): Token | undefined {
    const close = this.#input.indexOf('*/', this.#position + 2);
    if (close < 0) return this.#fail('unclosed comment');
    const delim = this.#rightDelimAt(close + 2);
    if (delim === undefined) return this.#fail('comment ends before closing delimiter');
    this.#position = this.#start = close + 2 + (delim === 'trim' ? 4 : 2);
    if (delim === 'trim') this.#skipSpace();
    return undefined;
  }

  #rightDelim(): Token {
    const trims = this.#rightDelimAt(this.#position) === 'trim';
    if (trims) this.#start = this.#position += 2;
    this.#position += 2;
    const token = this.#emit('rightDelim');
    if (trims) this.#skipSpace();
    this.#isInsideAction = false;
    return token;
  }

  #insideAction(): Token {
    if (this.#rightDelimAt(this.#position) !== undefined) {
      return this.#parenDepth === 0 ? this.#rightDelim() : this.#fail('unclosed left paren');
    }
    const rune = this.#peek();
    if (rune === EOF) return this.#fail('unclosed action');
    const character = rune < 0x80 ? String.fromCharCode(rune) : '';
    if (isSpace(character)) return this.#space();
    if (/^[+\-0-9]/.test(character) || (character === '.' && /[0-9]/.test(this.#input[this.#position + 1] ?? ''))) {
      return this.#number();
    }
    if (isAlphanumeric(rune)) return this.#identifier();
    this.#advance();
    switch (character) {
      case '=':
        return this.#emit('assign');
      case ':':
        return this.#advance() === 0x3d ? this.#emit('declare') : this.#fail('expected :=');
      case '|':
        return this.#emit('pipe');
      case '"':
        return this.#quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.#quoted("'", 'charConstant', 'unterminated character constant');
      case '`':
        return this.#rawQuoted();
      case '$':
        return this.#fieldOrVariable('variable', 'variable');
      case '.':
        // Go asks for a byte after the dot before it takes it for the cursor.
        return this.#position < this.#input.length ? this.#fieldOrVariable('field', 'dot') : this.#number();
      case '(':
        this.#parenDepth++;
        return this.#emit('leftParen');
      case ')':
        this.#parenDepth--;
        return this.#parenDepth < 0 ? this.#fail('unexpected right paren') : this.#emit('rightParen');
      default:
        if (rune < 0x80 && isPrintable(rune)) return this.#emit('char');
        return this.#fail(`unrecognized character in action: ${describeRune(rune)}`);
    }
  }

  #space(): Token {
    const start = this.#position;
    while (isSpace(this.#input[this.#position])) this.#position++;
    // The last space may belong to " -}}".
    if (this.#rightDelimAt(this.#position - 1) === 'trim') {
      this.#position--;
      if (this.#position === start) return this.#rightDelim();
    }
    return this.#emit('space');
  }

  #identifier(): Token {
    while (isAlphanumeric(this.#peek())) this.#advance();
    if (!this.#isAtTerminator()) return this.#badCharacter();
    const word = this.#input.slice(this.#start, this.#position);
    if (word === 'nil') return this.#emit('nil');
    if (KEYWORDS.has(word)) return this.#emit('keyword');
    return this.#emit(word === 'true' || word === 'false' ? 'bool' : 'identifier');
  }

  #fieldOrVariable(type: TokenType, bareType: TokenType): Token {
    if (this.#isAtTerminator()) return this.#emit(bareType);
    while (isAlphanumeric(this.#peek())) this.#advance();
    return this.#isAtTerminator() ? this.#emit(type) : this.#badCharacter();
  }

  #badCharacter(): Token {
    return this.#fail(`bad character ${describeRune(this.#peek())}`);
  }

  #isAtTerminator(): boolean {
    const character = this.#input[this.#position];
    return character === undefined || /^[ \t\r\n.,|:)(]/.test(character) || this.#isAt('}}');
  }

  #quoted(quote: string, type: TokenType, message: string): Token {
    for (;;) {
      const character = this.#input[this.#position++];
      if (character === quote) return this.#emit(type);
      const isEscape = character === '\\';
      const next = isEscape ? this.#input[this.#position++] : character;
      if (next === undefined || next === '\n') return this.#fail(message);
    }
  }

  #rawQuoted(): Token {
    const close = this.#input.indexOf('`', this.#position);
    if (close < 0) return this.#fail('unterminated raw quoted string');
    this.#position = close + 1;
    return this.#emit('rawString');
  }

  #number(): Token {
    this.#position = this.#start;
    const isScanned = this.#scanNumber();
    const sign = this.#input[this.#position];
    if (isScanned && sign !== '+' && sign !== '-') return this.#emit('number');
    if (isScanned && this.#scanNumber() && this.#input[this.#position - 1] === 'i') return this.#emit('complex');
    return this.#fail(`bad number syntax: "${this.#input.slice(this.#start, this.#position)}"`);
  }

  /** As loose as Go's: what it wrongly takes for a number is rejected when its value is read. */
  #scanNumber(): boolean {
    const number =
      /[+-]?(?:0[xX][0-9a-fA-F_]*\.?[0-9a-fA-F_]*(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*\.?[0-7_]*|0[bB][01_]*\.?[01_]*|[0-9_]*\.?[0-9_]*(?:[eE][+-]?[0-9_]*)?)i?/y;
    number.lastIndex = this.#position;
    this.#position += number.exec(this.#input)?.[0].length ?? 0;
    if (!isAlphanumeric(this.#peek())) return true;
    this.#advance();
    return false;
  }
}

/** A rune as Go's %#U shows it: U+0025 '%'. */
function describeRune(rune: number): ByteString {
  return `U+${rune.toString(16).toUpperCase().padStart(4, '0')}${isPrintable(rune) ? ` '${encodeRune(rune)}'` : ''}`;
}
