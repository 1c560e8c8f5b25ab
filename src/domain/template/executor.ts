import { builtin } from './builtins.js';
import type { ByteString } from './byte-string.js';
import { decodeUtf8 } from './byte-string.js';
import type { GoValue } from './go-value.js';
import { bool, isTrue, NIL, string, typeName } from './go-value.js';
import type {
  BranchNode,
  CommandNode,
  IdentifierNode,
  NumberNode,
  OperandNode,
  PathNode,
  PipeNode,
  StatementNode,
} from './nodes.js';
import { describeOperand } from './nodes.js';
import type { OutputBuffer } from './output-buffer.js';
import { sprint } from './printer.js';
import type { SourceText } from './source-text.js';
import type { StepCounter } from './step-counter.js';
import { CallError, TemplateExecutionError } from './template-errors.js';
import { VariableScope } from './variable-scope.js';

/** How a list of statements ended early. */
type Jump = 'break' | 'continue' | undefined;

/** What the executor works on: the values of the template's variables, and bounded places to put results. */
export interface ExecutionContext {
  readonly data: GoValue;
  readonly resolvePath: (node: PathNode) => ByteString;
  readonly output: OutputBuffer;
  readonly steps: StepCounter;
  readonly maxLength: number;
}

/** Go's text/template execution. Nothing is reachable from here but the context. */
export class Executor {
  readonly #source: SourceText;
  readonly #context: ExecutionContext;
  readonly #variables = new VariableScope<GoValue>();
  /** Where Go would say it is, for errors. */
  #at = 0;

  constructor(source: SourceText, context: ExecutionContext) {
    this.#source = source;
    this.#context = context;
    this.#variables.declare('$', context.data);
  }

  /** Runs the statements. Throws TemplateExecutionError. */
  run(statements: readonly StatementNode[]): void {
    try {
      this.#list(this.#context.data, statements);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      throw new TemplateExecutionError(error.message, this.#source.position(this.#at), error.reason);
    }
  }

  #fail(message: ByteString): never {
    throw new TemplateExecutionError(decodeUtf8(message), this.#source.position(this.#at));
  }

