import type { StoredAppImage } from './app-image.js';

/** Who changed a template, by which method, and why. Kept with the revision. */
export interface ChangeOrigin {
  /** Method of the API, such as `Apply`. */
  readonly method: string;
  /** Name of the token that the caller presented. */
  readonly tokenName: string;
  /** Subject of the caller's client certificate; empty where there was none. */
  readonly certificateSubject: string;
  /** Why, in the caller's words; may be empty. */
  readonly message: string;
}

/** One change of a template: a revision of it, and an event in the order of all changes. */
export interface Revision {
  readonly name: string;
  /** 1, 2, ... for each name; a delete takes a number as well. */
  readonly revision: number;
  /**
   * Place of the change in the order of all changes of all templates: a whole number that grows with every change. Whoever has seen the
   * changes up to a position has missed none before it.
   */
  readonly position: number;
  /** The stored template; `undefined` for a delete. */
  readonly content: StoredAppImage | undefined;
  /** `sha256:` and the SHA-256 of the content's protobuf encoding in lower-case hex; empty for a delete. */
  readonly contentHash: string;
  /** When it was stored, in milliseconds since 1970-01-01 UTC, by the clock of the process that stored it. */
  readonly timeMs: number;
  readonly origin: ChangeOrigin;
  /** Tags that point here, sorted. */
  readonly tags: readonly string[];
}

/** How much of the history a store keeps. */
export interface HistoryLimits {
  /** Newest revisions of each name that are kept; tagged ones are kept always. */
  readonly maxRevisions: number;
  /** Newest changes of all names that a watch can go back to. */
  readonly maxChanges: number;
}

/** Selects a page of a template's history. */
export interface HistoryOptions {
  /** Only revisions older than this number; `undefined` starts at the newest. */
  readonly before: number | undefined;
  /** Most revisions to return, at least 1. */
  readonly limit: number;
}

/** Selects a part of the order of all changes. */
export interface ChangesOptions {
  /** Only changes behind this position. */
  readonly after: number;
  /** Most changes to return, at least 1. */
  readonly limit: number;
}

/** The changes asked for are older than what is kept. */
export class HistoryExpiredError extends Error {
  override readonly name = 'HistoryExpiredError';
  /** The earliest position that changes can still be read from, as {@link ChangesOptions.after}. */
  readonly earliest: number;

  constructor(earliest: number) {
    super(`changes are kept from position ${earliest} on`);
    this.earliest = earliest;
  }
}

/** A tag was to point at a revision that does not exist. */
export class RevisionMissingError extends Error {
  override readonly name = 'RevisionMissingError';
}
