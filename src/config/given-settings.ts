import type { ConfigFault, Source } from './config-error.js';
import type { OptionKey } from './options.js';

/** A setting that a flag, the environment or the file gives; its value is converted but not yet checked. */
export interface GivenSetting {
  readonly value: unknown;
  readonly source: Source;
}

/** What one kind of source gives: the settings found, what was wrong, and what deserves a word. */
export interface GivenSettings {
  readonly settings: ReadonlyMap<OptionKey, GivenSetting>;
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly string[];
}