  #list(dot: GoValue, statements: readonly StatementNode[]): Jump {
    for (const statement of statements) {
      const jump = this.#statement(dot, statement);
      if (jump !== undefined) return jump;
    }
    return undefined;
  }

  #statement(dot: GoValue, node: StatementNode): Jump {
    this.#at = node.start;
    this.#context.steps.take();
    switch (node.kind) {
      case 'text':
        this.#context.output.write(node.text, node.start);
        return undefined;
      case 'action': {
        const value = this.#pipeline(dot, node.pipe);
        if (node.pipe.variables.length === 0) this.#print(value, node.start);
        return undefined;
      }
      case 'break':
      case 'continue':
        return node.kind;
      case 'range':
        return this.#variables.scoped(() => this.#range(dot, node));
      default:
        return this.#variables.scoped(() => this.#ifOrWith(dot, node));
    }
  }

  #print(value: GoValue, start: number): void {
    this.#at = start;
    const { output, steps } = this.#context;
    const text = value.type === 'nil' ? '<no value>' : sprint([value], this.#context.maxLength);
    steps.takeBytes(text.length);
    output.write(text, start);
  }

  #ifOrWith(dot: GoValue, first: BranchNode): Jump {
    for (let node = first; ; ) {
      const value = this.#pipeline(dot, node.pipe);
      if (isTrue(value)) return this.#list(node.kind === 'with' ? value : dot, node.body);
      if (node.otherwise === undefined) return undefined;
      if (!('kind' in node.otherwise)) return this.#list(dot, node.otherwise);
      node = node.otherwise;
      this.#context.steps.take();
    }
  }

  #range(dot: GoValue, node: BranchNode): Jump {
    const over = this.#pipeline(dot, node.pipe);
    let isEmpty = true;
    for (const [index, value] of this.#elements(over, node.pipe)) {
      isEmpty = false;
      this.#context.steps.take();
      this.#setRangeVariables(node.pipe, index, value);
      const jump = this.#variables.scoped(() => this.#list(value, node.body));
      if (jump === 'break') return undefined;
    }
    return isEmpty && node.otherwise !== undefined && !('kind' in node.otherwise)
      ? this.#list(dot, node.otherwise)
      : undefined;
  }

  *#elements(over: GoValue, pipe: PipeNode): Generator<readonly [index: GoValue, value: GoValue]> {
    switch (over.type) {
      case 'nil':
        return;
      case 'int':
      case 'uint8':
        if (pipe.variables.length > 1) this.#fail(`can't use ${over.value} to iterate over more than one variable`);
        for (let n = 0n; n < over.value; n++) yield [NIL, { type: over.type, value: n }];
        return;
      case 'map':
        for (const key of over.value.keys()) yield [string(key), string(over.value.get(key))];
        return;
      default:
        this.#fail(`range can't iterate over ${sprint([over], this.#context.maxLength)}`);
    }
  }

  #setRangeVariables(pipe: PipeNode, index: GoValue, value: GoValue): void {
    const { variables, isAssignment } = pipe;
    const values = variables.length > 1 ? [index, value] : [value];
    variables.forEach((name, i) => {
      const slot = isAssignment ? this.#variable(name) : this.#variables.recent(variables.length - i);
      if (slot !== undefined) slot.value = values[i] ?? NIL;
    });
  }

  #variable(name: ByteString): { value: GoValue } {
    return this.#variables.find(name) ?? this.#fail(`undefined variable: ${name}`);
  }

  #pipeline(dot: GoValue, pipe: PipeNode): GoValue {
    this.#at = pipe.start;
    let value: GoValue | undefined;
    for (const command of pipe.commands) value = this.#command(dot, command, value);
    const result = value ?? NIL;
    for (const name of pipe.variables) {
      if (pipe.isAssignment) this.#variable(name).value = result;
      else this.#variables.declare(name, result);
    }
    return result;
  }

  /** `final` is what the command before in the pipeline gave. */
  #command(dot: GoValue, command: CommandNode, final: GoValue | undefined): GoValue {
    this.#context.steps.take();
    const [first, ...args] = command.operands;
    const isCalled = args.length > 0 || final !== undefined;
    if (first.kind === 'identifier') return this.#call(dot, first, command.start, args, final);
    // Fields and variables say for themselves where they are; so does a pipeline, once it is evaluated.
    if (first.kind !== 'pipe') this.#at = first.start;
    if (first.kind === 'nil' && !isCalled) this.#fail('nil is not a command');
    const takesNoArguments = first.kind !== 'field' && first.kind !== 'chain' && first.kind !== 'variable';
    if (isCalled && (takesNoArguments || (first.kind === 'variable' && first.fields.length === 0))) {
      this.#fail(`can't give argument to non-function ${describeOperand(first)}`);
    }
    return this.#operand(dot, first, isCalled);
  }

  /** `isCalled` tells that arguments follow, which fields do not take. */
  #operand(dot: GoValue, node: OperandNode, isCalled = false): GoValue {
    switch (node.kind) {
      case 'dot':
        return dot;
      case 'nil':
        return NIL;
      case 'bool':
        return bool(node.value);
      case 'number':
        return this.#number(node);
      case 'string':
        return string(node.value);
      case 'field':
        return this.#fields(dot, node.names, isCalled);
      case 'variable':
        return this.#fields(this.#variable(node.name).value, node.fields, isCalled);
      case 'chain': {
        const value = this.#argument(dot, node.of);
        return this.#fields(value, node.fields, isCalled);
      }
      case 'pipe':
        return this.#pipeline(dot, node);
      case 'identifier':
        return this.#call(dot, node, node.start, [], undefined);
      default:
        return this.#placeholder(node);
    }
  }

  #argument(dot: GoValue, node: OperandNode): GoValue {
    this.#at = node.start;
    this.#context.steps.take();
    return this.#operand(dot, node);
  }

  #placeholder(node: PathNode): GoValue {
    const text = string(this.#context.resolvePath(node));
    this.#chargeFor([text]);
    return text;
  }

  #number({ literal, text }: NumberNode): GoValue {
    if (literal.type === 'overflow') this.#fail(`${text} overflows int`);
    return literal;
  }

  #fields(receiver: GoValue, names: readonly ByteString[], isCalled: boolean): GoValue {
    let value = receiver;
    names.forEach((name, i) => {
      if (value.type === 'nil') return;
      if (value.type !== 'map') this.#fail(`can't evaluate field ${name} in type ${typeName(value)}`);
      if (isCalled && i === names.length - 1) this.#fail(`${name} is not a method but has arguments`);
      value = string(value.value.get(name));
    });
    return value;
  }

  #call(
    dot: GoValue,
    { name, start }: IdentifierNode,
    callStart: number,
    args: readonly OperandNode[],
    final: GoValue | undefined,
  ): GoValue {
    this.#at = start;
    const { fixed, isVariadic, takesFormat = false, call } = builtin(name);
    const given = args.length + (final === undefined ? 0 : 1);
    if (isVariadic && given < fixed) {
      this.#fail(`wrong number of args for ${name}: want at least ${fixed} got ${args.length}`);
    }
    if (!isVariadic && given !== fixed) this.#fail(`wrong number of args for ${name}: want ${fixed} got ${given}`);
    const values: GoValue[] = [];
    for (const node of args) {
      values.push(takesFormat && values.length === 0 ? this.#formatArgument(dot, node) : this.#argument(dot, node));
      if ((name === 'and' || name === 'or') && isTrue(values.at(-1) ?? NIL) === (name === 'or')) {
        return values.at(-1) ?? NIL;
      }
    }
    if (final !== undefined) values.push(takesFormat && values.length === 0 ? this.#asFormat(final) : final);
    this.#chargeFor(values);
    try {
      const result = call(values, this.#context.maxLength);
      this.#chargeFor([result]);
      return result;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#at = callStart;
      throw error.reason === 'limit' ? error : new CallError(`error calling ${name}: ${error.message}`);
    }
  }

  #chargeFor(values: readonly GoValue[]): void {
    for (const value of values) if (value.type === 'string') this.#context.steps.takeBytes(value.value.length);
  }

  /** The first argument of printf, the one parameter that is not of any type. */
  #formatArgument(dot: GoValue, node: OperandNode): GoValue {
    this.#at = node.start;
    if (node.kind === 'nil') this.#fail('cannot assign nil to string');
    if (node.kind === 'bool' || node.kind === 'number') this.#fail(`expected string; found ${describeOperand(node)}`);
    return this.#asFormat(this.#argument(dot, node));
  }

  #asFormat(value: GoValue): GoValue {
    if (value.type === 'nil') this.#fail('invalid value; expected string');
    if (value.type !== 'string') this.#fail(`wrong type for value; expected string; got ${typeName(value)}`);
    return value;
  }
}
