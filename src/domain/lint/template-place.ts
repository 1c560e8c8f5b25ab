import type { SourcePosition } from '../template/template-errors.js';

/** The beginning of a message about a place in a configuration template. */
export function at({ line, column }: SourcePosition): string {
  return `line ${line}, column ${column}: `;
}
