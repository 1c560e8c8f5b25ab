/** What stands where a secret stood, in logs and in a printed configuration. */
export const MASK = '***';

/** Names of fields that hold a secret as a whole: `token`, `x-token`, `set-cookie`, but not `tokenName`. */
const SECRET_NAME = /(?:token|authorization|password|passwd|secret|cookie|api[-_]?key|private[-_]?key)$/i;

/** Fields below this depth are left alone: deep enough for headers inside a request inside a log line. */
const DEEPEST_FIELD = 4;

/** Bounds the cache below against names that callers choose. */
const MOST_CACHED_NAMES = 1000;
const cachedNames = new Map<string, boolean>();

/** Whether a field of this name holds a secret. */
export function isSecretName(name: string): boolean {
  let secret = cachedNames.get(name);
  if (secret === undefined) {
    secret = SECRET_NAME.test(name);
    if (cachedNames.size < MOST_CACHED_NAMES) {
      cachedNames.set(name, secret);
    }
  }
  return secret;
}

/**
 * The same fields with every value of a secret's name masked, in nested objects and arrays as well. The argument is not changed, and
 * is itself the result where there is nothing to mask.
 */
export function maskSecretFields(fields: object, depth = 0): Record<string, unknown> {
  const original = fields as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  // Every line of the log comes through here, and hardly any has something to mask: `Object.entries` would make an array for each field.
  for (const name in original) {
    if (Object.hasOwn(original, name)) {
      const value = original[name];
      const masked = maskField(name, value, depth);
      if (masked !== value) {
        copy ??= { ...original };
        copy[name] = masked;
      }
    }
  }
  return copy ?? original;
}

function maskField(name: string, value: unknown, depth: number): unknown {
  if (isSecretName(name)) {
    return value === undefined ? undefined : MASK;
  }
  return isPlain(value) && depth < DEEPEST_FIELD ? maskNested(value, depth) : value;
}

function maskNested(value: object, depth: number): object {
  if (!Array.isArray(value)) {
    return maskSecretFields(value, depth + 1);
  }
  const elements: readonly unknown[] = value;
  const masked = elements.map((element) =>
    isPlain(element) && depth < DEEPEST_FIELD ? maskNested(element, depth + 1) : element,
  );
  return masked.some((element, index) => element !== elements[index]) ? masked : value;
}

/** Errors, dates, buffers and the like have a form of their own in the log; copying them would lose it. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

/**
 * The lengths are bounded, so that a hostile text cannot make the search quadratic. A raw `@` or `/` in a password is masked too, though it must
 * not be there; that a port with an `@` in the path behind it is then taken for a password is the lesser harm.
 */
const URL_PASSWORD = /(:\/\/[^\s"/:@]{0,256}:)[^\s"]{1,1024}@/g;
const URL_SECRET_PARAMETER = /([?&][\w.-]{0,64}(?:password|secret|token|authMechanismProperties)=)[^&\s"]{1,4096}/gi;

/** A text with the passwords of all URLs in it masked, in the user part and in query parameters. */
export function maskUrlSecrets(text: string): string {
  if (!text.includes('://')) {
    return text;
  }
  return text.replace(URL_PASSWORD, `$1${MASK}@`).replace(URL_SECRET_PARAMETER, `$1${MASK}`);
}
