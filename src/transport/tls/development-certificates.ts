import { randomBytes, X509Certificate } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { CertificateIssuer, IssuedCertificate } from './certificate-issuer.js';

/** The files of a certificate folder; the names are Kuscia's. */
export const CERTIFICATE_FILES = {
  ca: 'ca.crt',
  caKey: 'ca.key',
  serverCertificate: 'kusciaapi-server.crt',
  serverKey: 'kusciaapi-server.key',
  clientCertificate: 'client.crt',
  clientKey: 'client.key',
  token: 'token',
} as const;

/** What the server itself reads; a folder that holds all of these is left alone. */
const NEEDED_BY_SERVER = [
  CERTIFICATE_FILES.ca,
  CERTIFICATE_FILES.serverCertificate,
  CERTIFICATE_FILES.serverKey,
  CERTIFICATE_FILES.token,
];

/** Holds a whole new set from the moment it is complete until the last file of it has been moved out. */
const COMPLETE_SET = '.new-certificates';

/** Begins the name of the folder that a set is made in. */
const WORKSPACE = '.making-certificates-';

/** A workspace older than this belongs to a run that was interrupted. */
const ABANDONED_AFTER_MS = 60_000;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const CA_VALIDITY_MS = 3650 * DAY_MS;
/** Apple's TLS clients accept no longer one: https://support.apple.com/en-us/103769 */
const LEAF_VALIDITY_MS = 825 * DAY_MS;
/** The validity begins in the past, so that a client whose clock is slow accepts it as well. */
const CLOCK_SKEW_MS = HOUR_MS;

const ORGANISATION = 'appimage-service';

export interface DevelopmentCertificatesOptions {
  /** Host names and IP addresses that the server certificate is good for, besides `localhost`, the loopback addresses and the host's name. */
  readonly extraNames: readonly string[];
}

export interface DevelopmentCertificates {
  /** Whether this call made them; `false` where a set was there before. */
  readonly made: boolean;
  /** Names asked for that the server certificate does not cover: it is older than the setting. */
  readonly missingNames: readonly string[];
}

/**
 * Makes a CA, a server and a client certificate and a token in `directory`, unless they are there. Existing files are never
 * overwritten, and a run that is interrupted leaves nothing or is completed by the next one.
 * @throws Error where only a part of the set is there
 */
export async function makeDevelopmentCertificates(
  directory: string,
  options: DevelopmentCertificatesOptions,
): Promise<DevelopmentCertificates> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await moveIntoPlace(directory);
  await removeAbandoned(directory);
  const names = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...options.extraNames])];
  if (await isPresent(directory)) {
    return { made: false, missingNames: await findMissingNames(directory, names) };
  }
  const workspace = await mkdtemp(join(directory, WORKSPACE));
  try {
    await writeSet(workspace, names);
    // Where another process was quicker, its set counts, and both move it.
    await rename(workspace, join(directory, COMPLETE_SET)).catch(ignoring(['ENOTEMPTY', 'EEXIST'], undefined));
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
  await moveIntoPlace(directory);
  return { made: true, missingNames: [] };
}

/** @throws Error where some of the needed files are there and others are not */
async function isPresent(directory: string): Promise<boolean> {
  if ((await missingFiles(directory)).length === 0) {
    return true;
  }
  // Another process may have been in the middle of moving its set.
  await moveIntoPlace(directory);
  const missing = await missingFiles(directory);
  const existing = new Set(await readdir(directory));
  const found = Object.values(CERTIFICATE_FILES).filter((file) => existing.has(file));
  if (missing.length === 0 || found.length === 0) {
    return missing.length === 0;
  }
  throw new Error(
    `${directory} holds ${found.join(', ')} but not ${missing.join(', ')}; ` +
      'add what is missing, or move the others away to have a whole new set made (clients then need the new ca.crt)',
  );
}

