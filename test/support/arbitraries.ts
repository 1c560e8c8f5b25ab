import * as fc from 'fast-check';
import type { AppImage } from '../../src/domain/app-image/app-image.js';
import { normaliseAppImage } from '../../src/domain/app-image/normalise-app-image.js';
import { anyAppImage } from './app-image-arbitraries.js';

/** Texts that storage engines, maps and encodings trip over. */
export const AWKWARD_TEXTS: readonly string[] = [
  '',
  ' ',
  '0',
  'null',
  'a.b.c',
  '.',
  '$',
  '$set',
  '__proto__',
  'constructor',
  'toString',
  '\0',
  'a\0b',
  '\n\t\r',
  '"\\/',
  '{{.TASK_ID}}',
  '\u00e9',
  'e\u0301',
  '\u6a21\u677f',
  '\u{1f600}',
  '\u2028\ufeff\uffff',
  '\u{10ffff}',
];

const LABEL_EDGE = Array.from('abcdefghijklmnopqrstuvwxyz0123456789');

/** Names of templates: RFC 1123 labels of 1 to 63 characters. */
export const appImageName: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('a', '0', 'a-b', 'a0', 'a-0', 'z'.repeat(63)),
  fc
    .tuple(
      fc.constantFrom(...LABEL_EDGE),
      fc.string({ unit: fc.constantFrom(...LABEL_EDGE, '-'), maxLength: 61 }),
      fc.constantFrom(...LABEL_EDGE),
    )
    .map((parts) => parts.join('')),
);

const awkwardEntries = fc.array(fc.tuple(fc.constantFrom(...AWKWARD_TEXTS), fc.constantFrom(...AWKWARD_TEXTS)), {
  maxLength: 4,
});

/**
 * Templates in the form in which they are stored. All that the wire format can carry occurs in them, far beyond what
 * validation lets pass: what lies below validation must not depend on it.
 */
export const storedAppImage: fc.Arbitrary<AppImage> = fc
  .tuple(anyAppImage, appImageName, awkwardEntries, awkwardEntries, awkwardEntries)
  .map(([appImage, name, entries, labels, annotations]) =>
    normaliseAppImage({
      ...appImage,
      name,
      configTemplates: new Map([...appImage.configTemplates, ...entries]),
      labels: new Map([...appImage.labels, ...labels]),
      annotations: new Map([...appImage.annotations, ...annotations]),
    }),
  );
