import type { AppImage } from '../../domain/app-image/app-image.js';
import { StoreFaultError } from '../../domain/app-image/app-image-store.js';
import type { ChangeOrigin } from '../../domain/app-image/revision.js';
import { quoteValue } from '../../domain/errors.js';
import { contentFieldsOf } from './app-image-document.js';
import { DocumentShapeError, message, text } from './bson-shape.js';
import { formatEarlierPositions, parseEarlierPositions } from './earlier-positions.js';

/**
 * Version of the document's layout. A change that an older program would misread takes the next number. Version 1 had no log of changes, was
 * never released, and is refused.
 */
export const DOCUMENT_SCHEMA = 2;

/** A revision before it has its place. */
export interface RevisionDraft {
  readonly schema: number;
  readonly name: string;
  readonly revision: number;
  /** A delete is a revision without content; the name keeps counting. */
  readonly deleted: boolean;
  /** Made anew for every change, so that a writer whose answer was lost can tell its own from another's. */
  readonly write_id: string;
  readonly content_hash: string;
  readonly time_ms: number;
  readonly origin: Readonly<Record<string, string>>;
}

/**
 * A revision: under its position in the log, and, while it is the newest, under its name as well. The fields of its content stand beside
 * these, named as in the contract; a delete has none.
 */
export interface RevisionDocument extends RevisionDraft {
  /** In the log the position as text, else the name. */
  readonly _id: string;
  readonly position: number;
  /** Where the revisions before this one are; see `earlier-positions.ts`. */
  readonly earlier_positions: string;
  /** The opened store that wrote it. */
  readonly writer: string;
  /** Up to here every change of that writer was the newest of its name when this one was written, or had been. */
  readonly writer_settled: number;
}

/** What a draft is made of. */
export interface RevisionFacts {
  readonly name: string;
  readonly revision: number;
  readonly writeId: string;
  readonly timeMs: number;
  readonly origin: ChangeOrigin;
  /** `undefined` for a delete. */
  readonly content: { readonly appImage: AppImage; readonly hash: string } | undefined;
}

/** The place of a change in the log, and what its writer says of itself with it. */
export interface RevisionPlace {
  readonly position: number;
  /** Positions of the revisions before it, the nearest first. */
  readonly earlier: readonly number[];
  readonly writer: string;
  readonly writerSettled: number;
}

const origin = message<ChangeOrigin>({ method: text, tokenName: text, certificateSubject: text, message: text });

/** A position as the key of a document: text, since FerretDB 1.x finds no number by its key, and padded, so that it sorts. */
export function positionKey(position: number): string {
  return String(position).padStart(16, '0');
}

export function draftOf(facts: RevisionFacts): RevisionDraft {
  return {
    ...(facts.content === undefined ? {} : contentFieldsOf(facts.content.appImage)),
    schema: DOCUMENT_SCHEMA,
    name: facts.name,
    revision: facts.revision,
    deleted: facts.content === undefined,
    write_id: facts.writeId,
    content_hash: facts.content?.hash ?? '',
    time_ms: facts.timeMs,
    origin: origin.toBson(facts.origin) as Record<string, string>,
  };
}

/** The document of the log. */
export function placed(draft: RevisionDraft, place: RevisionPlace): RevisionDocument {
  return {
    ...draft,
    _id: positionKey(place.position),
    position: place.position,
    earlier_positions: formatEarlierPositions(place.position, place.earlier),
    writer: place.writer,
    writer_settled: place.writerSettled,
  };
}

/**
 * Checks what every document must have, before anything is concluded from it.
 * @throws StoreFaultError where the document is none of ours, or of a schema that this program does not know
 */
export function expectRevisionDocument(document: object): RevisionDocument {
  const fields = document as Readonly<Record<string, unknown>>;
  return reportingDamage(String(fields['_id']), () => {
    if (Number(fields['schema']) !== DOCUMENT_SCHEMA) {
      throw new DocumentShapeError('schema', `${DOCUMENT_SCHEMA}, the only version that this program knows`);
    }
    if (typeof fields['deleted'] !== 'boolean') {
      throw new DocumentShapeError('deleted', 'a boolean');
    }
    return {
      ...document,
      _id: text.fromBson(fields['_id'], '_id'),
      schema: DOCUMENT_SCHEMA,
      name: text.fromBson(fields['name'], 'name'),
      revision: count(fields, 'revision', 1),
      position: count(fields, 'position', 1),
      deleted: fields['deleted'],
      write_id: text.fromBson(fields['write_id'], 'write_id'),
      content_hash: text.fromBson(fields['content_hash'], 'content_hash'),
      time_ms: count(fields, 'time_ms', 0),
      origin: origin.toBson(origin.fromBson(fields['origin'] ?? {}, 'origin')) as Record<string, string>,
      earlier_positions: text.fromBson(fields['earlier_positions'], 'earlier_positions'),
      writer: text.fromBson(fields['writer'], 'writer'),
      writer_settled: count(fields, 'writer_settled', 0),
    };
  });
}

/** Who made the revision, how and why. */
export function originOf(document: RevisionDocument): ChangeOrigin {
  const { _id } = document;
  return reportingDamage(_id, () => origin.fromBson(document.origin, 'origin'));
}

/**
 * Positions of the revisions before this one, the nearest first.
 * @throws StoreFaultError where the document does not say
 */
export function earlierPositionsOf(document: RevisionDocument): readonly number[] {
  const { _id } = document;
  return reportingDamage(_id, () => {
    const positions = parseEarlierPositions(document.position, document.earlier_positions);
    if (positions === undefined) {
      throw new DocumentShapeError('earlier_positions', 'a list of distances');
    }
    return positions;
  });
}

/** Runs what reads a document; its fault names the document. */
export function reportingDamage<T>(id: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DocumentShapeError) {
      throw new StoreFaultError(`the MongoDB document ${quoteValue(id)} cannot be read: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}

function count(fields: Readonly<Record<string, unknown>>, field: string, least: number): number {
  const number = Number(fields[field]);
  if (!Number.isSafeInteger(number) || number < least) {
    throw new DocumentShapeError(field, `a whole number from ${least} on`);
  }
  return number;
}
