import type { AppImage, Container, DeployTemplate } from '../app-image/app-image.js';
import { compareCodePoints } from '../app-image/code-point-order.js';
import { type AppImageError, type FieldViolation, invalidRequest } from '../errors.js';
import { type ParsedTemplate, parseTemplate, renderTemplate } from '../template/render-template.js';
import { TemplateExecutionError, TemplateSyntaxError } from '../template/template-errors.js';
import { DEFAULT_TEMPLATE_LIMITS } from '../template/template-limits.js';
import { toUpperCase } from '../template/unicode-classes.js';
import { configTemplateField } from './config-template-field.js';
import { type MountedFile, mountedFiles } from './mounted-files.js';
import { sampleValues } from './sample-values.js';

/** Bounds on one request; a template for which they are too narrow can be rendered role by role. */
export const MAX_RENDERED_FILES = 1000;
export const MAX_RENDERED_BYTES = 16 * 1024 * 1024;
/** Steps (see TemplateLimits) of all files together, and what each of them gets at least. */
const MAX_STEPS = 10_000_000;
const MIN_STEPS_PER_FILE = MAX_STEPS / MAX_RENDERED_FILES;
/** Values that are made ready for all files together. */
const MAX_VALUES = 2_000_000;

/** How to render the configuration files of a template. */
export interface RenderOptions {
  /** Values by the name of the variable, in upper or lower case. They go before those of the container's `env`. */
  readonly values: ReadonlyMap<string, string>;
  /** Whether variables that agents set get a sample where they have no value. */
  readonly useSamples: boolean;
  /** Only what a controller would take for this role; empty for all. */
  readonly role: string;
}

/** One configuration file as a container sees it. */
export interface RenderedFile {
  readonly deployTemplate: string;
  readonly role: string;
  readonly container: string;
  /** Key in `config_templates`. */
  readonly configTemplate: string;
  readonly mountPath: string;
  readonly content: string;
  /** Variables that the file uses, sorted by code points like the lists below. */
  readonly variables: readonly string[];
  /** Those of them that had no value, neither given, nor in `env`, nor sampled. */
  readonly missingVariables: readonly string[];
  /** Those of them that were filled with samples. */
  readonly sampledVariables: readonly string[];
}

/**
 * Renders each mounted configuration file for each deploy template and container, in their order. The template need not be valid.
 * @throws AppImageError `REQUEST_INVALID` with a violation for each file that cannot be rendered, which tells line and column, or
 * where there is more to render than {@link MAX_RENDERED_FILES} and {@link MAX_RENDERED_BYTES}
 */
export function renderAppImage(appImage: AppImage, options: RenderOptions): RenderedFile[] {
  const files: MountedFile[] = [];
  for (const file of mountedFiles(appImage, options.role)) {
    if (files.length === MAX_RENDERED_FILES) {
      throw tooMuch(`more than ${MAX_RENDERED_FILES} files are mounted`);
    }
    files.push(file);
  }
  const templates = parseTemplates(appImage, files);
  return new Rendering(appImage, options, templates).render(files);
}

function parseTemplates(appImage: AppImage, files: readonly MountedFile[]): ReadonlyMap<string, ParsedTemplate> {
  const keys = new Set(files.map(({ configTemplate }) => configTemplate));
  const templates = new Map<string, ParsedTemplate>();
  const faults: FieldViolation[] = [];
  for (const key of [...keys].sort(compareCodePoints)) {
    try {
      templates.set(key, parseTemplate(appImage.configTemplates.get(key) ?? ''));
    } catch (error) {
      faults.push(faultOf(key, error));
    }
  }
  if (faults.length > 0) {
    throw invalidRequest(faults);
  }
  return templates;
}

/** Renders the files of one request, all within one bound. */
class Rendering {
  readonly #appImage: AppImage;
  readonly #useSamples: boolean;
  readonly #role: string;
  readonly #given: ReadonlyMap<string, string>;
  readonly #templates: ReadonlyMap<string, ParsedTemplate>;
  readonly #faults = new Map<string, FieldViolation>();
  #bytesLeft = MAX_RENDERED_BYTES;
  #valuesLeft = MAX_VALUES;
  #samples: { deployTemplate: DeployTemplate; values: ReadonlyMap<string, string> } | undefined;
  #own: { container: Container; values: ReadonlyMap<string, string> } | undefined;

