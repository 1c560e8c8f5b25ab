/** What a difference means for those who run the application, the least grave first. */
export const DIFF_CLASSES = ['COSMETIC', 'SCALING', 'CONFIG', 'IMAGE', 'BREAKING'] as const;

/**
 * `COSMETIC`: runs the same. `SCALING`: replicas or resources. `CONFIG`: files, environment, mounts, arguments, probes. `IMAGE`: what
 * runs. `BREAKING`: something that others could rely on, a role, a container or a port, is gone or changed.
 */
export type DiffClass = (typeof DIFF_CLASSES)[number];

export type DiffKind = 'ADDED' | 'REMOVED' | 'CHANGED' | 'MOVED';

/** One difference. */
export interface DiffEntry {
  /**
   * Where, by name: `deploy_templates["app/server"].containers["app"].env["A"].value`. No two entries of a diff share a path. A second
   * entry of the same name is `env["A"][1]`; a changed line of a configuration file is `config_templates["app.conf"]:12`, in the
   * numbers of the new file.
   */
  readonly path: string;
  readonly kind: DiffKind;
  /** Empty where there was none. Structures as JSON in the contract's names; of what has `MOVED` the index in its list. */
  readonly oldValue: string;
  /** Empty where there is none; else as the old value. */
  readonly newValue: string;
  readonly class: DiffClass;
}

/** What differs between two templates. */
export interface AppImageDiff {
  /** In the order of the contract's fields. Below a list, what was removed comes first, then the rest in its new order. */
  readonly entries: readonly DiffEntry[];
  /** The gravest class of the entries; `undefined` where nothing differs. */
  readonly class: DiffClass | undefined;
}

/** The gravest class of some entries. */
export function gravestClass(entries: readonly DiffEntry[]): DiffClass | undefined {
  const gravest = entries.reduce((found, entry) => Math.max(found, DIFF_CLASSES.indexOf(entry.class)), -1);
  return DIFF_CLASSES[gravest];
}
