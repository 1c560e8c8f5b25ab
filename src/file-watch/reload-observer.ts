/** What is read again while the server runs. */
export type ReloadSource = 'certificates' | 'tokens';

/** Is told of every attempt to read changed files, the first one at start included. */
export interface ReloadObserver {
  /** `succeeded` is `false` where the new files are broken and the old ones stay in use. */
  reloaded(source: ReloadSource, succeeded: boolean): void;
}
