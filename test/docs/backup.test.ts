import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { QueryAppImageResponseData } from '../../gen/kuscia/proto/api/v1alpha1/kusciaapi/appimage.js';
import type { AppImage } from '../../src/domain/app-image/app-image.js';
import { openStore } from '../../src/store/open-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { HISTORY, ORIGIN } from '../support/stub-store.js';

const root = join(import.meta.dirname, '../..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'appimage-backup-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function appImage(name: string): AppImage {
  const image = { name: 'registry.example/app', tag: '1', id: '', sign: '' };
  return QueryAppImageResponseData.fromPartial({ name, image });
}

/** The command of the page, with other folders. */
function backupCommand(from: string, to: string): string {
  const text = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const command = [...text.matchAll(/^```sh\n(.*?)^```/gms)]
    .map(([, block]) => block ?? '')
    .find((block) => block.includes('backup('));
  if (command === undefined) {
    throw new Error('docs/operations.md has no command for a backup');
  }
  const [head = ''] = command.split(' node ', 1);
  return command.replace(head, `FROM='${from}' TO='${to}'`).replace(/&& sync\s*$/, '');
}

it('the command of docs/operations.md backs a store up while it is written to, and the copy can be used as a store', async () => {
  const store = await openStore({ store: 'lmdb', dataDir: folder, codec: appImageCodec, history: HISTORY });
  const put = (name: string) => store.change(name, () => ({ kind: 'put', appImage: appImage(name) }), ORIGIN);
  const backup = join(folder, 'restored', 'lmdb');
  try {
    await Promise.all(Array.from({ length: 200 }, (_, index) => put(`before-${index}`)));
    const running = new AbortController();
    const writing = (async () => {
      for (let index = 0; !running.signal.aborted; index += 1) {
        await put(`during-${index}`);
      }
    })();
    await promisify(execFile)(
      'sh',
      ['-c', `mkdir '${join(folder, 'restored')}' && ${backupCommand(join(folder, 'lmdb'), backup)}`],
      { cwd: root },
    );
    running.abort();
    await writing;
  } finally {
    await store[Symbol.asyncDispose]();
  }
  expect(statSync(backup).mode & 0o077).toBe(0);
  const restored = await openStore({
    store: 'lmdb',
    dataDir: join(folder, 'restored'),
    codec: appImageCodec,
    history: HISTORY,
  });
  try {
    const names = Array.from({ length: 200 }, (_, index) => `before-${index}`);
    const found = await restored.getMany(names);
    expect(found.map((each) => each?.appImage)).toEqual(names.map(appImage));
    await restored.change('after', () => ({ kind: 'put', appImage: appImage('after') }), ORIGIN);
    expect((await restored.get('after'))?.revision).toBe(1);
  } finally {
    await restored[Symbol.asyncDispose]();
  }
});
