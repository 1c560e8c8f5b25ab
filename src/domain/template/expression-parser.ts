import { isBuiltin } from './builtins.js';
import type { ByteString } from './byte-string.js';
import { parseNumberLiteral } from './go-number.js';
import { quoteString, unquoteCharacter, unquoteString } from './go-quote.js';
import type { Token, TokenType } from './lexer.js';
import type { CommandNode, OperandNode, PipeNode } from './nodes.js';
import { describeOperand } from './nodes.js';
import type { ParseState } from './parse-state.js';
import { PathSyntaxError, parsePlaceholderPath } from './placeholder-path.js';
import { PATH_FUNCTION } from './source-text.js';
import { CallError } from './template-errors.js';

const OPERAND_START: ReadonlySet<TokenType> = new Set([
  'bool',
  'charConstant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);
const LITERALS: ReadonlySet<OperandNode['kind']> = new Set(['bool', 'dot', 'nil', 'number', 'string']);

/** Parses what stands inside an action: pipelines of commands of operands. */
export class ExpressionParser {
  readonly #state: ParseState;

  constructor(state: ParseState) {
    this.#state = state;
  }

  /** A pipeline up to and with the token that ends it. `context` names it in errors. Throws TemplateSyntaxError. */
  pipeline(context: string, end: TokenType): PipeNode {
    const start = this.#state.peekNonSpace().start;
    const declaration = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#state.nextNonSpace();
      if (token.type === end) break;
      if (!OPERAND_START.has(token.type)) throw this.#state.unexpected(token, context);
      this.#state.backup(token);
      commands.push(this.#command());
    }
    if (commands.length === 0) throw this.#state.error(`missing value for ${context}`);
    const stage = commands.findIndex(({ operands }, index) => index > 0 && LITERALS.has(operands[0].kind));
    if (stage > 0) throw this.#state.error(`non executable command in pipeline stage ${stage + 1}`);
    return { kind: 'pipe', start, commands, ...declaration };
  }

  #declarations(context: string): Pick<PipeNode, 'variables' | 'isAssignment'> {
    const variables: ByteString[] = [];
    for (;;) {
      const variable = this.#state.peekNonSpace();
      if (variable.type !== 'variable') return { variables, isAssignment: false };
      this.#state.next();
      const after = this.#state.peek();
      const operator = this.#state.peekNonSpace();
      const isList = operator.type === 'char' && operator.text === ',';
      if (operator.type !== 'assign' && operator.type !== 'declare' && !isList) {
        // No declaration after all, but a command that starts with a variable.
        // Peeking past the space dropped it, and the command needs it to tell its operands apart.
        this.#state.backup(...(after.type === 'space' ? [variable, after] : [variable]));
        return { variables, isAssignment: false };
      }
      this.#state.nextNonSpace();
      variables.push(variable.text);
      this.#state.variables.declare(variable.text, true);
      if (!isList) return { variables, isAssignment: operator.type === 'assign' };
      if (context !== 'range' || variables.length > 1) throw this.#state.error(`too many declarations in ${context}`);
      if (!['variable', 'rightDelim', 'rightParen'].includes(this.#state.peekNonSpace().type)) {
        throw this.#state.error('range can only initialize variables');
      }
    }
  }

  #command(): CommandNode {
    const start = this.#state.peekNonSpace().start;
    const operands: OperandNode[] = [];
    for (;;) {
      this.#state.peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#state.next();
      if (token.type === 'space') continue;
      if (token.type === 'rightDelim' || token.type === 'rightParen') this.#state.backup(token);
      else if (token.type !== 'pipe') throw this.#state.unexpected(token, 'operand');
      break;
    }
    const [first, ...rest] = operands;
    if (first === undefined) throw this.#state.error('empty command');
    return { start, operands: [first, ...rest] };
  }

  #operand(): OperandNode | undefined {
    const term = this.#term();
    if (term === undefined || this.#state.peek().type !== 'field') return term;
    const fieldsStart = this.#state.peek().start;
    const fields: ByteString[] = [];
    while (this.#state.peek().type === 'field') fields.push(this.#state.next().text.slice(1));
    switch (term.kind) {
      case 'field':
        return { ...term, names: [...term.names, ...fields] };
      case 'variable':
        return { ...term, fields };
      case 'pipe':
      case 'identifier':
      case 'path':
        return { kind: 'chain', start: term.start, of: term, fields, fieldsStart };
      default:
        throw this.#state.error(`unexpected . after term ${quoteString(describeOperand(term))}`);
    }
  }

  #term(): OperandNode | undefined {
    const token = this.#state.nextNonSpace();
    const { start, text } = token;
    switch (token.type) {
      case 'identifier':
        return this.#identifier(token);
      case 'dot':
        return { kind: 'dot', start };
      case 'nil':
        return { kind: 'nil', start };
      case 'bool':
        return { kind: 'bool', start, value: text === 'true' };
      case 'field':
        return { kind: 'field', start, names: [text.slice(1)] };
      case 'variable':
        if (this.#state.variables.find(text) === undefined)
          throw this.#state.error(`undefined variable ${quoteString(text)}`);
        return { kind: 'variable', start, name: text, fields: [] };
      case 'string':
      case 'rawString': {
        const value = unquoteString(text);
        if (value === undefined) throw this.#state.error(`invalid syntax in string ${text}`);
        return { kind: 'string', start, value, text };
      }
      case 'charConstant':
      case 'number':
      case 'complex':
        return this.#number(token);
      case 'leftParen':
        return this.#state.nested(() => this.pipeline('parenthesized pipeline', 'rightParen'));
      default:
        this.#state.backup(token);
        return undefined;
    }
  }

  #number({ type, start, text }: Token): OperandNode {
    if (type === 'charConstant') {
      const character = unquoteCharacter(text, 1, "'");
      if (character === undefined) throw this.#state.error(`invalid syntax in character constant ${text}`);
      if (character.end !== text.length - 1) throw this.#state.error(`malformed character constant: ${text}`);
      return { kind: 'number', start, literal: { type: 'int', value: BigInt(character.rune) }, text };
    }
    const literal = parseNumberLiteral(text);
    if (typeof literal === 'string') throw this.#state.error(literal);
    return { kind: 'number', start, literal, text };
  }

  #identifier({ start, text }: Token): OperandNode {
    if (text === PATH_FUNCTION && this.#state.source.isPathFunctionAt(start)) return this.#placeholder(start);
    if (!isBuiltin(text)) throw this.#state.error(`function ${quoteString(text)} not defined`);
    return { kind: 'identifier', start, name: text };
  }

  #placeholder(start: number): OperandNode {
    const literal = this.#state.nextNonSpace();
    if (literal.type !== 'string') throw this.#state.unexpected(literal, 'placeholder');
    const text = unquoteString(literal.text);
    if (text === undefined) throw this.#state.error('invalid escape in placeholder');
    const dot = literal.start;
    try {
      return { kind: 'path', start: dot, path: parsePlaceholderPath(text, this.#state.maxDepth) };
    } catch (error) {
      if (error instanceof PathSyntaxError) throw this.#state.error(error.message, dot + error.offset);
      if (error instanceof CallError) throw this.#state.error(error.message, start);
      throw error;
    }
  }
}
