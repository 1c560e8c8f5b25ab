import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FileContents, WatchedFiles } from '../../src/file-watch/watched-files.js';

let directory: string;
let path: string;
let seen: string[];
const open: WatchedFiles[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'appimage-watch-'));
  path = join(directory, 'file');
  seen = [];
  await writeFile(path, 'one');
});

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (files) => files[Symbol.asyncDispose]()));
  await rm(directory, { recursive: true });
});

function textOf(contents: FileContents, file: string): string {
  try {
    return contents.get(file).toString();
  } catch (error) {
    return String(error);
  }
}

async function watch(paths = [path], pollIntervalMs = 3_600_000): Promise<WatchedFiles> {
  const files = await WatchedFiles.open({
    paths,
    pollIntervalMs,
    settleMs: 10,
    onChange: (contents) => seen.push(paths.map((file) => textOf(contents, file)).join('+')),
  });
  open.push(files);
  return files;
}

describe('WatchedFiles', () => {
  it('has the contents from the start, and reports no change then', async () => {
    const files = await watch();
    expect(files.contents.get(path).toString()).toBe('one');
    await files.checkNow();
    expect(seen).toEqual([]);
  });

  it('notices a file written in place', async () => {
    const files = await watch();
    await writeFile(path, 'two');
    await files.checkNow();
    expect(seen).toEqual(['two']);
    expect(files.contents.get(path).toString()).toBe('two');
  });

  it('notices a file of the same size and times', async () => {
    const time = new Date(1_700_000_000_000);
    await utimes(path, time, time);
    const files = await watch();
    await writeFile(path, 'two');
    await utimes(path, time, time);
    await files.checkNow();
    expect(seen).toEqual(['two']);
  });

  it('notices a file that is replaced by another one, as mv and editors do', async () => {
    const files = await watch();
    await writeFile(`${path}.new`, 'two');
    await rename(`${path}.new`, path);
    await files.checkNow();
    expect(seen).toEqual(['two']);
  });

  it('notices the swapped link of a folder mounted by Kubernetes', async () => {
    for (const [version, text] of [
      ['..v1', 'one'],
      ['..v2', 'two'],
    ] as const) {
      await mkdir(join(directory, version));
      await writeFile(join(directory, version, 'tls.crt'), text);
    }
    await symlink('..v1', join(directory, '..data'));
    const mounted = join(directory, 'tls.crt');
    await symlink(join('..data', 'tls.crt'), mounted);
    const files = await watch([mounted]);
    await symlink('..v2', join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    await files.checkNow();
    expect(seen).toEqual(['two']);
  });

  it('says nothing where a file was written again with the same contents', async () => {
    const files = await watch();
    await writeFile(path, 'one');
    await files.checkNow();
    expect(seen).toEqual([]);
  });

  it('reports a file that is gone once, and its return', async () => {
    const files = await watch();
    await rename(path, `${path}.away`);
    await files.checkNow();
    await files.checkNow();
    expect(seen).toEqual([`Error: cannot read ${path}: there is no such file`]);
    await rename(`${path}.away`, path);
    await files.checkNow();
    expect(seen).toEqual([expect.stringContaining('no such file'), 'one']);
  });

  it('reports two files that change one after the other together', async () => {
    const other = join(directory, 'other');
    await writeFile(other, '1');
    const files = await watch([path, other]);
    await writeFile(path, 'two');
    const checked = files.checkNow();
    await writeFile(other, '2');
    await checked;
    expect(seen).toEqual(['two+2']);
  });

  it.each([
    ['a folder', async (file: string) => rm(file).then(async () => mkdir(file)), 'it is a folder'],
    [
      'far too large',
      async (file: string) => writeFile(file, Buffer.alloc(5_000_000)),
      'has 5000000 bytes; at most 4194304',
    ],
  ])('reports %s as an error', async (_title, change, message) => {
    const files = await watch();
    await change(path);
    await files.checkNow();
    expect(seen).toEqual([expect.stringContaining(message)]);
  });

  it('looks by itself in its interval, until it is disposed', async () => {
    const files = await watch([path], 10);
    await writeFile(path, 'two');
    await vi.waitFor(() => expect(seen).toEqual(['two']), { timeout: 10_000 });
    await files[Symbol.asyncDispose]();
    await writeFile(path, 'three');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(seen).toEqual(['two']);
  });
});
