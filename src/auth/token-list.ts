import type { ErrorObject } from 'ajv';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { quoteValue } from '../domain/errors.js';
import { compileSchema } from '../json-schema/compile-schema.js';
import { ROLES, type Role } from './principal.js';
import { type AcceptedToken, ANONYMOUS_NAME } from './token-files.js';

interface TokenEntry {
  readonly name: string;
  readonly sha256: string;
  readonly role: Role;
  readonly expires?: string;
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

const validateEntries = compileSchema<TokenEntry[]>({
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'sha256', 'role'],
    properties: {
      name: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._@/:+-]{0,63}$', not: { const: ANONYMOUS_NAME } },
      sha256: { type: 'string', pattern: '^[0-9A-Fa-f]{64}$' },
      role: { type: 'string', enum: [...ROLES] },
      expires: { type: 'string', pattern: RFC_3339.source },
    },
  },
});

/** What each field may be, in the words of an error. */
const FIELD_RULES: Readonly<Record<string, string>> = {
  name: `must be 1 to 64 letters, digits and any of . _ @ / : + -, begin with a letter or digit, and not be ${ANONYMOUS_NAME}`,
  sha256: 'must be the SHA-256 of the token, 64 hexadecimal digits (printf %s "$TOKEN" | sha256sum)',
  role: `must be one of ${ROLES.join(', ')}`,
  expires: 'must be a time as RFC 3339 has it, such as 2027-01-31T00:00:00Z',
};

/**
 * Reads the content of a list of tokens.
 * @throws Error naming file, entry and fault; never with a token in it
 */
export function parseTokenList(content: Buffer, path: string): AcceptedToken[] {
  const list = parseText(content, path);
  if (!validateEntries(list)) {
    throw new Error(`${path}: ${(validateEntries.errors ?? []).map((error) => describeError(error, list)).join('; ')}`);
  }
  return list.map((entry) => {
    const expiresAtMs =
      entry.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(entry.expires.toUpperCase());
    if (Number.isNaN(expiresAtMs)) {
      throw new Error(
        `${path}: entry ${quoteValue(entry.name)}: expires ${FIELD_RULES['expires']}; there is no ${quoteValue(entry.expires ?? '')}`,
      );
    }
    return { principal: { tokenName: entry.name, role: entry.role }, sha256: entry.sha256.toLowerCase(), expiresAtMs };
  });
}

function parseText(content: Buffer, path: string): unknown {
  const text = content.toString('utf8');
  try {
    // Every value is a string here, and this schema makes none of them a number or a date.
    return parseYaml(text, { schema: 'failsafe', prettyErrors: false });
  } catch (error) {
    const offset = error instanceof YAMLParseError ? error.pos[0] : 0;
    const before = text.slice(0, offset).split('\n');
    const position = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    // Without its cause, which quotes the text: a token file that is configured as tokens file would end up in the log.
    // oxlint-disable-next-line preserve-caught-error
    throw new Error(`${path} is neither YAML nor JSON: see ${position}`);
  }
}

/** One fault, with the entry named as far as it can be. Values are left out but for names and roles: they might be tokens. */
function describeError(error: ErrorObject, list: unknown): string {
  const [, index, field] = error.instancePath.split('/');
  if (index === undefined) {
    return 'must be a list with at least one entry, each with name, sha256 and role';
  }
  const entry: unknown = Array.isArray(list) ? list[Number(index)] : undefined;
  const name = typeof entry === 'object' && entry !== null && 'name' in entry ? entry.name : undefined;
  const where = `entry ${Number(index) + 1}${typeof name === 'string' ? ` (${quoteValue(name)})` : ''}`;
  if (field !== undefined) {
    const found = field === 'role' && typeof error.data === 'string' ? `; it is ${quoteValue(error.data)}` : '';
    return `${where}: ${field} ${FIELD_RULES[field] ?? error.message ?? 'is wrong'}${found}`;
  }
  switch (error.keyword) {
    case 'required':
      return `${where}: ${String(error.params['missingProperty'])} is missing; it ${FIELD_RULES[String(error.params['missingProperty'])] ?? 'is needed'}`;
    case 'additionalProperties':
      return `${where}: there is no field ${quoteValue(String(error.params['additionalProperty']))}; the fields are ${Object.keys(FIELD_RULES).join(', ')}`;
    default:
      return `${where}: must have name, sha256 and role`;
  }
}
