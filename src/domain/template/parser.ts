import { ExpressionParser } from './expression-parser.js';
import type { BranchNode, PipeNode, StatementNode } from './nodes.js';
import { ParseState } from './parse-state.js';
import type { SourceText } from './source-text.js';

/** What ended a list of statements. */
type ListEnd = 'end' | 'else' | 'else if' | 'else with';

/** Go's text/template parser, without `define`, `template` and `block`. */
export class Parser {
  readonly #state: ParseState;
  readonly #expressions: ExpressionParser;
  #rangeDepth = 0;

  constructor(source: SourceText, maxDepth: number) {
    this.#state = new ParseState(source, maxDepth);
    this.#expressions = new ExpressionParser(this.#state);
  }

  /** The statements of the whole template. Throws TemplateSyntaxError. */
  parse(): readonly StatementNode[] {
    const statements: StatementNode[] = [];
    while (this.#state.peek().type !== 'eof') {
      const statement = this.#statement();
      if (typeof statement === 'string')
        throw this.#state.error(`unexpected {{${statement === 'end' ? 'end' : 'else'}}}`);
      statements.push(statement);
    }
    return statements;
  }

  #list(): { readonly statements: StatementNode[]; readonly end: ListEnd } {
    const statements: StatementNode[] = [];
    while (this.#state.peekNonSpace().type !== 'eof') {
      const statement = this.#statement();
      if (typeof statement === 'string') return { statements, end: statement };
      statements.push(statement);
    }
    throw this.#state.error('unexpected EOF');
  }

  #statement(): StatementNode | ListEnd {
    const token = this.#state.nextNonSpace();
    if (token.type === 'text') return { kind: 'text', start: token.start, text: token.text };
    if (token.type !== 'leftDelim') throw this.#state.unexpected(token, 'input');
    this.#state.actionStart = token.start;
    const statement = this.#action();
    this.#state.actionStart = undefined;
    return statement;
  }

  #action(): StatementNode | ListEnd {
    const token = this.#state.nextNonSpace();
    if (token.type !== 'keyword') {
      this.#state.backup(token);
      return { kind: 'action', start: token.start, pipe: this.#expressions.pipeline('command', 'rightDelim') };
    }
    switch (token.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(token.text, token.start);
      case 'end':
        this.#state.expectRightDelim('end');
        return 'end';
      case 'else':
        return this.#else();
      case 'break':
      case 'continue':
        this.#state.expectRightDelim(`{{${token.text}}}`);
        if (this.#rangeDepth === 0) throw this.#state.error(`{{${token.text}}} outside {{range}}`);
        return { kind: token.text, start: token.start };
      default:
        throw this.#state.error(`${token.text} is not supported here`, token.start);
    }
  }

  #else(): ListEnd {
    const token = this.#state.peekNonSpace();
    if (token.type === 'keyword' && (token.text === 'if' || token.text === 'with')) return `else ${token.text}`;
    this.#state.expectRightDelim('else');
    return 'else';
  }

  #branch(kind: BranchNode['kind'], start: number): BranchNode {
    return this.#state.nested(() => this.#state.variables.scoped(() => this.#branchChain(kind, start)));
  }

  /** A branch with all its `else if`. A loop, so that a long chain needs no stack. */
  #branchChain(kind: BranchNode['kind'], start: number): BranchNode {
    const chain: { start: number; pipe: PipeNode; body: StatementNode[] }[] = [];
    let otherwise: BranchNode['otherwise'];
    for (let at = start; ; ) {
      const pipe = this.#expressions.pipeline(kind, 'rightDelim');
      if (kind === 'range') this.#rangeDepth++;
      const { statements, end } = this.#list();
      if (kind === 'range') this.#rangeDepth--;
      chain.push({ start: at, pipe, body: statements });
      if (end === `else ${kind}`) {
        at = this.#state.next().start;
        continue;
      }
      if (end !== 'end') {
        const last = this.#list();
        if (last.end !== 'end') throw this.#state.error('expected end; found {{else}}');
        otherwise = last.statements;
      }
      break;
    }
    let branch: BranchNode | undefined;
    for (const { start: at, pipe, body } of chain.toReversed()) {
      branch = { kind, start: at, pipe, body, otherwise: branch ?? otherwise };
    }
    if (branch === undefined) throw this.#state.error('unexpected EOF');
    return branch;
  }
}
