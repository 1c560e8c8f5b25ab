import type { TextRule } from './text-rule.js';
import type { Violations } from './violations.js';

const LONGEST_NAME = 63;
const LONGEST_PREFIX = 253;
/** Bytes of all keys and values of the annotations together, as in Kubernetes. */
export const MAX_ANNOTATIONS_BYTES = 256 * 1024;

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

const KEY_FORM = `use [prefix/]name, the name 1 to ${LONGEST_NAME} of A-Z, a-z, 0-9, "-", "_" and ".", the first and last a letter or digit, the prefix a DNS name in lower case`;

const LABEL_KEY: TextRule = {
  allows: isQualifiedName,
  explain: () => `is not the key of a label; ${KEY_FORM}`,
};

/** Kubernetes takes capitals in the prefix of an annotation, though not in that of a label. */
const ANNOTATION_KEY: TextRule = {
  allows: (key) => isQualifiedName(key) || isQualifiedName(key.toLowerCase()),
  explain: () => `is not the key of an annotation; ${KEY_FORM}`,
};

const LABEL_VALUE: TextRule = {
  allows: (value) => value === '' || (value.length <= LONGEST_NAME && NAME.test(value)),
  explain: () =>
    `is not the value of a label; use up to ${LONGEST_NAME} of A-Z, a-z, 0-9, "-", "_" and ".", the first and last a letter or digit`,
};

/** Checks one label; the violations stand at its key. */
export function validateLabel(faults: Violations, key: string, value: string): void {
  faults.enter('labels', key);
  faults.check('', key, LABEL_KEY);
  faults.check('', value, LABEL_VALUE);
  faults.leave();
}

/** Checks the key of one annotation. Its value may be any text. */
export function validateAnnotation(faults: Violations, key: string): void {
  faults.enter('annotations', key);
  faults.check('', key, ANNOTATION_KEY);
  faults.leave();
}

/** Checks what the annotations take together. */
export function checkAnnotationsSize(faults: Violations, annotations: ReadonlyMap<string, string>): void {
  let bytes = 0;
  for (const [key, value] of annotations) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_ANNOTATIONS_BYTES) {
    faults.add(
      'annotations',
      `keys and values have ${bytes} bytes together; at most ${MAX_ANNOTATIONS_BYTES} are allowed`,
    );
  }
}

function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  const prefix = key.slice(0, Math.max(slash, 0));
  const name = key.slice(slash + 1);
  // The lengths are looked at first, so that the expressions below never see a long text.
  return (
    name.length <= LONGEST_NAME &&
    NAME.test(name) &&
    (slash < 0 || (prefix.length <= LONGEST_PREFIX && SUBDOMAIN.test(prefix)))
  );
}
