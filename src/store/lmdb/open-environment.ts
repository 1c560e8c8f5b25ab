import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { StoreFaultError } from '../../domain/app-image/app-image-store.js';

/** An open LMDB environment and the databases in it. Closing `root` closes all. */
export interface LmdbEnvironment {
  readonly root: RootDatabase<Buffer, string>;
  /** Name of a template to its record. */
  readonly live: Database<Buffer, string>;
  /** Name of a deleted template to its tombstone: the head of its history, so that no revision is used again. */
  readonly deleted: Database<Buffer, string>;
  /** Position of a change to its record. */
  readonly changes: Database<Buffer, number>;
  /** Positions of changes that may go as soon as the order of all changes lets go of them, to nothing. */
  readonly retired: Database<Buffer, number>;
  /** Name to its tags. */
  readonly tags: Database<Buffer, string>;
}

/**
 * Address space for the map, which costs no memory and grows by itself beyond that. Growing moves the map while another
 * thread may be reading it, so it starts at a size that few stores will ever exceed.
 */
const MAP_BYTES = 64 * 1024 ** 3;

const OPTIONS = {
  noSubdir: false,
  encoding: 'binary',
  mapSize: MAP_BYTES,
  /** Each process takes one or two. */
  maxReaders: 1024,
  /** Templates may hold credentials in their configuration files. */
  permissionsMode: 0o600,
  /** A transaction resolves once it is on disk, not when it becomes visible. */
  overlappingSync: false,
  /** With batching, a commit that fails leaves one rejected promise that nobody can handle, which would end the process. */
  eventTurnBatching: false,
} as const;

const MARKER_KEY = 'format';
const MARKER_TEXT = 'appimage store ';
const FORMAT = 2;

/**
 * Opens the environment in a folder, which is made where it is missing. Nothing is loaded ahead.
 * @throws StoreFaultError that says what is wrong with the path and what would be right
 */
export async function openEnvironment(path: string): Promise<LmdbEnvironment> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    await checkDataFile(path);
  } catch (cause) {
    throw cannotOpen(path, cause);
  }
  let root: RootDatabase<Buffer, string> | undefined;
  try {
    root = open<Buffer, string>({ path, ...OPTIONS });
    checkMarker(root, path);
    const environment = {
      root,
      live: root.openDB<Buffer, string>({ name: 'app-images', encoding: 'binary' }),
      deleted: root.openDB<Buffer, string>({ name: 'deleted-app-images', encoding: 'binary' }),
      changes: root.openDB<Buffer, number>({ name: 'changes', encoding: 'binary' }),
      retired: root.openDB<Buffer, number>({ name: 'retired-changes', encoding: 'binary' }),
      tags: root.openDB<Buffer, string>({ name: 'tags', encoding: 'binary' }),
    };
    await syncFolder(path);
    return environment;
  } catch (cause) {
    await root?.close();
    throw cannotOpen(path, cause);
  }
}

/** Tells our environments from those of other programs, which would otherwise get our databases between their own. */
function checkMarker(root: RootDatabase<Buffer, string>, path: string): void {
  root.transactionSync(() => {
    const marker = root.getBinary(MARKER_KEY)?.toString();
    if (marker === `${MARKER_TEXT}${FORMAT}`) {
      return;
    }
    if (marker?.startsWith(MARKER_TEXT)) {
      throw new StoreFaultError(
        `cannot open the store in ${path}: it is of format ${marker.slice(MARKER_TEXT.length)} and this build reads format ${FORMAT}; run the build that wrote it, or choose another folder`,
      );
    }
    if (marker !== undefined || root.getKeysCount({ limit: 1 }) > 0) {
      throw new StoreFaultError(
        `cannot open the store in ${path}: it holds an LMDB environment of another program; choose another folder`,
      );
    }
    root.putSync(MARKER_KEY, Buffer.from(`${MARKER_TEXT}${FORMAT}`));
  });
}

/** LMDB flushes its files, but not the folder that lists them. */
async function syncFolder(path: string): Promise<void> {
  const handle = await openFile(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const PAGE_HEADER_BYTES = 24;
const META_HEADER_BYTES = 8;
const PAGE_SIZE_AT = 48;
const LMDB_MAGIC = 0xbeefc0de;
/** Data format of the LMDB that lmdb-js 3 contains. */
const LMDB_DATA_VERSION = 2;

/**
 * Refuses a file that LMDB would refuse. Left to itself, lmdb-js 3.5 uses memory after freeing it where `mdb_env_open`
 * fails (`EnvWrap::openEnv` in its src/env.cpp), and the process ends with a segmentation fault.
 */
async function checkDataFile(path: string): Promise<void> {
  const file = join(path, 'data.mdb');
  let handle: FileHandle;
  try {
    handle = await openFile(file, 'r+');
  } catch (error) {
    if (isErrnoException(error) && error.code === 'ENOENT') {
      return;
    }
    throw error;
  }
  try {
    const { size } = await handle.stat();
    if (size === 0) {
      return;
    }
    const pageBytes = await readMeta(handle, 0);
    if (size < 2 * pageBytes) {
      throw new NoLmdbFileError();
    }
    await readMeta(handle, pageBytes);
  } catch (cause) {
    throw cause instanceof NoLmdbFileError
      ? new StoreFaultError(
          `cannot open the store in ${path}: ${file} is no LMDB file of this build's format; choose another folder, or restore the file from a backup`,
        )
      : cause;
  } finally {
    await handle.close();
  }
}

class NoLmdbFileError extends Error {}

/** Checks the meta page at an offset and returns the page size, in bytes. */
async function readMeta(handle: FileHandle, offset: number): Promise<number> {
  const page = Buffer.alloc(PAGE_SIZE_AT + 4);
  const { bytesRead } = await handle.read(page, 0, page.length, offset);
  if (
    bytesRead < page.length ||
    page.readUInt32LE(PAGE_HEADER_BYTES) !== LMDB_MAGIC ||
    (page.readUInt32LE(PAGE_HEADER_BYTES + META_HEADER_BYTES / 2) & 0xffff) !== LMDB_DATA_VERSION
  ) {
    throw new NoLmdbFileError();
  }
  return page.readUInt32LE(PAGE_SIZE_AT);
}

function cannotOpen(path: string, cause: unknown): StoreFaultError {
  if (cause instanceof StoreFaultError) {
    return cause;
  }
  return new StoreFaultError(`cannot open the store in ${path}: ${reasonAndRemedy(cause)}`, { cause });
}

function reasonAndRemedy(cause: unknown): string {
  switch (isErrnoException(cause) ? cause.code : undefined) {
    case 'EEXIST':
    case 'ENOTDIR':
      return 'a file is in its place; give the path of a folder, which is made where it is missing';
    case 'EACCES':
    case 'EPERM':
      return 'the user of this process may not read and write it; grant that, or choose another folder';
    case 'EROFS':
      return 'the file system is read-only; choose a folder on another one';
    case 'ENOSPC':
      return 'the file system is full; make room, or choose a folder on another one';
    default:
      return `${cause instanceof Error ? cause.message : String(cause)}; check the folder and its file system`;
  }
}

function isErrnoException(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
