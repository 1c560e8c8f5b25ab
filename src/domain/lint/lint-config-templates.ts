import { compareCodePoints } from '../app-image/code-point-order.js';
import type { TemplateLimits } from '../app-image/validate-app-image.js';
import { configTemplateField } from '../render/config-template-field.js';
import { type ParsedTemplate, parseTemplate, templateVariables } from '../template/render-template.js';
import { TemplateSyntaxError } from '../template/template-errors.js';
import type { AppImageIndex } from './app-image-index.js';
import type { Findings } from './findings.js';
import { lintPlaceholders } from './lint-placeholders.js';
import { lintVariableKinds, lintVariableNames } from './lint-variables.js';
import { at } from './template-place.js';
import { TrialValues, tryOut } from './trial-rendering.js';

/** Templates that are tried out; a failure that shows only behind that is left to the agent. */
const MAX_TRIALS = 256;

/** Checks the text of each configuration template. */
export function lintConfigTemplates(findings: Findings, index: AppImageIndex, limits: TemplateLimits): void {
  const values = new TrialValues(index.appImage);
  let trials = 0;
  for (const [key, text] of [...index.appImage.configTemplates].sort(([a], [b]) => compareCodePoints(a, b))) {
    // Most files are not templates at all.
    if (!text.includes('{{')) {
      continue;
    }
    const field = configTemplateField(key);
    const template = parse(findings, field, text, limits);
    if (template !== undefined) {
      const readers = index.readersOf(key);
      const references = templateVariables(template);
      lintVariableNames(findings, index, field, references, readers, index.mountsOf.has(key));
      lintVariableKinds(findings, index, field, references);
      lintPlaceholders(findings, index, field, template, readers);
      trials += 1;
      if (trials <= MAX_TRIALS) {
        tryOut(findings, field, template, values.of(references, readers));
      }
    }
  }
}

function parse(
  findings: Findings,
  field: string,
  text: string,
  { maxTemplateBytes }: TemplateLimits,
): ParsedTemplate | undefined {
  try {
    return parseTemplate(text, { maxSourceBytes: maxTemplateBytes });
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) {
      throw error;
    }
    // A text of that size is a fault of its own.
    if (Buffer.byteLength(text) <= maxTemplateBytes) {
      findings.add('template-syntax', field, () => ({
        message: at(error) + error.message,
        suggestion: syntaxAdvice(text, error.line),
      }));
    }
    return undefined;
  }
}

/** What authors mistake most: the form with three braces, which is not Go's. */
function syntaxAdvice(text: string, line: number): string {
  const source = text.split('\n', line).at(-1) ?? '';
  if (/\{\{\{\s+\./.test(source)) {
    return 'write {{{.NAME.path}}} without white space between the braces and the dot';
  }
  if (/\{\{-?\s*\.[A-Za-z0-9_.]+\[/.test(source)) {
    return 'a path with [index] or [key=value] needs three braces: {{{.NAME.path}}}';
  }
  return 'see Go\'s text/template; braces that are meant as text are written {{"{{"}}';
}
