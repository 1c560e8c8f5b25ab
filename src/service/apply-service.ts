import type { AppImage, StoredAppImage } from '../domain/app-image/app-image.js';
import type { AppImageStore, Decision } from '../domain/app-image/app-image-store.js';
import { normaliseAppImage } from '../domain/app-image/normalise-app-image.js';
import type { ChangeOrigin } from '../domain/app-image/revision.js';
import { sameContent } from '../domain/app-image/same-content.js';
import { type TemplateLimits, validateAppImage } from '../domain/app-image/validate-app-image.js';
import type { AppImageDiff } from '../domain/diff/app-image-diff.js';
import { diffAppImages } from '../domain/diff/diff-app-images.js';
import { AppImageError, type FieldViolation, invalidRequest } from '../domain/errors.js';
import { lintAppImage } from '../domain/lint/lint-app-image.js';
import type { LintFinding } from '../domain/lint/lint-finding.js';
import { expectRevision, guardStore, refuseFaults } from './store-call.js';

/** One wanted template. */
export interface Declaration {
  readonly appImage: AppImage;
  /** 0 for a template that must not exist; `undefined` for no condition. */
  readonly ifRevision: number | undefined;
}

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly failOnWarnings: boolean;
}

export type ApplyOutcome = 'CREATED' | 'UPDATED' | 'UNCHANGED';

/** What became of one template. */
export interface ApplyResult {
  readonly name: string;
  /** Why nothing was done; `undefined` where the template has been applied. */
  readonly error: AppImageError | undefined;
  readonly outcome: ApplyOutcome | undefined;
  /** The revision that stands afterwards, or would; 0 where the template has not been applied. */
  readonly revision: number;
  readonly diff: AppImageDiff;
  /** Warnings and notes of the linter. */
  readonly findings: readonly LintFinding[];
}

export const MAX_APPLIED = 500;
/** Templates that are written at a time: enough for a store to commit them together, few enough to leave room for others. */
const CONCURRENT_CHANGES = 64;

/** Declares the wanted state of templates. */
export class ApplyService {
  readonly #store: AppImageStore;
  readonly #limits: TemplateLimits;

  constructor(store: AppImageStore, limits: TemplateLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  /**
   * Creates or updates each template, or leaves it where it means the same already. All are validated before the first is written; afterwards
   * each has its own result, in the order given.
   * @throws AppImageError REQUEST_INVALID with every fault of every template; nothing has been written then
   */
  async apply(
    declarations: readonly Declaration[],
    options: ApplyOptions,
    origin: ChangeOrigin,
  ): Promise<readonly ApplyResult[]> {
    const wanted = declarations.map((declaration) => ({
      ...declaration,
      appImage: normaliseAppImage(declaration.appImage),
    }));
    const findings = this.#check(wanted, options);
    const results: ApplyResult[] = [];
    for (let start = 0; start < wanted.length; start += CONCURRENT_CHANGES) {
      const batch = wanted.slice(start, start + CONCURRENT_CHANGES);
      results.push(
        ...(await Promise.all(
          batch.map((one, index) => this.#applyOne(one, findings[start + index] ?? [], options, origin)),
        )),
      );
    }
    return results;
  }

  /** Refuses what is wrong, and returns what the linter has to say of each template. */
  #check(wanted: readonly Declaration[], { failOnWarnings }: ApplyOptions): readonly (readonly LintFinding[])[] {
    if (wanted.length === 0 || wanted.length > MAX_APPLIED) {
      throw invalidRequest([
        { field: 'app_images', description: `${wanted.length} templates; 1 to ${MAX_APPLIED} are allowed` },
      ]);
    }
    const violations: FieldViolation[] = [];
    const firstIndex = new Map<string, number>();
    const findings = wanted.map(({ appImage, ifRevision }, index) => {
      const at = `app_images[${index}]`;
      const within = `${at}.app_image`;
      for (const { field, description } of validateAppImage(appImage, this.#limits)) {
        violations.push({ field: field === '' ? within : `${within}.${field}`, description });
      }
      const earlier = firstIndex.get(appImage.name);
      if (earlier !== undefined) {
        violations.push({
          field: `${within}.name`,
          description: `the same name as app_images[${earlier}]; name each template once`,
        });
      }
      firstIndex.set(appImage.name, earlier ?? index);
      if (ifRevision !== undefined && ifRevision < 0) {
        violations.push({
          field: `${at}.if_revision`,
          description: `${ifRevision} is negative; use 0 for "must not exist"`,
        });
      }
      const found = lintAppImage(appImage, this.#limits).filter(({ severity }) => severity !== 'ERROR');
      if (failOnWarnings) {
        for (const { rule, field, message } of found.filter(({ severity }) => severity === 'WARNING')) {
          violations.push({ field: `${within}.${field}`, description: `${message} (${rule})` });
        }
      }
      return found;
    });
    refuseFaults(violations);
    return findings;
  }

  async #applyOne(
    declaration: Declaration,
    findings: readonly LintFinding[],
    { dryRun }: ApplyOptions,
    origin: ChangeOrigin,
  ): Promise<ApplyResult> {
    const { name } = declaration.appImage;
    let before: StoredAppImage | undefined;
    let decision: Decision = { kind: 'keep' };
    try {
      // A dry run takes the way of a real one, up to the last step: a read might be answered from a cache.
      const stored = await guardStore('UPDATE_FAILED', () =>
        this.#store.change(
          name,
          (current) => {
            before = current;
            decision = decide(current, declaration);
            return dryRun ? { kind: 'keep' } : decision;
          },
          origin,
        ),
      );
      const { outcome, diff } = compare(before, declaration.appImage, decision);
      const revision =
        dryRun || stored === undefined ? await this.#wouldBeRevision(name, before, outcome) : stored.revision;
      return { name, error: undefined, outcome, revision, diff, findings };
    } catch (error) {
      if (error instanceof AppImageError) {
        return { name, error, outcome: undefined, revision: 0, diff: NO_DIFFERENCE, findings };
      }
      throw error;
    }
  }

  /** A deleted template leaves its numbers behind, so even a new one may have a later number than 1. */
  async #wouldBeRevision(name: string, before: StoredAppImage | undefined, outcome: ApplyOutcome): Promise<number> {
    if (before !== undefined) {
      return outcome === 'UNCHANGED' ? before.revision : before.revision + 1;
    }
    const [newest] = await guardStore('HISTORY_FAILED', () =>
      this.#store.listRevisions(name, { before: undefined, limit: 1 }),
    );
    return (newest?.revision ?? 0) + 1;
  }
}

const NO_DIFFERENCE: AppImageDiff = { entries: [], class: undefined };

function decide(current: StoredAppImage | undefined, { appImage, ifRevision }: Declaration): Decision {
  expectRevision(current, appImage.name, ifRevision);
  return current !== undefined && sameContent(current.appImage, appImage)
    ? { kind: 'keep' }
    : { kind: 'put', appImage };
}

function compare(
  before: StoredAppImage | undefined,
  after: AppImage,
  decision: Decision,
): { readonly outcome: ApplyOutcome; readonly diff: AppImageDiff } {
  if (decision.kind === 'keep') {
    return { outcome: 'UNCHANGED', diff: NO_DIFFERENCE };
  }
  return { outcome: before === undefined ? 'CREATED' : 'UPDATED', diff: diffAppImages(before?.appImage, after) };
}
