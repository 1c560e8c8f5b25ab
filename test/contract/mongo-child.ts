/*
 * A process of its own on a MongoDB store, for `mongo-history.test.ts`. Arguments: the URL and a name for the process. It changes templates
 * without end, its own and some that others change as well, and tells each change that was acknowledged in a line on standard output, written
 * at once, so that a line that came is a promise that was made.
 */
import { writeSync } from 'node:fs';
import { openMongoAppImageStore } from '../../src/store/mongo/mongo-app-image-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { appImage } from '../support/app-image-builders.js';

/** A change that was acknowledged. */
export interface Acknowledged {
  readonly name: string;
  readonly revision: number;
  readonly position: number;
  /** Of the image; tells this change from all others. */
  readonly tag: string;
}

const SHARED_NAMES = ['shared-0', 'shared-1'];

async function write(url: string, id: string): Promise<void> {
  const store = await openMongoAppImageStore({
    url,
    codec: appImageCodec,
    history: { maxRevisions: 100, maxChanges: 100_000 },
  });
  await Promise.all(
    [...SHARED_NAMES, `${id}-0`, `${id}-1`].map(async (name, writer) => {
      for (let number = 1; ; number += 1) {
        const tag = `${id}-${writer}-${number}`;
        const stored = await store.change(
          name,
          () => ({ kind: 'put', appImage: appImage({ name, image: { name: 'app', tag } }) }),
          { method: 'Test', tokenName: id, certificateSubject: '', message: tag },
        );
        const acknowledged = { name, revision: stored?.revision, position: stored?.position, tag };
        writeSync(1, `${JSON.stringify(acknowledged)}\n`);
      }
    }),
  );
}

const [url, id] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && url !== undefined && id !== undefined) {
  await write(url, id);
}
