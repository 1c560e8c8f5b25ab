import { Document, LineCounter, parseAllDocuments, visit, type YAMLError } from 'yaml';
import type { AppImage } from '../domain/app-image/app-image.js';
import { didYouMean } from '../domain/did-you-mean.js';
import { resolveDiffPath } from '../domain/diff/diff-app-images.js';
import { quoteValue } from '../domain/errors.js';
import { type FieldPathSegment, parseFieldPath } from '../domain/field-path.js';
import { type DocumentStep, documentPath } from '../domain/manifest/document-path.js';
import type { DocumentForm } from '../domain/manifest/document-reading.js';
import { isJsonLikeArray, isJsonLikeObject, type JsonLike } from '../domain/manifest/json-like.js';
import type { ManifestProblem } from '../domain/manifest/manifest-problem.js';
import { apiJsonToAppImage, MANIFEST_KIND, manifestToAppImage } from '../domain/manifest/read-manifest.js';
import { appImageToManifest } from '../domain/manifest/write-manifest.js';
import { type PlacePart, type TextPosition, YamlPlaces } from './yaml-places.js';

/** A problem and where it stands in the file. */
export interface LocatedProblem extends ManifestProblem, TextPosition {}

/** One template of a file. */
export interface ManifestDocument {
  readonly fileName: string;
  /** Where it begins. */
  readonly position: TextPosition;
  readonly form: DocumentForm;
  /** The template as far as it could be read; `undefined` where the text is broken, or is something else than a template. */
  readonly appImage: AppImage | undefined;
  /** In the order of the file. */
  readonly problems: readonly LocatedProblem[];
  /**
   * The place of a field in the file, by its path in a violation, a finding or a difference. Of a field that the file does not
   * have it is the nearest one above.
   */
  readonly locate: (fieldPath: string) => TextPosition;
}

/** Aliases that a document may resolve, times what they bring in: a few lines must not become a gigabyte. */
const MAX_ALIASES = 100;

/** Faults that are told of a text that is broken: one often leads to many. */
const MAX_FAULTS = 20;

/**
 * Reads the templates of a file: YAML 1.2 or JSON, one or several documents, lists of objects (`kind: List` or a plain list), Kubernetes
 * manifests and the API's own JSON in any mixture. Never throws: what is wrong is in the problems. Documents without content are left out.
 */
export function readManifests(text: string, fileName: string): ManifestDocument[] {
  const lineCounter = new LineCounter();
  const places = new YamlPlaces(text, lineCounter);
  let documents: Document[];
  try {
    const options = {
      merge: true,
      stringKeys: true,
      intAsBigInt: true,
      prettyErrors: false,
      logLevel: 'error',
    } as const;
    const parsed = parseAllDocuments(text, { ...options, version: '1.2', schema: 'core', lineCounter });
    documents = 'empty' in parsed ? [] : parsed;
  } catch (error) {
    return [broken(fileName, places.at(0, 1), [atStart(places, explainFailure(error))])];
  }
  return documents.flatMap((document) => readDocument(document, places, fileName));
}

/**
 * Writes a template as a manifest the way people write them: literal blocks for texts of several lines, no folded lines, and quotes
 * wherever a YAML 1.1 reader such as kubectl would take a text for something else. {@link readManifests} reads it back unchanged.
 */
export function writeManifest(appImage: AppImage): string {
  const document = new Document(appImageToManifest(appImage), {
    version: '1.2',
    compat: 'yaml-1.1',
    aliasDuplicateObjects: false,
  });
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && ESCAPED.test(node.value)) {
        node.type = 'QUOTE_DOUBLE';
      }
    },
  });
  return document.toString({
    lineWidth: 0,
    blockQuote: 'literal',
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  });
}

/**
 * Texts that only escapes carry through YAML: with control characters, line ends other than `\n`, or the byte order mark; and those that
 * begin with a blank line, which the library writes as a block that other readers indent differently.
 */
const ESCAPED = /[^\P{Cc}\t\n]|[\u2028\u2029\ufeff\ufffe\uffff]|^[ \t]*\n/u;

function readDocument(document: Document, places: YamlPlaces, fileName: string): ManifestDocument[] {
  const faults = [...document.errors, ...document.warnings]
    .slice(0, MAX_FAULTS)
    .map((error) => locateFault(error, places));
  const start = document.contents?.range?.[0] ?? document.range?.[0] ?? 0;
  const position = places.at(start, start + 1);
  if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) {
    return [broken(fileName, position, faults)];
  }
  let value: JsonLike;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES }) as JsonLike;
  } catch (error) {
    return [broken(fileName, position, [...faults, { ...position, ...problem(explainFailure(error)) }])];
  }
  if (value === null && faults.length === 0) {
    return [];
  }
  return itemsOf(value).map(({ item, steps }, index) =>
    readTemplate(new SourceOfTemplate(document, places, steps), item, fileName, index === 0 ? faults : []),
  );
}

