import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Option } from 'commander';
import type { AppImage } from '../domain/app-image/app-image.js';
import { type ManifestDocument, readManifests } from '../manifest/manifest-file.js';
import type { CliContext } from './cli-context.js';
import { CliError, messageOf } from './cli-error.js';
import { expandGlob, isGlob } from './glob.js';

/** A file that was read, under the name that the user knows it by. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** One template and where it was read. */
export interface Source {
  readonly file: SourceFile;
  readonly document: ManifestDocument;
  readonly appImage: AppImage;
}

/** What the files hold. */
export interface Sources {
  readonly files: readonly SourceFile[];
  /** Everything that is in them, also what is no template. */
  readonly documents: readonly { readonly file: SourceFile; readonly document: ManifestDocument }[];
}

export interface SourceFlags {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
}

const STANDARD_INPUT = '(standard input)';
const MANIFEST_FILE = /\.(ya?ml|json)$/i;

/** The flags that name files. */
export function sourceOptions(): Option[] {
  return [
    new Option(
      '-f, --filename <path...>',
      'manifests in YAML or JSON: files, folders, quoted globs such as "apps/**/*.yaml", or - for standard input',
    ),
    new Option('-R, --recursive', 'take folders with all that is below them'),
  ];
}

/**
 * Reads the files that the flags name, each once, those of a folder in the order of their names.
 * @throws CliError USAGE where there is nothing to read
 */
export async function readSources(
  { filename = [], recursive = false }: SourceFlags,
  context: CliContext,
): Promise<Sources> {
  if (filename.length === 0) {
    throw new CliError('USAGE', 'no file is given', {
      hint: 'name files, folders or globs with -f, or - for standard input',
    });
  }
  const files: SourceFile[] = [];
  const seen = new Set<string>();
  for (const path of filename) {
    if (path === '-') {
      files.push({ name: STANDARD_INPUT, text: await readStandardInput(context) });
      continue;
    }
    for (const name of filesAt(path, recursive, context.cwd)) {
      const absolute = resolve(context.cwd, name);
      if (!seen.has(absolute)) {
        seen.add(absolute);
        files.push({ name, text: readText(absolute, name) });
      }
    }
  }
  const documents = files.flatMap((file) =>
    readManifests(file.text, file.name).map((document) => ({ file, document })),
  );
  if (documents.length === 0) {
    throw new CliError('USAGE', `there is no template in ${files.map(({ name }) => name).join(', ')}`);
  }
  return { files, documents };
}

async function readStandardInput({ terminal }: CliContext): Promise<string> {
  if (terminal.stdin.isTTY) {
    terminal.say('Reading manifests from the terminal; end with Ctrl-D.');
  }
  const chunks: Buffer[] = [];
  for await (const chunk of terminal.stdin) {
    chunks.push(Buffer.from(chunk as Buffer));
  }
  return decode(Buffer.concat(chunks), STANDARD_INPUT);
}

function filesAt(path: string, recursive: boolean, cwd: string): string[] {
  const stat = statSync(resolve(cwd, path), { throwIfNoEntry: false });
  if (stat === undefined) {
    const found = isGlob(path) ? expandGlob(path, cwd) : [];
    if (found.length === 0) {
      throw new CliError('USAGE', isGlob(path) ? `no file matches ${path}` : `there is no file or folder ${path}`, {
        hint: `it was looked for below ${cwd}`,
      });
    }
    return found;
  }
  if (!stat.isDirectory()) {
    return [path];
  }
  const found = filesBelow(path, recursive, cwd);
  if (found.length === 0) {
    throw new CliError('USAGE', `the folder ${path} has no file that ends in .yaml, .yml or .json`, {
      hint: recursive ? undefined : '--recursive looks into the folders below it as well',
    });
  }
  return found;
}

function filesBelow(folder: string, recursive: boolean, cwd: string): string[] {
  return readdirSync(resolve(cwd, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        return recursive ? filesBelow(path, recursive, cwd) : [];
      }
      return MANIFEST_FILE.test(entry.name) ? [path] : [];
    });
}

function readText(path: string, name: string): string {
  try {
    return decode(readFileSync(path), name);
  } catch (error) {
    if (error instanceof CliError) {
      throw error;
    }
    throw new CliError('USAGE', `${name} cannot be read: ${messageOf(error)}`);
  }
}

function decode(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CliError('FAILED', `${name} is no text in UTF-8`, { hint: 'save it as UTF-8' });
  }
}
