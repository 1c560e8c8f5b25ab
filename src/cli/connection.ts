import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CliError, messageOf } from './cli-error.js';
import {
  CONTEXT_KEYS,
  type ContextFile,
  type ContextKey,
  type ContextSettings,
  contextFilePath,
  contextNamed,
  readContextFile,
} from './context-file.js';

const DEFAULT_SERVER = 'localhost:8083';
const DEFAULT_PORT = 8083;
const DEFAULT_TIMEOUT = '30s';
/** What `make run` puts there; used where neither flags, nor the environment, nor a context say anything else. */
const DEFAULT_CERTIFICATES = 'certs';

/** The flags that choose a connection, as commander names them. */
export interface ConnectionFlags {
  readonly context?: string;
  readonly server?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly tokenFile?: string;
  readonly token?: string;
  readonly tlsServerName?: string;
  readonly timeout?: string;
  readonly insecurePlaintext?: boolean;
}

/** Where a setting came from, in words for people. */
export type SettingSource = string;

/** A connection that has been decided upon; no file has been read yet. */
export interface ConnectionSettings {
  readonly host: string;
  readonly port: number;
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly tokenFile: string | undefined;
  /** A token that was given as such. Never printed. */
  readonly token: string | undefined;
  /** The name that the server's certificate must bear, if not the host. */
  readonly tlsServerName: string | undefined;
  readonly timeoutMs: number;
  readonly isPlaintext: boolean;
  /** Name of the context in force. */
  readonly contextName: string | undefined;
  /** Where each of the settings above came from. */
  readonly sources: ReadonlyMap<ContextKey | 'token', SettingSource>;
}

/** The contents of the files that {@link ConnectionSettings} name. */
export interface ConnectionCredentials {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly token: string | undefined;
}

/** `host:port` as people write it. */
export function addressOf({ host, port }: Pick<ConnectionSettings, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Decides on the connection: flags go before environment variables, these before the context, and that before `./certs`.
 * @throws CliError USAGE for what cannot be followed
 */
export function resolveConnection(flags: ConnectionFlags, env: NodeJS.ProcessEnv, cwd: string): ConnectionSettings {
  const file = readContextFile(contextFilePath(env));
  const contextName = flags.context ?? (env['APPIMAGECTL_CONTEXT'] || file.current);
  return resolveSettings({ flags, env, cwd, file, contextName });
}

/** The connection of a named context alone, whatever flags and environment say. */
export function resolveContext(name: string, env: NodeJS.ProcessEnv, cwd: string): ConnectionSettings {
  const file = readContextFile(contextFilePath(env));
  return resolveSettings({ flags: {}, env: {}, cwd, file, contextName: name });
}

interface Given {
  readonly flags: ConnectionFlags;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly file: ContextFile;
  readonly contextName: string | undefined;
}

function resolveSettings({ flags, env, cwd, file, contextName }: Given): ConnectionSettings {
  const context: ContextSettings = contextName === undefined ? {} : contextNamed(file, contextName);
  const sources = new Map<ContextKey | 'token', SettingSource>();
  const pick = (key: ContextKey): string | undefined => {
    const flag = flags[camelCase(key) as keyof ConnectionFlags];
    const variable = variableOf(key);
    const fromEnvironment = [env[variable] || undefined, variable] as const;
    const fromContext = [context[key], `context "${contextName ?? ''}"`] as const;
    const found: (readonly [string | undefined, SettingSource])[] = [
      [flag === undefined ? undefined : String(flag), `--${key}`],
      // A context that is asked for by a flag is meant, whatever a shell has exported.
      ...(flags.context === undefined ? [fromEnvironment, fromContext] : [fromContext, fromEnvironment]),
      [contextName === undefined ? defaultOf(key, cwd) : undefined, `./${DEFAULT_CERTIFICATES}`],
    ];
    const [value, source] = found.find(([given]) => given !== undefined) ?? [];
    if (value === undefined || source === undefined) {
      return undefined;
    }
    sources.set(key, source);
    return CONTEXT_KEYS[key] === 'path' ? resolve(cwd, value) : value;
  };
  const token = flags.token ?? (env['APPIMAGECTL_TOKEN'] || undefined);
  if (token !== undefined) {
    sources.set('token', flags.token === undefined ? 'APPIMAGECTL_TOKEN' : '--token');
  }
  const server = readServer(pick('server') ?? DEFAULT_SERVER);
  const isPlaintext = readSwitch(pick('insecure-plaintext') ?? 'false', sources.get('insecure-plaintext'));
  return {
    ...server,
    caFile: pick('ca'),
    ...keyPair(pick('cert'), pick('key')),
    tokenFile: token === undefined ? pick('token-file') : undefined,
    token,
    tlsServerName: pick('tls-server-name'),
    timeoutMs: readDuration(pick('timeout') ?? DEFAULT_TIMEOUT, sources.get('timeout') ?? '--timeout'),
    isPlaintext,
    contextName,
    sources,
  };
}

/** Name of the environment variable of a setting. */
export function variableOf(key: ContextKey): string {
  return `APPIMAGECTL_${key.toUpperCase().replaceAll('-', '_')}`;
}

function keyPair(certFile: string | undefined, keyFile: string | undefined) {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const missing = certFile === undefined ? 'certificate' : 'key';
    throw new CliError('USAGE', `a client certificate needs both parts, and there is no ${missing}`, {
      hint: 'give --cert and --key together (or APPIMAGECTL_CERT and APPIMAGECTL_KEY)',
    });
  }
  return { certFile, keyFile };
}

