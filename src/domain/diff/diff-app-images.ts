import type { AppImage } from '../app-image/app-image.js';
import { type FieldPathSegment, parseFieldPath } from '../field-path.js';
import { APP_IMAGE, EMPTY_APP_IMAGE } from './app-image-comparison.js';
import { type AppImageDiff, type DiffEntry, gravestClass } from './app-image-diff.js';

/**
 * What differs between two templates, by meaning. A side that is `undefined` does not exist, so that all of the other was added or
 * removed. The same templates always give the same entries, in the same order and words.
 */
export function diffAppImages(before: AppImage | undefined, after: AppImage | undefined): AppImageDiff {
  const entries: DiffEntry[] = [];
  APP_IMAGE.compare('', before ?? EMPTY_APP_IMAGE, after ?? EMPTY_APP_IMAGE, entries);
  return { entries, class: gravestClass(entries) };
}

/** The place in a template that a difference is about. */
export interface DiffPlace {
  /** Path by indices, as in violations: `deploy_templates[0].containers[0].env[2].value`. */
  readonly field: readonly FieldPathSegment[];
  /** The line of a configuration file, from 1; `undefined` for the field as a whole. */
  readonly line: number | undefined;
}

/** Finds what the path of a difference names in a template; of what is not in it, the nearest place above that is. */
export function resolveDiffPath(appImage: AppImage, path: string): DiffPlace {
  const [, file = path, line] = /^(config_templates\[.*\]):([0-9]+)$/s.exec(path) ?? [];
  const field = APP_IMAGE.resolve(appImage, parseFieldPath(file));
  return { field, line: line === undefined ? undefined : Number(line) };
}
