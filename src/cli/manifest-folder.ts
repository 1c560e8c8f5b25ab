import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AppImage } from '../domain/app-image/app-image.js';
import { readManifests, writeManifest } from '../manifest/manifest-file.js';
import { CliError, messageOf } from './cli-error.js';

/** What became of one file; `stale` are those that only pruning deletes. */
export interface ExportedFile {
  /** As the user wrote the folder. */
  readonly file: string;
  readonly name: string;
  readonly action: 'created' | 'updated' | 'unchanged' | 'deleted' | 'stale';
}

const EXTENSION = '.yaml';

/** A folder with one manifest file for each template, `NAME.yaml`: names are labels, and so good file names everywhere. */
export class ManifestFolder {
  readonly #path: string;
  readonly #shown: string;
  readonly #dryRun: boolean;
  readonly #written = new Set<string>();

  constructor(path: string, cwd: string, { dryRun }: { readonly dryRun: boolean }) {
    this.#path = resolve(cwd, path);
    this.#shown = path;
    this.#dryRun = dryRun;
  }

  /**
   * Writes the file of a template, unless it is right already.
   * @throws CliError FAILED where the file system says no
   */
  write(appImage: AppImage): ExportedFile {
    const { name } = appImage;
    const fileName = `${name}${EXTENSION}`;
    const file = join(this.#shown, fileName);
    const path = join(this.#path, fileName);
    this.#written.add(fileName);
    return attempt(file, () => {
      const text = writeManifest(appImage);
      const present = readIfThere(path);
      if (present === text) {
        return { file, name, action: 'unchanged' };
      }
      if (!this.#dryRun) {
        mkdirSync(this.#path, { recursive: true });
        const draft = join(this.#path, `.${fileName}.${randomUUID()}`);
        writeFileSync(draft, text);
        renameSync(draft, path);
      }
      return { file, name, action: present === undefined ? 'created' : 'updated' };
    });
  }

  /**
   * Deletes the files of templates that have not been written, or only names them. What is no file of an export is left alone: only
   * `NAME.yaml` that holds the one template NAME is.
   */
  removeOthers({ prefix, prune }: { readonly prefix: string; readonly prune: boolean }): ExportedFile[] {
    const names = attempt(this.#shown, () => listIfThere(this.#path)).filter(
      (fileName) => fileName.endsWith(EXTENSION) && fileName.startsWith(prefix) && !this.#written.has(fileName),
    );
    return names.sort().flatMap((fileName) => {
      const path = join(this.#path, fileName);
      const name = fileName.slice(0, -EXTENSION.length);
      const file = join(this.#shown, fileName);
      return attempt(file, () => {
        if (!holdsOnly(path, name)) {
          return [];
        }
        if (prune && !this.#dryRun) {
          rmSync(path);
        }
        return [{ file, name, action: prune ? ('deleted' as const) : ('stale' as const) }];
      });
    });
  }
}

function holdsOnly(path: string, name: string): boolean {
  const documents = readManifests(readFileSync(path, 'utf8'), path);
  return documents.length === 1 && documents[0]?.appImage?.name === name;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return absent(error, undefined);
  }
}

/** Files alone: a folder may well be called `a.yaml`. */
function listIfThere(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  } catch (error) {
    return absent(error, []);
  }
}

function absent<T>(error: unknown, value: T): T {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return value;
  }
  throw error;
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CliError('FAILED', `${file}: ${messageOf(error)}`, {
      hint: 'name a folder that you may write to; what has been written so far is complete, file by file',
      cause: error,
    });
  }
}
