import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { didYouMean } from '../domain/did-you-mean.js';
import { CliError, messageOf } from './cli-error.js';

/** The settings of a connection that a context may hold, as the file names them. A token itself is never among them. */
export const CONTEXT_KEYS = {
  server: 'text',
  ca: 'path',
  cert: 'path',
  key: 'path',
  'token-file': 'path',
  'tls-server-name': 'text',
  timeout: 'text',
  'insecure-plaintext': 'switch',
} as const satisfies Record<string, 'text' | 'path' | 'switch'>;

export type ContextKey = keyof typeof CONTEXT_KEYS;

/** One named connection. Paths are absolute. */
export type ContextSettings = Partial<Record<ContextKey, string>>;

/** The contexts of a user. */
export interface ContextFile {
  readonly path: string;
  readonly current: string | undefined;
  readonly contexts: ReadonlyMap<string, ContextSettings>;
}

/** Where the contexts are: `APPIMAGECTL_CONFIG`, or else below the user's configuration folder. */
export function contextFilePath(env: NodeJS.ProcessEnv): string {
  const home = env['HOME'] || homedir();
  return (
    env['APPIMAGECTL_CONFIG'] || join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'appimagectl', 'config.yaml')
  );
}

/**
 * Reads the contexts; none where there is no file.
 * @throws CliError USAGE where the file says what nobody can follow
 */
export function readContextFile(path: string): ContextFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return { path, current: undefined, contexts: new Map() };
    }
    throw wrong(path, messageOf(error));
  }
  const document = parseDocument(text, { stringKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw wrong(path, fault.message.split('\n')[0] ?? fault.message);
  }
  const value = mapping(document.toJS() ?? {}, path, 'the file');
  expectKeys(value, ['current-context', 'contexts'], path, 'the file');
  const current = value['current-context'];
  const contexts = new Map<string, ContextSettings>();
  for (const [name, settings] of Object.entries(mapping(value['contexts'] ?? {}, path, 'contexts'))) {
    contexts.set(name, readSettings(settings, path, name));
  }
  return { path, current: typeof current === 'string' && current !== '' ? current : undefined, contexts };
}

/** Writes the contexts, in one step and for their owner alone. */
export function writeContextFile({ path, current, contexts }: ContextFile): void {
  const content = {
    ...(current === undefined ? {} : { 'current-context': current }),
    contexts: Object.fromEntries(
      [...contexts].map(([name, settings]) => [
        name,
        Object.fromEntries(
          Object.entries(settings).map(([key, value]) => [
            key,
            key === 'insecure-plaintext' ? value === 'true' : value,
          ]),
        ),
      ]),
    ),
  };
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const draft = `${path}.${randomUUID()}`;
    writeFileSync(draft, stringify(content), { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    throw new CliError('FAILED', `the contexts cannot be written to ${path}: ${messageOf(error)}`, {
      hint: 'make its folder writable, or name another file in APPIMAGECTL_CONFIG',
    });
  }
}

/** @throws CliError USAGE with the name that was most likely meant */
export function contextNamed(file: ContextFile, name: string): ContextSettings {
  const found = file.contexts.get(name);
  if (found === undefined) {
    const guess = didYouMean(name, file.contexts.keys());
    throw new CliError('USAGE', `there is no context "${name}" in ${file.path}`, {
      hint:
        guess === undefined
          ? 'see `appimagectl context list`, or make it with `appimagectl context add`'
          : `did you mean "${guess}"?`,
    });
  }
  return found;
}

function readSettings(value: unknown, path: string, name: string): ContextSettings {
  const where = `context "${name}"`;
  const settings = mapping(value ?? {}, path, where);
  expectKeys(settings, Object.keys(CONTEXT_KEYS), path, where);
  return Object.fromEntries(
    Object.entries(settings)
      .filter(([, setting]) => setting !== null)
      .map(([key, setting]) => {
        if (typeof setting !== 'string' && typeof setting !== 'number' && typeof setting !== 'boolean') {
          throw wrong(path, `${where}: ${key} must be a text`);
        }
        return [key, String(setting)];
      }),
  );
}

function mapping(value: unknown, path: string, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(path, `${where} must be a mapping`);
  }
  return value as Record<string, unknown>;
}

function expectKeys(value: Record<string, unknown>, known: readonly string[], path: string, where: string): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      const guess = didYouMean(key, known);
      throw wrong(
        path,
        `${where}: "${key}" is no setting; ${guess === undefined ? `there are ${known.join(', ')}` : `did you mean "${guess}"?`}`,
      );
    }
  }
}

function wrong(path: string, message: string): CliError {
  return new CliError('USAGE', `${path}: ${message}`, {
    hint: 'mend the file by hand, or move it away and add the contexts anew with `appimagectl context add`',
  });
}
