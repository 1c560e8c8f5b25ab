import type { AppImage } from '../domain/app-image/app-image.js';
import { normaliseAppImage } from '../domain/app-image/normalise-app-image.js';
import type { TemplateLimits } from '../domain/app-image/validate-app-image.js';
import type { AppImageDiff } from '../domain/diff/app-image-diff.js';
import { diffAppImages } from '../domain/diff/diff-app-images.js';
import { AppImageError, invalidRequest, quoteValue } from '../domain/errors.js';
import { lintAppImage } from '../domain/lint/lint-app-image.js';
import type { LintFinding } from '../domain/lint/lint-finding.js';
import { type RenderedFile, type RenderOptions, renderAppImage } from '../domain/render/render-app-image.js';
import type { RevisionRef, RevisionService } from './revision-service.js';

/** A template that is stored, or one that a caller brings along. */
export interface Subject {
  /** Name of a stored template; empty where `appImage` is given. */
  readonly name: string;
  readonly ref: RevisionRef;
  readonly appImage: AppImage | undefined;
}

/** The two sides of a comparison. */
export interface Comparison {
  readonly diff: AppImageDiff;
  readonly fromRevision: number;
  /** 0 where the side was given as a template. */
  readonly toRevision: number;
}

/** Looks at templates and stores nothing. Every method rejects with an {@link AppImageError}. */
export class InspectionService {
  readonly #revisions: RevisionService;
  readonly #limits: TemplateLimits;

  constructor(revisions: RevisionService, limits: TemplateLimits) {
    this.#revisions = revisions;
    this.#limits = limits;
  }

  /** Everything that is wrong or doubtful about a template. */
  async lint(subject: Subject): Promise<readonly LintFinding[]> {
    return lintAppImage(await this.#appImageOf(subject), this.#limits);
  }

  /**
   * The configuration files of a template as its containers see them.
   * @throws AppImageError REQUEST_INVALID with line and column where a file is no valid template
   */
  async render(subject: Subject, options: RenderOptions): Promise<readonly RenderedFile[]> {
    return renderAppImage(await this.#appImageOf(subject), options);
  }

  /** What differs between two revisions of a template, or between a revision and the template `given`. */
  async diff(name: string, from: RevisionRef, to: RevisionRef, given: AppImage | undefined): Promise<Comparison> {
    if (given !== undefined && (to.revision !== 0 || to.tag !== '')) {
      throw invalidRequest([
        { field: 'app_image', description: 'a revision and a template together; give one of them as the new side' },
      ]);
    }
    const before = await this.#revisions.resolve(name, from, 'from_');
    if (given !== undefined) {
      const after = normaliseAppImage({ ...given, name: given.name === '' ? name : given.name });
      return { diff: diffAppImages(before.content?.appImage, after), fromRevision: before.revision, toRevision: 0 };
    }
    const after = await this.#revisions.resolve(name, to, 'to_');
    return {
      diff: diffAppImages(before.content?.appImage, after.content?.appImage),
      fromRevision: before.revision,
      toRevision: after.revision,
    };
  }

  async #appImageOf({ name, ref, appImage }: Subject): Promise<AppImage> {
    if (appImage !== undefined) {
      if (name !== '' || ref.revision !== 0 || ref.tag !== '') {
        throw invalidRequest([{ field: 'app_image', description: 'a name and a template together; give one of them' }]);
      }
      return normaliseAppImage(appImage);
    }
    if (name === '') {
      throw invalidRequest([
        { field: 'name', description: 'neither a name nor an app_image is given; give one of them' },
      ]);
    }
    const { content, revision } = await this.#revisions.resolve(name, ref);
    if (content === undefined) {
      throw ref.revision === 0 && ref.tag === ''
        ? new AppImageError('APP_IMAGE_NOT_FOUND', `AppImage ${quoteValue(name)} does not exist`)
        : new AppImageError(
            'REVISION_NOT_FOUND',
            `revision ${revision} of AppImage ${quoteValue(name)} is a delete and has no content`,
          );
    }
    return content.appImage;
  }
}
