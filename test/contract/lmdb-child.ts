/*
 * A process of its own on an LMDB store, for `lmdb-processes.test.ts`. Arguments: what to do, the folder of the store, a prefix for names, and how
 * much of the history is kept (AMPLE or SCARCE).
 * It tells what it did in lines on standard output, written at once, so that a line that came is a promise that was made.
 */
import { existsSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { AppImage } from '../../src/domain/app-image/app-image.js';
import type { Decide } from '../../src/domain/app-image/app-image-store.js';
import type { HistoryLimits } from '../../src/domain/app-image/revision.js';
import { openLmdbAppImageStore } from '../../src/store/lmdb/lmdb-app-image-store.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { appImage } from '../support/app-image-builders.js';
import { ORIGIN } from '../support/stub-store.js';

/** Changes that a writing process has in flight, each of a name of its own. */
export const WRITERS = 8;

/** The template that the n-th change of a name leaves; every fifth change deletes it. */
export function contentAfter(name: string, change: number): AppImage | undefined {
  return change % 5 === 0
    ? undefined
    : appImage({ name, configTemplates: new Map([['app.conf', `${name} ${change} `.repeat(200)]]) });
}

export const nthChange =
  (name: string, change: number): Decide =>
  () => {
    const content = contentAfter(name, change);
    return content === undefined ? { kind: 'delete' } : { kind: 'put', appImage: content };
  };

/** Limits that a test never reaches, and limits that it reaches at once. */
export const LIMITS = {
  AMPLE: { maxRevisions: 10_000, maxChanges: 1_000_000 },
  SCARCE: { maxRevisions: 3, maxChanges: 20 },
} as const satisfies Readonly<Record<string, HistoryLimits>>;

const ACTIONS: Readonly<Record<string, (path: string, prefix: string, limits: HistoryLimits) => Promise<void>>> = {
  /** Changes its names without end, tells each change that was acknowledged, and then points the tag `told` at it. */
  write: async (path, prefix, history) => {
    const store = await openLmdbAppImageStore({ path, codec: appImageCodec, history });
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        const name = `${prefix}-${writer}`;
        for (let change = 1; ; change += 1) {
          await store.change(name, nthChange(name, change), ORIGIN);
          say(`${name} ${change}`);
          await store.changeTag(name, 'told', () => change);
        }
      }),
    );
  },

  /** Dies in the middle of a transaction that has already written something. */
  'die-in-change': async (path, prefix) => await signalInChange(path, prefix, 'SIGKILL'),

  /** Stops in the middle of a transaction, holding the lock. */
  'stop-in-change': async (path, prefix) => await signalInChange(path, prefix, 'SIGSTOP'),

  /** Waits for the file `<prefix>-go`, changes `<prefix>` once, and writes the file `<prefix>-done` when that is acknowledged. */
  'change-once': async (path, prefix) => {
    const store = await openLmdbAppImageStore({ path, codec: appImageCodec, history: LIMITS.AMPLE });
    say('ready');
    while (!existsSync(`${path}/${prefix}-go`)) {
      await delay(2);
    }
    await store.change(prefix, nthChange(prefix, 1), ORIGIN);
    writeFileSync(`${path}/${prefix}-done`, '');
    await store[Symbol.asyncDispose]();
  },

  /** Writes until the disk takes no more, then tells the error, and whether a change that needs no room is still taken. */
  fill: async (path, prefix) => {
    const store = await openLmdbAppImageStore({ path, codec: appImageCodec, history: LIMITS.AMPLE });
    for (let batch = 0; ; batch += 1) {
      const names = Array.from({ length: WRITERS }, (_, writer) => `${prefix}-${batch}-${writer}`);
      const outcomes = await Promise.allSettled(names.map((name) => store.change(name, nthChange(name, 1), ORIGIN)));
      const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
      if (failures.length > 0) {
        const stored = await store.getMany(names);
        await store.change(`${prefix}-0-0`, () => ({ kind: 'delete' }), ORIGIN);
        const later = await store.change(`${prefix}-0-1`, nthChange(`${prefix}-0-1`, 2), ORIGIN);
        say(
          JSON.stringify({
            stored: stored.filter((each) => each !== undefined).length,
            failures: failures.map(({ name, cause }) => ({ name, hasCause: cause instanceof Error })),
            deleted: (await store.get(`${prefix}-0-0`)) === undefined,
            laterRevision: later?.revision,
            batches: batch,
          }),
        );
        break;
      }
    }
    await store[Symbol.asyncDispose]();
  },
};

async function signalInChange(path: string, prefix: string, signal: NodeJS.Signals): Promise<void> {
  const store = await openLmdbAppImageStore({ path, codec: appImageCodec, history: LIMITS.AMPLE });
  await Promise.all([
    store.change(`${prefix}-0`, nthChange(`${prefix}-0`, 1), ORIGIN),
    store.change(
      `${prefix}-1`,
      () => {
        say('in-change');
        process.kill(process.pid, signal);
        return { kind: 'keep' };
      },
      ORIGIN,
    ),
  ]);
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

const [action, path, prefix, limits] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename && action !== undefined && path !== undefined && prefix !== undefined) {
  await ACTIONS[action]?.(path, prefix, limits === 'SCARCE' ? LIMITS.SCARCE : LIMITS.AMPLE);
}
