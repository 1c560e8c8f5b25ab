import { encodeUtf8 } from './byte-string.js';
import { Executor } from './executor.js';
import type { StatementNode } from './nodes.js';
import { OutputBuffer } from './output-buffer.js';
import { Parser } from './parser.js';
import { placeholderText } from './placeholder-value.js';
import { SourceText } from './source-text.js';
import { StepCounter } from './step-counter.js';
import { TemplateData } from './template-data.js';
import { TemplateSyntaxError } from './template-errors.js';
import type { TemplateLimits } from './template-limits.js';
import { DEFAULT_TEMPLATE_LIMITS } from './template-limits.js';
import type { VariableReference } from './template-variables.js';
import { VariableFinder } from './template-variables.js';

/** A template ready to be rendered, any number of times. Made by {@link parseTemplate}; its parts are its own. */
export interface ParsedTemplate {
  readonly source: SourceText;
  readonly statements: readonly StatementNode[];
}

export interface RenderResult {
  readonly output: string;
  /** Names of the variables that the template refers to, once each: first as in the source, then computed ones. */
  readonly usedVariables: readonly string[];
  /** Those among them for which no value was given, not even an empty one. */
  readonly missingVariables: readonly string[];
}

/**
 * Parses a configuration template: Go's text/template without `define`, `template` and `block`, plus placeholders
 * `{{{.NAME.path}}}`. Throws TemplateSyntaxError with the line on which Go reports the error, also where a limit on the
 * source or its nesting is exceeded.
 */
export function parseTemplate(source: string, limits: Partial<TemplateLimits> = {}): ParsedTemplate {
  const { maxSourceBytes, maxDepth } = { ...DEFAULT_TEMPLATE_LIMITS, ...limits };
  // A character takes at least one byte, which saves encoding what is far too long.
  if (source.length > maxSourceBytes || Buffer.byteLength(source, 'utf8') > maxSourceBytes) {
    throw new TemplateSyntaxError(`template is longer than the limit of ${maxSourceBytes} bytes`, {
      line: 1,
      column: 1,
    });
  }
  const text = new SourceText(source);
  return { source: text, statements: new Parser(text, maxDepth).parse() };
}

/** Every place where the template refers to a variable, in the order of the source. */
export function templateVariables(template: ParsedTemplate): VariableReference[] {
  return new VariableFinder(template.source).find(template.statements);
}

/**
 * Renders a template as a Kuscia agent does. Names of values are upper-cased; `{{.NAME}}` sees a value quoted as a Go
 * string literal without the quotes around it, a placeholder sees it as given.
 * Throws TemplateExecutionError where Go's Execute fails (`evaluation`), and at a limit (`limit`).
 */
export function renderTemplate(
  template: ParsedTemplate,
  values: ReadonlyMap<string, string>,
  limits: Partial<TemplateLimits> = {},
): RenderResult {
  const { maxOutputBytes, maxSteps, maxDepth } = { ...DEFAULT_TEMPLATE_LIMITS, ...limits };
  const steps = new StepCounter(maxSteps);
  const data = new TemplateData(values, steps, maxDepth);
  const output = new OutputBuffer(maxOutputBytes);
  const executor = new Executor(template.source, {
    data: { type: 'map', value: data },
    resolvePath: ({ path }) => encodeUtf8(placeholderText(path, (name) => data.json(name))),
    output,
    steps,
    maxLength: maxOutputBytes,
  });
  executor.run(template.statements);
  const names = new Set([...templateVariables(template).map(({ name }) => name), ...data.used]);
  return {
    output: output.toText(template.source),
    usedVariables: [...names],
    missingVariables: [...names].filter((name) => !data.has(name)),
  };
}
