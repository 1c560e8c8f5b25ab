import type { ByteString } from './byte-string.js';
import { decodeUtf8 } from './byte-string.js';
import { quoteString } from './go-quote.js';
import type { Token } from './lexer.js';
import { Lexer } from './lexer.js';
import type { SourceText } from './source-text.js';
import { TemplateSyntaxError } from './template-errors.js';
import { VariableScope } from './variable-scope.js';

/** What the parsers of statements and of expressions share: the tokens, the variables in scope, the depth, and errors. */
export class ParseState {
  readonly source: SourceText;
  readonly maxDepth: number;
  readonly variables = new VariableScope<true>();
  /** Where the action begins that is being parsed. */
  actionStart: number | undefined;
  readonly #lexer: Lexer;
  /** Tokens put back, the next one last. */
  readonly #pending: Token[] = [];
  /** The token that the lexer gave last: where Go says an error is. */
  #latest: Token = { type: 'eof', start: 0, text: '' };
  #depth = 0;

  constructor(source: SourceText, maxDepth: number) {
    this.source = source;
    this.maxDepth = maxDepth;
    this.variables.declare('$', true);
    this.#lexer = new Lexer(source.bytes);
  }

  next(): Token {
    const pending = this.#pending.pop();
    if (pending !== undefined) return pending;
    this.#latest = this.#lexer.next();
    return this.#latest;
  }

  /** Puts tokens back, the first of them to come next. */
  backup(...tokens: Token[]): void {
    this.#pending.push(...tokens.toReversed());
  }

  peek(): Token {
    const token = this.next();
    this.backup(token);
    return token;
  }

  nextNonSpace(): Token {
    let token = this.next();
    while (token.type === 'space') token = this.next();
    return token;
  }

  /** Drops spaces on the way. */
  peekNonSpace(): Token {
    const token = this.nextNonSpace();
    this.backup(token);
    return token;
  }

  expectRightDelim(context: string): void {
    const token = this.nextNonSpace();
    if (token.type !== 'rightDelim') throw this.unexpected(token, context);
  }

  /** An error, unless told otherwise where Go would report it. */
  error(message: ByteString, at = this.#latest.start): TemplateSyntaxError {
    return new TemplateSyntaxError(decodeUtf8(message), this.source.position(at));
  }

  unexpected(token: Token, context: string): TemplateSyntaxError {
    if (token.type === 'error') {
      const started = this.actionStart === undefined ? undefined : this.source.position(this.actionStart).line;
      if (started === undefined || started === this.source.position(token.start).line) return this.error(token.text);
      return this.error(
        `${token.text}${token.text.endsWith(' action') ? '' : ' in action'} started at line ${started}`,
      );
    }
    const hint =
      token.type === 'char' && token.text === '{' ? '; a placeholder with three braces begins with {{{.' : '';
    return this.error(`unexpected ${describeToken(token)} in ${context}${hint}`);
  }

  /** Enters a nesting level for as long as `parse` runs. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= this.maxDepth) throw this.error(`nesting is deeper than the limit of ${this.maxDepth}`);
    this.#depth++;
    try {
      return parse();
    } finally {
      this.#depth--;
    }
  }
}

function describeToken(token: Token): ByteString {
  if (token.type === 'eof') return 'EOF';
  if (token.type === 'keyword') return `<${token.text}>`;
  return token.text.length > 10 ? `${quoteString(token.text.slice(0, 10))}...` : quoteString(token.text);
}
