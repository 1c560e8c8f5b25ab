import { BSON } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { documentedAppImage } from '../../../test/support/app-image-fixtures.js';
import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import { appImageOf } from './app-image-document.js';
import {
  draftOf,
  earlierPositionsOf,
  expectRevisionDocument,
  originOf,
  placed,
  positionKey,
  type RevisionFacts,
} from './revision-document.js';

const ORIGIN = { method: 'Apply', tokenName: 'ci', certificateSubject: 'CN=ci', message: 'why' };

describe('the document of a revision', () => {
  it('gives back everything exactly after a trip through BSON', () => {
    const found = expectRevisionDocument(throughBson(document()));
    expect(found).toMatchObject({ name: 'a', revision: 7, position: 2 ** 40, deleted: false, write_id: 'w' });
    expect(found).toMatchObject({ content_hash: 'sha256:00', time_ms: 1_795_000_000_000, writer: 'me' });
    expect(found.writer_settled).toBe(2 ** 33);
    expect(originOf(found)).toEqual(ORIGIN);
    expect(earlierPositionsOf(found)).toEqual([2 ** 35, 12, 3]);
    expect(appImageOf('a', found)).toEqual({ ...documentedAppImage(), name: 'a' });
  });

  it('holds nothing of a template where it is a delete', () => {
    const found = expectRevisionDocument(throughBson(document({ content: undefined })));
    expect(found).toMatchObject({ deleted: true, content_hash: '', revision: 7 });
    expect(found).not.toHaveProperty('image');
  });

  it('has a key that sorts as its position does', () => {
    const positions = [1, 2, 9, 10, 99, 1000, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER];
    expect(positions.map(positionKey).sort()).toEqual(positions.map(positionKey));
  });

  it.each([
    ['of schema 1, which had no log', { schema: 1 }, 'schema is not 2'],
    ['of a newer schema', { schema: 3 }, 'schema is not 2'],
    ['without a schema', { schema: undefined }, 'schema is not 2'],
    ['without a revision', { revision: undefined }, 'revision is not a whole number from 1 on'],
    ['of revision 0', { revision: 0 }, 'revision is not'],
    ['without a position', { position: undefined }, 'position is not'],
    ['without a mark of deletion', { deleted: undefined }, 'deleted is not'],
    ['with an origin that is none', { origin: 'x' }, 'origin is not a document'],
  ])('is refused %s', (_, damage, message) => {
    const damaged = { ...document(), _id: 'key', ...damage };
    expect(() => expectRevisionDocument(damaged)).toThrow(StoreFaultError);
    expect(() => expectRevisionDocument(damaged)).toThrow(message);
    expect(() => expectRevisionDocument(damaged)).toThrow('"key"');
  });

  it('is refused where it cannot say what was before it', () => {
    expect(() => earlierPositionsOf({ ...document(), earlier_positions: 'x!' })).toThrow(StoreFaultError);
  });
});

function document(changes: Partial<RevisionFacts> = {}) {
  const draft = draftOf({
    name: 'a',
    revision: 7,
    writeId: 'w',
    timeMs: 1_795_000_000_000,
    origin: ORIGIN,
    content: { appImage: { ...documentedAppImage(), name: 'a' }, hash: 'sha256:00' },
    ...changes,
  });
  return placed(draft, { position: 2 ** 40, earlier: [2 ** 35, 12, 3], writer: 'me', writerSettled: 2 ** 33 });
}

function throughBson(given: object): object {
  return BSON.deserialize(BSON.serialize(given), { useBigInt64: true });
}
