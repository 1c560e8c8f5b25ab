import { type ApplyResult, ApplyResult_Outcome, LintSeverity } from '../../gen/appimage/v1/registry.js';
import { encodedAppImageSize } from '../domain/app-image/encoded-size.js';
import type { AppImageDiff } from '../domain/diff/app-image-diff.js';
import type { FieldViolation } from '../domain/errors.js';
import { placeOf } from './check-sources.js';
import { CliError } from './cli-error.js';
import { readDiff } from './diff-text.js';
import type { Finding } from './finding.js';
import type { RegistryClient } from './registry-client.js';
import { remoteError } from './remote-error.js';
import type { Source } from './sources.js';

/** Most templates and bytes of one request; the server's own limits are 500 and, unless set otherwise, more bytes. */
const MAX_TEMPLATES = 500;
const MAX_BYTES = 2 * 1024 * 1024;

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly failOnWarnings: boolean;
  readonly message: string;
  readonly ifRevision: bigint | undefined;
}

/** What became of one template. */
export interface Applied {
  readonly source: Source;
  readonly name: string;
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'failed';
  readonly revision: number;
  readonly diff: AppImageDiff;
  readonly findings: readonly Finding[];
  readonly error: CliError | undefined;
}

/**
 * Applies templates in as few requests as the limits allow, and yields the outcomes of each request as they come.
 * @param maxTemplates of one request, if fewer than the server takes
 * @throws CliError where a request fails as a whole
 */
export async function* applyTemplates(
  client: RegistryClient,
  sources: readonly Source[],
  options: ApplyOptions,
  maxTemplates = MAX_TEMPLATES,
): AsyncGenerator<readonly Applied[]> {
  for (const chunk of chunksOf(sources, maxTemplates)) {
    yield await applyChunk(client, chunk, options);
  }
}

function chunksOf(sources: readonly Source[], maxTemplates: number): Source[][] {
  const chunks: Source[][] = [];
  let bytes = 0;
  for (const source of sources) {
    const size = encodedAppImageSize(source.appImage);
    const last = chunks.at(-1);
    if (last === undefined || last.length === maxTemplates || bytes + size > MAX_BYTES) {
      chunks.push([source]);
      bytes = size;
    } else {
      last.push(source);
      bytes += size;
    }
  }
  return chunks;
}

async function applyChunk(
  client: RegistryClient,
  sources: readonly Source[],
  { ifRevision, ...options }: ApplyOptions,
): Promise<readonly Applied[]> {
  const appImages = sources.map(({ appImage }) => ({ appImage, ifRevision }));
  // Without a condition, applying the same state once more does no harm.
  const { response } = await client.attempt(
    'apply',
    { header: undefined, appImages, ...options },
    { isIdempotent: ifRevision === undefined },
  );
  if (response.results.length === sources.length) {
    return sources.flatMap((source, index) => {
      const result = response.results[index];
      return result === undefined ? [] : [readResult(source, result)];
    });
  }
  const error = remoteError(response.status);
  throw error === undefined
    ? new CliError('FAILED', `the server answered for ${response.results.length} of ${sources.length} templates`)
    : new RefusedTemplates(
        error,
        error.violations
          .map((violation) => locateViolation(violation, sources))
          .filter((finding) => finding !== undefined),
      );
}

/** The server found faults in templates, so that nothing has been applied; with their places in the files. */
export class RefusedTemplates extends CliError {
  readonly findings: readonly Finding[];

  constructor(error: CliError, findings: readonly Finding[]) {
    super(error.exit, error.message, {
      violations: error.violations,
      serverCode: error.serverCode,
      hint: error.hint,
      areViolationsShown: findings.length === error.violations.length,
    });
    this.findings = findings;
  }
}

const VIOLATION_FIELD = /^app_images\[([0-9]+)\]\.app_image\.?(.*)$/s;

function locateViolation({ field, description }: FieldViolation, sources: readonly Source[]): Finding | undefined {
  const [, index, path = ''] = VIOLATION_FIELD.exec(field) ?? [];
  const source = index === undefined ? undefined : sources[Number(index)];
  if (source === undefined) {
    return undefined;
  }
  const { file, document, appImage } = source;
  const position = placeOf(document, appImage, path, description);
  return {
    file,
    position,
    severity: 'ERROR',
    rule: 'refused',
    template: appImage.name,
    field: path,
    message: description,
    suggestion: '',
  };
}

function readResult(source: Source, { name, status, outcome, revision, diff, findings }: ApplyResult): Applied {
  const error = remoteError(status);
  const { file, document, appImage } = source;
  return {
    source,
    name,
    outcome: error === undefined ? outcomeOf(outcome) : 'failed',
    revision: Number(revision),
    diff: diff === undefined ? { entries: [], class: undefined } : readDiff(diff),
    error,
    findings: findings.map(({ rule, severity, field, message, suggestion }) => ({
      file,
      position: placeOf(document, appImage, field, message),
      severity: severity === LintSeverity.ERROR ? 'ERROR' : severity === LintSeverity.WARNING ? 'WARNING' : 'INFO',
      rule,
      template: name,
      field,
      message,
      suggestion,
    })),
  };
}

function outcomeOf(outcome: ApplyResult_Outcome): Applied['outcome'] {
  switch (outcome) {
    case ApplyResult_Outcome.CREATED:
      return 'created';
    case ApplyResult_Outcome.UPDATED:
      return 'updated';
    case ApplyResult_Outcome.UNCHANGED:
      return 'unchanged';
    default:
      return 'failed';
  }
}
