import { expect } from 'vitest';
import type { AppImage, StoredAppImage } from '../../src/domain/app-image/app-image.js';
import type { AppImageStore, Decide } from '../../src/domain/app-image/app-image-store.js';
import type { Revision } from '../../src/domain/app-image/revision.js';
import { appImageCodec } from '../../src/transport/wire/app-image-codec.js';
import { appImage } from '../support/app-image-builders.js';
import { AWKWARD_TEXTS } from '../support/arbitraries.js';

/** Questions that no template answers, whatever is stored. */
export const UNANSWERABLE_NAMES: readonly string[] = [
  ...AWKWARD_TEXTS,
  'App',
  'APP',
  'app ',
  ' app',
  'app\0',
  'ap',
  'app-',
  'app1',
  'app%',
  'ａｐｐ',
  '\ud800',
  'app\udc00',
  'a'.repeat(64),
  'x'.repeat(2000),
  'y'.repeat(1024 * 1024),
  '模'.repeat(100_000),
];

export interface Summary {
  readonly name: string;
  readonly revision: number;
  readonly tag: string | undefined;
}

export function summary(stored: StoredAppImage | undefined): Summary | undefined {
  return stored && { name: stored.name, revision: stored.revision, tag: stored.appImage.image?.tag };
}

export function named(name: string, tag = ''): AppImage {
  return appImage({ name, image: { name: 'registry.example.com/app', tag } });
}

export function put(name: string, tag = ''): Decide {
  return () => ({ kind: 'put', appImage: named(name, tag) });
}

export const remove: Decide = () => ({ kind: 'delete' });
export const keep: Decide = () => ({ kind: 'keep' });

/** Counts in the tag of the image, upon what stands. */
export function countUp(name: string): Decide {
  return (current) => ({ kind: 'put', appImage: named(name, String(Number(current?.appImage.image?.tag ?? 0) + 1)) });
}

export function expectContent(stored: StoredAppImage | undefined, given: AppImage): void {
  expect(stored?.name).toBe(given.name);
  expect(stored?.appImage).toEqual(given);
  const expected = appImageCodec.encode(given);
  expect(Buffer.compare(stored?.encoded.protobuf ?? Buffer.of(), expected.protobuf)).toBe(0);
  expect(Buffer.compare(stored?.encoded.json ?? Buffer.of(), expected.json)).toBe(0);
}

export function numbersUpTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

export function byNumber(a: number, b: number): number {
  return a - b;
}

export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The whole history of a name, the newest revision first, read in pages. */
export async function historyOf(store: AppImageStore, name: string, limit = 1000): Promise<Revision[]> {
  const found: Revision[] = [];
  for (;;) {
    const page = await store.listRevisions(name, { before: found.at(-1)?.revision, limit });
    expect(page.length).toBeLessThanOrEqual(limit);
    if (page.length === 0) {
      return found;
    }
    found.push(...page);
  }
}

/** The changes behind a position, read in pages. */
export async function changesBehind(store: AppImageStore, after: number, limit = 1000): Promise<Revision[]> {
  const found: Revision[] = [];
  for (;;) {
    const page = await store.readChanges({ after: found.at(-1)?.position ?? after, limit });
    expect(page.length).toBeLessThanOrEqual(limit);
    if (page.length === 0) {
      return found;
    }
    found.push(...page);
  }
}

/** A change in a word: `app@2 second`, or `app@3 deleted`. */
export function brief({ name, revision, content }: Revision): string {
  return `${name}@${revision} ${content === undefined ? 'deleted' : content.appImage.image?.tag}`;
}
