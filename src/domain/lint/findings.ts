import { compareFields, type FieldOrder, fieldOrder } from './field-order.js';
import type { LintFinding } from './lint-finding.js';
import { LINT_RULES, type LintRuleName, type LintSeverity } from './lint-rules.js';

/** Most findings of one template; what is beyond is counted, the lightest first. */
export const MAX_FINDINGS = 1000;

const BY_WEIGHT = ['ERROR', 'WARNING', 'INFO'] as const satisfies readonly LintSeverity[];

interface Details {
  readonly message: string;
  readonly suggestion?: string | undefined;
}

/** Collects what the rules find, and puts it into an order that depends on the template alone. */
export class Findings {
  readonly #found: Record<LintSeverity, LintFinding[]> = { ERROR: [], WARNING: [], INFO: [] };
  readonly #erroneousFields = new Set<string>();
  #hidden = 0;

  /** Records a finding. The details are a function, since those beyond the limit are not worth putting into words. */
  add(
    rule: LintRuleName,
    field: string,
    details: () => Details,
    severity: LintSeverity = LINT_RULES[rule].severities[0],
  ): void {
    const list = this.#found[severity];
    if (list.length >= MAX_FINDINGS) {
      this.#hidden += 1;
      return;
    }
    const { message, suggestion = '' } = details();
    list.push({ rule, severity, field, message, suggestion });
    if (severity === 'ERROR') {
      this.#erroneousFields.add(field);
    }
  }

  /** Counts findings that someone else left out. */
  addHidden(count: number): void {
    this.#hidden += count;
  }

  /** Whether a create would refuse the field, so that lesser rules need not look at it. */
  isErroneous(field: string): boolean {
    return this.#erroneousFields.has(field);
  }

  /** The findings in the order of the fields, then of the names of the rules, then as they were found. */
  all(): readonly LintFinding[] {
    const found = BY_WEIGHT.flatMap((severity) => this.#found[severity]);
    const hidden = this.#hidden + Math.max(0, found.length - MAX_FINDINGS);
    if (hidden === 0) {
      return inOrder(found);
    }
    const listed = found.slice(0, MAX_FINDINGS - 1);
    const unlisted = this.#hidden + found.length - listed.length;
    return [
      ...inOrder(listed),
      {
        rule: 'too-many-findings',
        severity: 'INFO',
        field: '',
        message: `${unlisted} more findings are not listed`,
        suggestion: 'mend those that are, and lint again',
      },
    ];
  }
}

function inOrder(findings: readonly LintFinding[]): readonly LintFinding[] {
  const orders = new Map<string, FieldOrder>();
  for (const { field } of findings) {
    if (!orders.has(field)) {
      orders.set(field, fieldOrder(field));
    }
  }
  const orderOf = (field: string): FieldOrder => orders.get(field) ?? [];
  return findings.toSorted(
    (a, b) => compareFields(orderOf(a.field), orderOf(b.field)) || (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0),
  );
}
