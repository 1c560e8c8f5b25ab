import type { ByteString } from './byte-string.js';
import type { NumberLiteral } from './go-number.js';
import type { PlaceholderPath } from './placeholder-path.js';

/** Offsets (`start`) are those of Go's nodes as far as a line can tell, and point at the beginning of an operand. */
interface NodeBase {
  readonly start: number;
}

export interface DotNode extends NodeBase {
  readonly kind: 'dot';
}
export interface NilNode extends NodeBase {
  readonly kind: 'nil';
}
export interface BoolNode extends NodeBase {
  readonly kind: 'bool';
  readonly value: boolean;
}
export interface NumberNode extends NodeBase {
  readonly kind: 'number';
  readonly literal: NumberLiteral;
  readonly text: ByteString;
}
export interface StringNode extends NodeBase {
  readonly kind: 'string';
  readonly value: ByteString;
  readonly text: ByteString;
}
/** `.A.B`: fields of dot. */
export interface FieldNode extends NodeBase {
  readonly kind: 'field';
  readonly names: readonly ByteString[];
}
/** `$x.A.B`: a variable, and fields of its value. The bare `$` has the name `$`. */
export interface VariableNode extends NodeBase {
  readonly kind: 'variable';
  readonly name: ByteString;
  readonly fields: readonly ByteString[];
}
/** `(pipeline).A.B` or `function.A.B`. */
export interface ChainNode extends NodeBase {
  readonly kind: 'chain';
  readonly of: PipeNode | IdentifierNode | PathNode;
  readonly fields: readonly ByteString[];
  /** Offset of the dot before the first field. */
  readonly fieldsStart: number;
}
/** The name of a function. */
export interface IdentifierNode extends NodeBase {
  readonly kind: 'identifier';
  readonly name: ByteString;
}
/** A three-brace placeholder. */
export interface PathNode extends NodeBase {
  readonly kind: 'path';
  readonly path: PlaceholderPath;
}

export type OperandNode =
  | DotNode
  | NilNode
  | BoolNode
  | NumberNode
  | StringNode
  | FieldNode
  | VariableNode
  | ChainNode
  | IdentifierNode
  | PathNode
  | PipeNode;

/** A function or a value, with arguments. */
export interface CommandNode extends NodeBase {
  readonly operands: readonly [OperandNode, ...OperandNode[]];
}

/** `$i, $x := command | command`. */
export interface PipeNode extends NodeBase {
  readonly kind: 'pipe';
  /** Names of the variables declared, or assigned to. */
  readonly variables: readonly ByteString[];
  readonly isAssignment: boolean;
  readonly commands: readonly CommandNode[];
}

export interface TextNode extends NodeBase {
  readonly kind: 'text';
  readonly text: ByteString;
}
export interface ActionNode extends NodeBase {
  readonly kind: 'action';
  readonly pipe: PipeNode;
}
export interface BranchNode extends NodeBase {
  readonly kind: 'if' | 'with' | 'range';
  readonly pipe: PipeNode;
  readonly body: readonly StatementNode[];
  /** What `{{else}}` holds; for `{{else if}}` one branch, which is no nesting of its own. */
  readonly otherwise: readonly StatementNode[] | BranchNode | undefined;
}
export interface JumpNode extends NodeBase {
  readonly kind: 'break' | 'continue';
}

export type StatementNode = TextNode | ActionNode | BranchNode | JumpNode;

/** An operand as Go shows it in its messages. */
export function describeOperand(node: OperandNode): ByteString {
  switch (node.kind) {
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'number':
    case 'string':
      return node.text;
    case 'field':
      return `.${node.names.join('.')}`;
    case 'variable':
      return [node.name, ...node.fields].join('.');
    case 'identifier':
      return node.name;
    case 'path':
      return `{{{.${node.path.text}}}}`;
    case 'chain':
      return `${node.of.kind === 'pipe' ? `(${describeOperand(node.of)})` : describeOperand(node.of)}.${node.fields.join('.')}`;
    default:
      return describePipe(node);
  }
}

function describePipe(pipe: PipeNode): ByteString {
  const assigned = pipe.variables.length > 0 ? `${pipe.variables.join(', ')} ${pipe.isAssignment ? '=' : ':='} ` : '';
  const commands = pipe.commands.map(({ operands }) =>
    operands.map((node) => (node.kind === 'pipe' ? `(${describeOperand(node)})` : describeOperand(node))).join(' '),
  );
  return assigned + commands.join(' | ');
}