/**
 * Reads the files of a connection.
 * @throws CliError USAGE for a file that cannot be read
 */
export function readCredentials(settings: ConnectionSettings): ConnectionCredentials {
  const read = (path: string | undefined, key: ContextKey): Buffer | undefined => {
    if (path === undefined) {
      return undefined;
    }
    try {
      return readFileSync(path);
    } catch (error) {
      throw new CliError('USAGE', `${path} cannot be read: ${messageOf(error)}`, {
        hint: `it is named by ${settings.sources.get(key) ?? 'the settings'}; --${key} names another file`,
      });
    }
  };
  const token = settings.token ?? read(settings.tokenFile, 'token-file')?.toString('utf8').trim();
  if (token !== undefined && !/^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(token)) {
    throw new CliError('USAGE', 'the token is empty or has characters that no token has', {
      hint: settings.tokenFile === undefined ? 'look at how it is given' : `look into ${settings.tokenFile}`,
    });
  }
  return {
    ca: settings.isPlaintext ? undefined : read(settings.caFile, 'ca'),
    cert: settings.isPlaintext ? undefined : read(settings.certFile, 'cert'),
    key: settings.isPlaintext ? undefined : read(settings.keyFile, 'key'),
    token,
  };
}

function defaultOf(key: ContextKey, cwd: string): string | undefined {
  const folder = join(cwd, DEFAULT_CERTIFICATES);
  const pair = existsSync(join(folder, 'client.crt')) ? 'client' : 'kusciaapi-server';
  const files: Partial<Record<ContextKey, string>> = {
    ca: 'ca.crt',
    cert: `${pair}.crt`,
    key: `${pair}.key`,
    'token-file': 'token',
  };
  const file = files[key];
  const path = file === undefined ? undefined : join(folder, file);
  return path !== undefined && existsSync(path) ? path : undefined;
}

function readServer(server: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:/@[\]]+))(?::([0-9]{1,5}))?$/.exec(server);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new CliError('USAGE', `"${server}" is no address of a server`, {
      hint: `write host:port without a scheme, e.g. ${DEFAULT_SERVER} or [::1]:8083; it is the gRPC port`,
    });
  }
  return { host, port };
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_TIMEOUT_MS = 24 * 3_600_000;

/**
 * Reads `500ms`, `30s`, `2m`, `1h`, or a number of seconds.
 * @throws CliError USAGE naming `source`
 */
export function readDuration(text: string, source: string): number {
  const [, number = '', unit = 's'] = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const ms = number === '' ? 0 : Math.round(Number(number) * (UNITS_MS[unit] ?? 1));
  if (ms < 1 || ms > LONGEST_TIMEOUT_MS) {
    throw new CliError('USAGE', `${source}: "${text}" is no length of time`, {
      hint: 'write for example 500ms, 30s or 2m; at most 24h',
    });
  }
  return ms;
}

function readSwitch(text: string, source: string | undefined): boolean {
  if (!/^(true|false|1|0|yes|no)$/i.test(text)) {
    throw new CliError('USAGE', `${source ?? 'the setting'}: "${text}" is neither true nor false`);
  }
  return /^(true|1|yes)$/i.test(text);
}

function camelCase(key: string): string {
  return key.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
