import type { BranchNode, OperandNode, PathNode, PipeNode, StatementNode } from '../template/nodes.js';
import type { PlaceholderPath } from '../template/placeholder-path.js';
import type { ParsedTemplate } from '../template/render-template.js';
import type { SourcePosition } from '../template/template-errors.js';

/** A three-brace placeholder, or a path in an index of one. */
export interface FoundPath {
  readonly path: PlaceholderPath;
  readonly position: SourcePosition;
}

/** The paths of all placeholders of a template, in the order of the source. */
export function placeholderPaths({ source, statements }: ParsedTemplate): FoundPath[] {
  const found: FoundPath[] = [];
  for (const { path, start } of pathNodes(statements)) {
    for (const inner of withIndices(path)) {
      found.push({ path: inner, position: source.position(start + inner.offset) });
    }
  }
  return found;
}

function* withIndices(path: PlaceholderPath): Generator<PlaceholderPath> {
  yield path;
  for (const step of path.steps) {
    if (step.kind === 'indexFrom') {
      yield* withIndices(step.path);
    }
  }
}

function* pathNodes(statements: readonly StatementNode[]): Generator<PathNode> {
  for (const statement of statements) {
    if (statement.kind === 'action') {
      yield* inPipe(statement.pipe);
    } else if (statement.kind === 'if' || statement.kind === 'with' || statement.kind === 'range') {
      yield* inBranches(statement);
    }
  }
}

/** A loop, since a chain of `else if` may be as long as the template. */
function* inBranches(first: BranchNode): Generator<PathNode> {
  let node: BranchNode | undefined = first;
  while (node !== undefined) {
    yield* inPipe(node.pipe);
    yield* pathNodes(node.body);
    const otherwise: BranchNode['otherwise'] = node.otherwise;
    if (otherwise !== undefined && !('kind' in otherwise)) {
      yield* pathNodes(otherwise);
    }
    node = otherwise !== undefined && 'kind' in otherwise ? otherwise : undefined;
  }
}

function* inPipe(pipe: PipeNode): Generator<PathNode> {
  for (const { operands } of pipe.commands) {
    for (const operand of operands) {
      yield* inOperand(operand);
    }
  }
}

function* inOperand(operand: OperandNode): Generator<PathNode> {
  if (operand.kind === 'path') {
    yield operand;
  } else if (operand.kind === 'pipe') {
    yield* inPipe(operand);
  } else if (operand.kind === 'chain') {
    yield* inOperand(operand.of);
  }
}
