import { quoteValue } from '../errors.js';
import type { AppImageIndex } from './app-image-index.js';
import type { Findings } from './findings.js';

/** The image that everyone pulls when nothing else is said, and that means something else every week. */
const DEFAULT_TAG = 'latest';

export function lintImage(findings: Findings, { appImage: { image } }: AppImageIndex): void {
  if (image === undefined || image.id !== '' || (image.tag !== '' && image.tag !== DEFAULT_TAG)) {
    return;
  }
  // The tag may be in the name, which is then the thing to mend.
  if (findings.isErroneous('image.name')) {
    return;
  }
  findings.add('mutable-image-tag', 'image.tag', () => ({
    message:
      image.tag === ''
        ? `there is no tag, which means ${quoteValue(DEFAULT_TAG)}, and no id`
        : `${quoteValue(image.tag)} is another image at another time, and there is no id`,
    suggestion: 'give the tag of a release, or the id of the image in image.id',
  }));
}
