import type { LintRuleName, LintSeverity } from './lint-rules.js';

/** One thing that is wrong or doubtful in a template. */
export interface LintFinding {
  readonly rule: LintRuleName;
  readonly severity: LintSeverity;
  /** Path in the names of the contract, e.g. `deploy_templates[0].containers[1].name`; empty for the template as a whole. */
  readonly field: string;
  /** What was found. In a configuration template it begins with the place: `line 3, column 9: ...`. */
  readonly message: string;
  /** What to do; empty where that cannot be said. */
  readonly suggestion: string;
}
