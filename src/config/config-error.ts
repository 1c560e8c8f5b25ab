/** Where the value of a setting came from. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string; readonly line: number };

/** A source as people read it, such as `flag --http-port` or `appimage.yaml:3`. */
export function describeSource(source: Source): string {
  if (source.kind === 'default') {
    return 'default';
  }
  return source.kind === 'file' ? `${source.path}:${source.line}` : `${source.kind} ${source.name}`;
}

/** One thing that is wrong with the configuration, as one sentence that names the setting, where it came from and what is right. */
export interface ConfigFault {
  /** The setting, where the fault is one of a known setting. */
  readonly setting: string | undefined;
  readonly message: string;
}

/** A configuration that cannot be used. Its message lists every fault, one a line, and holds no secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const heading =
      faults.length === 1 ? 'the configuration has a fault:' : `the configuration has ${faults.length} faults:`;
    super([heading, ...faults.map((fault) => `  ${fault.message}`)].join('\n'));
    this.faults = faults;
  }
}