  constructor(
    appImage: AppImage,
    { values, useSamples, role }: RenderOptions,
    templates: ReadonlyMap<string, ParsedTemplate>,
  ) {
    this.#appImage = appImage;
    this.#useSamples = useSamples;
    this.#role = role;
    this.#given = upperCased(values);
    this.#templates = templates;
  }

  render(files: readonly MountedFile[]): RenderedFile[] {
    const maxSteps = Math.min(
      DEFAULT_TEMPLATE_LIMITS.maxSteps,
      Math.max(MIN_STEPS_PER_FILE, Math.floor(MAX_STEPS / files.length)),
    );
    const rendered: RenderedFile[] = [];
    for (const file of files) {
      try {
        rendered.push(this.#file(file, maxSteps));
      } catch (error) {
        const fault = faultOf(file.configTemplate, error);
        // A file that is mounted in several containers mostly fails in all of them, for the same reason.
        this.#faults.set(`${fault.field} ${fault.description}`, fault);
      }
    }
    if (this.#faults.size > 0) {
      throw invalidRequest([...this.#faults.values()]);
    }
    return rendered;
  }

  #file({ deployTemplate, container, configTemplate, mountPath }: MountedFile, maxSteps: number): RenderedFile {
    const template = this.#templates.get(configTemplate);
    if (template === undefined) {
      throw new Error('a mounted template has not been parsed');
    }
    const samples = this.#samplesFor(deployTemplate);
    const own = this.#ownValues(container);
    const values = samples.size === 0 ? own : new Map([...samples, ...own]);
    this.#valuesLeft -= values.size;
    if (this.#valuesLeft < 0) {
      throw tooMuch('the files and the variables of their containers are too many');
    }
    const maxOutputBytes = DEFAULT_TEMPLATE_LIMITS.maxOutputBytes;
    const { output, usedVariables, missingVariables } = renderTemplate(template, values, { maxSteps, maxOutputBytes });
    this.#bytesLeft -= Buffer.byteLength(output);
    if (this.#bytesLeft < 0) {
      throw tooMuch(`the rendered files have more than ${MAX_RENDERED_BYTES} bytes together`);
    }
    return {
      deployTemplate: deployTemplate.name,
      role: deployTemplate.role,
      container: container.name,
      configTemplate,
      mountPath,
      content: output,
      variables: [...usedVariables].sort(compareCodePoints),
      missingVariables: [...missingVariables].sort(compareCodePoints),
      sampledVariables: usedVariables.filter((name) => samples.has(name) && !own.has(name)).sort(compareCodePoints),
    };
  }

  /** The last samples are kept, since the files come in the order of the deploy templates. */
  #samplesFor(deployTemplate: DeployTemplate): ReadonlyMap<string, string> {
    if (!this.#useSamples) {
      return new Map();
    }
    if (this.#samples?.deployTemplate !== deployTemplate) {
      this.#samples = { deployTemplate, values: sampleValues(this.#appImage, deployTemplate, this.#role) };
    }
    return this.#samples.values;
  }

  /** What the caller gave, over what the container's `env` has; kept like the samples. */
  #ownValues(container: Container): ReadonlyMap<string, string> {
    if (this.#own?.container !== container) {
      const values = new Map([...environmentValues(container), ...this.#given]);
      this.#own = { container, values };
    }
    return this.#own.values;
  }
}

/** The variables of a container's `env`, upper-cased as templates see them; of equal names the last counts. */
export function environmentValues(container: Container): ReadonlyMap<string, string> {
  return upperCased(container.env.map(({ name, value }) => [name, value]));
}

function upperCased(values: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  return new Map(Array.from(values, ([name, value]) => [toUpperCase(name), value]));
}

function faultOf(configTemplate: string, error: unknown): FieldViolation {
  if (!(error instanceof TemplateSyntaxError) && !(error instanceof TemplateExecutionError)) {
    throw error;
  }
  return {
    field: configTemplateField(configTemplate),
    description: `line ${error.line}, column ${error.column}: ${error.message}`,
  };
}

function tooMuch(what: string): AppImageError {
  return invalidRequest([{ field: '', description: `${what}, which is too much for one request; choose a role` }]);
}
