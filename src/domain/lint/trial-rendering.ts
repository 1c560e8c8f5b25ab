import type { AppImage } from '../app-image/app-image.js';
import { environmentValues } from '../render/render-app-image.js';
import { sampleValues } from '../render/sample-values.js';
import { type ParsedTemplate, renderTemplate } from '../template/render-template.js';
import { TemplateExecutionError } from '../template/template-errors.js';
import type { VariableReference } from '../template/template-variables.js';
import type { ContainerPlace } from './app-image-index.js';
import type { Findings } from './findings.js';
import { at } from './template-place.js';

type Values = ReadonlyMap<string, string>;

/** What one trial may cost. */
const TRIAL_LIMITS = { maxSteps: 20_000, maxOutputBytes: 1024 * 1024 };

/** Renders a template to see whether that fails. Where it takes too long, nothing is said. */
export function tryOut(findings: Findings, field: string, template: ParsedTemplate, values: Values): void {
  try {
    renderTemplate(template, values, TRIAL_LIMITS);
  } catch (error) {
    if (!(error instanceof TemplateExecutionError)) {
      throw error;
    }
    if (error.reason === 'evaluation') {
      findings.add('template-failure', field, () => ({
        message: at(error) + error.message,
        suggestion: error.message.startsWith("can't evaluate field")
          ? 'variables are texts; to look into the JSON of one, use three braces: {{{.NAME.path}}}'
          : 'an agent fails here as well, and does not start the container',
      }));
    }
  }
}

/** The values with which the files of one template are tried out. */
export class TrialValues {
  readonly #appImage: AppImage;
  readonly #samples = new Map<unknown, Values>();
  readonly #environments = new Map<unknown, Values>();

  constructor(appImage: AppImage) {
    this.#appImage = appImage;
  }

  /** Values of those variables that a file refers to, as the first container that mounts it has them. */
  of(references: readonly VariableReference[], readers: ReadonlySet<ContainerPlace>): Values {
    const [first] = readers;
    if (first === undefined) {
      return new Map();
    }
    const { container, deploy } = first;
    const samples = getOrMake(this.#samples, deploy, () => sampleValues(this.#appImage, deploy.deployTemplate, ''));
    const environment = getOrMake(this.#environments, first, () => environmentValues(container));
    const values = new Map<string, string>();
    for (const { name } of references) {
      const value = environment.get(name) ?? samples.get(name);
      if (value !== undefined) {
        values.set(name, value);
      }
    }
    return values;
  }
}

function getOrMake(made: Map<unknown, Values>, key: unknown, make: () => Values): Values {
  const known = made.get(key) ?? make();
  made.set(key, known);
  return known;
}