async function missingFiles(directory: string): Promise<string[]> {
  const existing = new Set(await readdir(directory));
  return NEEDED_BY_SERVER.filter((file) => !existing.has(file));
}

async function writeSet(directory: string, names: readonly string[]): Promise<void> {
  // Loaded here since it takes a tenth of a second, and a server that has its certificates needs none of it.
  const issuerModule = await import('./certificate-issuer.js');
  const now = Date.now();
  const notBefore = new Date(now - CLOCK_SKEW_MS);
  const authority: CertificateIssuer = await issuerModule.CertificateIssuer.create({
    commonName: 'AppImage service development CA',
    organisation: ORGANISATION,
    notBefore,
    notAfter: new Date(now + CA_VALIDITY_MS),
  });
  const leaf = { organisation: ORGANISATION, notBefore, notAfter: new Date(now + LEAF_VALIDITY_MS) };
  // The API's curl commands use the server's pair as client certificate, hence both usages.
  const server = await authority.issue({
    ...leaf,
    commonName: 'kusciaapi-server',
    usages: ['server', 'client'],
    names,
  });
  const client = await authority.issue({ ...leaf, commonName: 'client', usages: ['client'], names: [] });
  await writePair(directory, CERTIFICATE_FILES.ca, CERTIFICATE_FILES.caKey, authority.authority);
  await writePair(directory, CERTIFICATE_FILES.serverCertificate, CERTIFICATE_FILES.serverKey, server);
  await writePair(directory, CERTIFICATE_FILES.clientCertificate, CERTIFICATE_FILES.clientKey, client);
  await write(directory, CERTIFICATE_FILES.token, randomBytes(32).toString('base64url'), 0o600);
}

async function writePair(
  directory: string,
  certificateFile: string,
  keyFile: string,
  pair: IssuedCertificate,
): Promise<void> {
  await write(directory, certificateFile, pair.certificate, 0o644);
  await write(directory, keyFile, pair.key, 0o600);
}

async function write(directory: string, file: string, text: string, mode: number): Promise<void> {
  await writeFile(join(directory, file), text, { mode, flag: 'wx', flush: true });
}

/** Moves a complete set to its place, also one that an interrupted run or another process left there. */
async function moveIntoPlace(directory: string): Promise<void> {
  const source = join(directory, COMPLETE_SET);
  for (const file of await readdir(source).catch(ignoring(['ENOENT'], []))) {
    if (await exists(join(directory, file))) {
      await unlink(join(source, file)).catch(ignoring(['ENOENT'], undefined));
    } else {
      await rename(join(source, file), join(directory, file)).catch(ignoring(['ENOENT'], undefined));
    }
  }
  await rmdir(source).catch(ignoring(['ENOENT', 'ENOTEMPTY'], undefined));
}

async function removeAbandoned(directory: string): Promise<void> {
  for (const file of (await readdir(directory)).filter((name) => name.startsWith(WORKSPACE))) {
    const modifiedAtMs = await stat(join(directory, file)).then(
      ({ mtimeMs }) => mtimeMs,
      ignoring(['ENOENT'], Number.POSITIVE_INFINITY),
    );
    if (Date.now() - modifiedAtMs > ABANDONED_AFTER_MS) {
      await rm(join(directory, file), { recursive: true, force: true });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(() => true, ignoring(['ENOENT'], false));
}

async function findMissingNames(directory: string, names: readonly string[]): Promise<string[]> {
  const file = join(directory, CERTIFICATE_FILES.serverCertificate);
  try {
    const certificate = new X509Certificate(await readFile(file));
    return names.filter((name) =>
      isIP(name) === 0 ? certificate.checkHost(name) === undefined : certificate.checkIP(name) === undefined,
    );
  } catch {
    // Whoever loads the certificate says what is wrong with it.
    return [];
  }
}

/** Turns a file error of one of these codes into a value, and throws any other. */
function ignoring<T>(codes: readonly string[], value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && codes.includes(String(error.code))) {
      return value;
    }
    throw error;
  };
}
