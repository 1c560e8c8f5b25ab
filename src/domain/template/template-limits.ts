/** Bounds on one parse or one rendering. Whatever a template asks for, it is stopped with an error at these. */
export interface TemplateLimits {
  /** Longest template source, in UTF-8 bytes. */
  readonly maxSourceBytes: number;
  /** Longest output, and longest string that an expression may build on the way, in UTF-8 bytes. */
  readonly maxOutputBytes: number;
  /**
   * Most units of work: one for each node, command, argument and iteration, and one for every 64 bytes that a function
   * reads or builds, so that it bounds memory as well as time.
   */
  readonly maxSteps: number;
  /** Deepest nesting of control structures and parentheses, of indices in a placeholder path, and of JSON in a value. */
  readonly maxDepth: number;
}

export const DEFAULT_TEMPLATE_LIMITS: TemplateLimits = {
  maxSourceBytes: 1024 * 1024,
  maxOutputBytes: 4 * 1024 * 1024,
  maxSteps: 1_000_000,
  maxDepth: 200,
};
