import { parseTemplate, renderTemplate } from '../../../src/domain/template/render-template.js';
import { TemplateExecutionError, TemplateSyntaxError } from '../../../src/domain/template/template-errors.js';

/** What came of a template, in the terms of the Go reference in `generate`. */
export interface Outcome {
  readonly output?: string;
  readonly error?: 'syntax' | 'execution' | 'unsupported' | 'timeout';
  readonly line?: number;
  readonly message?: string;
}

export function renderOutcome(template: string, data: Readonly<Record<string, string>>): Outcome {
  try {
    return { output: renderTemplate(parseTemplate(template), new Map(Object.entries(data))).output };
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return { error: 'syntax', line: error.line, message: error.message };
    if (error instanceof TemplateExecutionError)
      return { error: 'execution', line: error.line, message: error.message };
    throw error;
  }
}