/** The objects of a document, which may be a list of them, and where each stands. */
function itemsOf(value: JsonLike): { item: JsonLike; steps: DocumentStep[] }[] {
  if (isJsonLikeArray(value)) {
    return value.map((item, index) => ({ item, steps: [index] }));
  }
  if (
    isJsonLikeObject(value) &&
    typeof value.kind === 'string' &&
    value.kind.endsWith('List') &&
    isJsonLikeArray(value.items)
  ) {
    return value.items.map((item, index) => ({ item, steps: [['items'], index] }));
  }
  return [{ item: value, steps: [] }];
}

/** Where in a file one template is. */
class SourceOfTemplate {
  readonly #document: Document;
  readonly #places: YamlPlaces;
  readonly #base: readonly DocumentStep[];

  constructor(document: Document, places: YamlPlaces, base: readonly DocumentStep[]) {
    this.#document = document;
    this.#places = places;
    this.#base = base;
  }

  find(steps: readonly DocumentStep[], part: PlacePart): TextPosition {
    return this.#places.find(this.#document, [...this.#base, ...steps], part);
  }

  findLine(steps: readonly DocumentStep[], line: number | undefined): TextPosition | undefined {
    return line === undefined ? undefined : this.#places.findLine(this.#document, [...this.#base, ...steps], line);
  }
}

function readTemplate(
  source: SourceOfTemplate,
  item: JsonLike,
  fileName: string,
  faults: readonly LocatedProblem[],
): ManifestDocument {
  const form = formOf(item);
  const { appImage, problems } = readForm(item, form);
  const located = problems.map((found) => {
    const steps = parseFieldPath(found.path).map(asStep);
    return { ...found, ...source.find(steps, found.kind === 'error' ? 'value' : 'key') };
  });
  return {
    fileName,
    form,
    position: source.find([], 'value'),
    appImage,
    problems: [...faults, ...located].sort((a, b) => a.line - b.line || a.column - b.column),
    locate: (fieldPath) => {
      const { field, line } = fieldOf(appImage, fieldPath);
      const steps = documentPath(field, form);
      return source.findLine(steps, line) ?? source.find(steps, 'value');
    },
  };
}

function formOf(item: JsonLike): DocumentForm {
  const keys = isJsonLikeObject(item) ? Object.keys(item) : [];
  return keys.some((key) => ['apiVersion', 'kind', 'metadata', 'spec'].includes(key)) ? 'manifest' : 'api';
}

function readForm(
  item: JsonLike,
  form: DocumentForm,
): { appImage: AppImage | undefined; problems: readonly ManifestProblem[] } {
  if (!isJsonLikeObject(item)) {
    return { appImage: undefined, problems: [problem('expected a manifest or a template, which is a mapping')] };
  }
  const { kind } = item;
  if (typeof kind === 'string' && didYouMean(kind, [MANIFEST_KIND]) === undefined) {
    const message = `${quoteValue(kind)} is another kind of object; only ${MANIFEST_KIND} is a template`;
    return { appImage: undefined, problems: [{ path: 'kind', kind: 'error', message }] };
  }
  return form === 'manifest' ? manifestToAppImage(item) : apiJsonToAppImage(item);
}

/** Takes the path of a field apart. Differences name the elements of lists, everything else counts them. */
function fieldOf(
  appImage: AppImage | undefined,
  path: string,
): { field: readonly FieldPathSegment[]; line: number | undefined } {
  const named = /^deploy_templates\["|^config_templates\[.*\]:[0-9]+$/s.test(path);
  return named && appImage !== undefined
    ? resolveDiffPath(appImage, path)
    : { field: parseFieldPath(path), line: undefined };
}

function asStep(segment: FieldPathSegment): DocumentStep {
  return typeof segment === 'number' ? segment : [segment];
}

function broken(fileName: string, position: TextPosition, problems: readonly LocatedProblem[]): ManifestDocument {
  return { fileName, form: 'manifest', position, appImage: undefined, problems, locate: () => position };
}

function locateFault(error: YAMLError, places: YamlPlaces): LocatedProblem {
  const [start, end] = error.pos;
  const message = error.code === 'DUPLICATE_KEY' ? 'this key stands here twice; the last one counts' : error.message;
  return { ...places.at(start, Math.max(end, start + 1)), ...problem(message) };
}

function problem(message: string): ManifestProblem {
  return { path: '', kind: 'error', message };
}

function atStart(places: YamlPlaces, message: string): LocatedProblem {
  return { ...places.at(0, 1), ...problem(message) };
}

function explainFailure(error: unknown): string {
  if (error instanceof ReferenceError) {
    return 'uses more aliases than a manifest can need; write the values out';
  }
  if (error instanceof RangeError) {
    return 'is nested too deeply';
  }
  return error instanceof Error ? error.message : String(error);
}
