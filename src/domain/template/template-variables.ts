import type { ByteString } from './byte-string.js';
import { decodeUtf8 } from './byte-string.js';
import type { BranchNode, CommandNode, OperandNode, PipeNode, StatementNode } from './nodes.js';
import type { PlaceholderPath } from './placeholder-path.js';
import type { SourceText } from './source-text.js';
import { VariableScope } from './variable-scope.js';

/** A place where a template refers to a variable. Line and column are those of the dot before the name, or of the key. */
export interface VariableReference {
  readonly name: string;
  readonly line: number;
  readonly column: number;
  /** `text` for `{{.NAME}}`, `path` for `{{{.NAME.path}}}`. */
  readonly form: 'text' | 'path';
}

/**
 * Finds the variables that a template refers to, in the order of the source: `.NAME` where dot is or may be the data,
 * `$.NAME`, `$x.NAME` for a variable that may hold the data, `index . "NAME"`, and all names in placeholders.
 * The data being a map of strings, a field of anything else is an error when it is reached, and no variable.
 */
export class VariableFinder {
  readonly #source: SourceText;
  readonly #found: { name: string; start: number; form: VariableReference['form'] }[] = [];
  /** Whether the variables in scope may hold the data. */
  readonly #mayBeData = new VariableScope<boolean>();

  constructor(source: SourceText) {
    this.#source = source;
    this.#mayBeData.declare('$', true);
  }

  find(statements: readonly StatementNode[]): VariableReference[] {
    this.#statements(statements, true);
    this.#found.sort((a, b) => a.start - b.start);
    return this.#found.map(({ name, start, form }) => ({ name, ...this.#source.position(start), form }));
  }

  #statements(statements: readonly StatementNode[], dotIsData: boolean): void {
    for (const statement of statements) {
      if (statement.kind === 'action') this.#pipe(statement.pipe, dotIsData);
      else if (statement.kind === 'if' || statement.kind === 'with' || statement.kind === 'range') {
        this.#mayBeData.scoped(() => this.#branch(statement, dotIsData));
      }
    }
  }

  #branch(first: BranchNode, dotIsData: boolean): void {
    for (let node = first; ; ) {
      const mayBeData = this.#pipe(node.pipe, dotIsData);
      // Ranging over the data gives its keys and values, which are strings.
      if (node.kind === 'range') this.#declare(node.pipe, false);
      const bodyDotIsData = node.kind === 'if' ? dotIsData : node.kind === 'with' && mayBeData;
      this.#statements(node.body, bodyDotIsData);
      if (node.otherwise === undefined) return;
      if (!('kind' in node.otherwise)) {
        this.#statements(node.otherwise, dotIsData);
        return;
      }
      node = node.otherwise;
    }
  }

  /** Whether the value may be the data. */
  #pipe(pipe: PipeNode, dotIsData: boolean): boolean {
    let mayBeData = false;
    for (const command of pipe.commands) mayBeData = this.#command(command, dotIsData, mayBeData);
    this.#declare(pipe, mayBeData);
    return mayBeData;
  }

  #declare(pipe: PipeNode, mayBeData: boolean): void {
    for (const name of pipe.variables) {
      const variable = this.#mayBeData.find(name);
      // An assignment may be in a branch that is not taken, so it adds a possibility and removes none.
      if (pipe.isAssignment && variable !== undefined) variable.value ||= mayBeData;
      else this.#mayBeData.declare(name, mayBeData);
    }
  }

  #command({ operands }: CommandNode, dotIsData: boolean, finalMayBeData: boolean): boolean {
    const [first, ...args] = operands;
    const [isFirstData = false, ...areArgsData] = operands.map((operand) => this.#operand(operand, dotIsData));
    if (first.kind !== 'identifier') return isFirstData;
    const key = args[1];
    if (first.name === 'index' && areArgsData[0] === true && key?.kind === 'string') {
      this.#add(key.value, key.start, 'text');
    }
    // These hand on one of their arguments; index does so when it has no index.
    if (!['and', 'or', 'index'].includes(first.name)) return false;
    return areArgsData.includes(true) || finalMayBeData;
  }

  #operand(node: OperandNode, dotIsData: boolean): boolean {
    switch (node.kind) {
      case 'dot':
        return dotIsData;
      case 'field':
        if (dotIsData) this.#add(node.names[0] ?? '', node.start, 'text');
        return false;
      case 'variable': {
        const mayBeData = this.#mayBeData.find(node.name)?.value ?? false;
        const [field] = node.fields;
        if (field === undefined) return mayBeData;
        if (mayBeData) this.#add(field, node.start + node.name.length, 'text');
        return false;
      }
      case 'chain':
        if (this.#operand(node.of, dotIsData)) this.#add(node.fields[0] ?? '', node.fieldsStart, 'text');
        return false;
      case 'pipe':
        return this.#pipe(node, dotIsData);
      case 'path':
        this.#path(node.path, node.start);
        return false;
      default:
        return false;
    }
  }

  #path(path: PlaceholderPath, start: number): void {
    this.#found.push({ name: path.name, start: start + path.offset, form: 'path' });
    for (const step of path.steps) if (step.kind === 'indexFrom') this.#path(step.path, start);
  }

  #add(name: ByteString, start: number, form: VariableReference['form']): void {
    this.#found.push({ name: decodeUtf8(name), start, form });
  }
}
