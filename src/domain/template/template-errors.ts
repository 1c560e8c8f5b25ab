/** A place in a template source: both numbers start at 1, and columns count characters (code points). */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** The source is not a template that Go would accept, or uses what is not supported here. */
export class TemplateSyntaxError extends Error implements SourcePosition {
  override readonly name = 'TemplateSyntaxError';
  readonly line: number;
  readonly column: number;

  constructor(message: string, at: SourcePosition) {
    super(message);
    this.line = at.line;
    this.column = at.column;
  }
}

/** Rendering stopped: Go would stop here too (`evaluation`), or a bound was reached (`limit`). */
export class TemplateExecutionError extends Error implements SourcePosition {
  override readonly name = 'TemplateExecutionError';
  readonly line: number;
  readonly column: number;
  readonly reason: 'evaluation' | 'limit';

  constructor(message: string, at: SourcePosition, reason: 'evaluation' | 'limit' = 'evaluation') {
    super(message);
    this.line = at.line;
    this.column = at.column;
    this.reason = reason;
  }
}

/** Raised by a function or a formatter that does not know its place; the executor adds line and column. */
export class CallError extends Error {
  readonly reason: 'evaluation' | 'limit';

  constructor(message: string, reason: 'evaluation' | 'limit' = 'evaluation') {
    super(message);
    this.reason = reason;
  }
}
