/** Words at which the name of a variable gives away that its value is a credential. */
const SECRET_WORDS: ReadonlySet<string> = wordSet(
  'PASSWORD PASSWD PASSPHRASE PWD SECRET TOKEN CREDENTIAL CREDENTIALS APIKEY',
);
/** With `KEY` behind them, these are such words too. */
const KEY_KINDS: ReadonlySet<string> = wordSet(
  'API ACCESS PRIVATE SECRET AUTH ENCRYPTION SIGNING MASTER ACCOUNT',
  'SSH RSA AES HMAC',
);
/** Last words of names whose values say something about a credential, and are none. */
const ABOUT_SECRETS: ReadonlySet<string> = wordSet(
  'FILE FILENAME PATH DIR FOLDER NAME URL URI ENDPOINT HOST PORT TYPE ID',
  'TTL EXPIRY EXPIRATION TIMEOUT SECONDS LENGTH SIZE LIMIT COUNT ENABLED REQUIRED',
  'POLICY MODE ALGORITHM HEADER REF ISSUER AUDIENCE PREFIX PROVIDER',
);

/** Values that stand for something else: references, placeholders to fill in, switches, files. */
const NO_LITERAL = /^(?:true|false|yes|no|on|off|none|null|nil|\*+|x+|<.*>|\/.*|\.\.?\/.*)$/is;
const REFERENCE = /\$\(|\$\{|\{\{/;

/** Only so much of a value is looked at; credentials are short. */
const LONGEST_VALUE = 4096;
const MAX_NAME_LENGTH = 256;

const PRIVATE_KEY = /-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY-----/;
/** Forms that issuers give their credentials so that they are recognised: of clouds, code hosts, chats, and JWT. */
const TOKEN_FORMS = [
  /^(?:AKIA|ASIA)[0-9A-Z]{16}$/,
  /^LTAI[0-9A-Za-z]{12,26}$/,
  /^AKID[0-9A-Za-z]{32}$/,
  /^gh[pousr]_[0-9A-Za-z]{36,}$/,
  /^github_pat_[0-9A-Za-z_]{22,}$/,
  /^glpat-[0-9A-Za-z_-]{20,}$/,
  /^xox[abeprs]-[0-9A-Za-z-]{10,}$/,
  /^sk-[0-9A-Za-z_-]{20,}$/,
  /^eyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]*$/,
];

/**
 * Whether an environment variable looks like a credential written down: by its value, or by a name that promises one and a value that
 * could be it. A guess, which errs on the side of silence.
 */
export function looksLikeSecret(name: string, value: string): boolean {
  const text = value.slice(0, LONGEST_VALUE).trim();
  if (PRIVATE_KEY.test(text) || hasPasswordInUrl(text) || (text.match(/[0-9A-Za-z_.-]{16,}/g) ?? []).some(isToken)) {
    return true;
  }
  return text !== '' && !NO_LITERAL.test(text) && !REFERENCE.test(text) && promisesSecret(name);
}

function isToken(word: string): boolean {
  return TOKEN_FORMS.some((form) => form.test(word));
}

/** `scheme://user:password@host`, with a password that is not a reference. */
function hasPasswordInUrl(text: string): boolean {
  return [...text.matchAll(/:\/\/[^\s:@/]*:([^\s@/]+)@/g)].some(
    ([, password = '']) => !REFERENCE.test(password) && !NO_LITERAL.test(password),
  );
}

function promisesSecret(name: string): boolean {
  const words = name
    .slice(0, MAX_NAME_LENGTH)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .split(/[^A-Z0-9]+/)
    .filter((word) => word !== '');
  if (ABOUT_SECRETS.has(words.at(-1) ?? '')) {
    return false;
  }
  return words.some((word, index) => {
    const isWholeWorkingFolder = word === 'PWD' && words.length === 1;
    return (
      (SECRET_WORDS.has(word) && !isWholeWorkingFolder) || (word === 'KEY' && KEY_KINDS.has(words[index - 1] ?? ''))
    );
  });
}

function wordSet(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')));
}
