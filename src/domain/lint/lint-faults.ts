import type { AppImage } from '../app-image/app-image.js';
import { type TemplateLimits, validateAppImage } from '../app-image/validate-app-image.js';
import type { FieldViolation } from '../errors.js';
import type { Findings } from './findings.js';
import type { LintRuleName } from './lint-rules.js';

interface FaultRule {
  readonly rule: LintRuleName;
  /** The fields that the rule is about, without their indices and keys. */
  readonly field: RegExp;
  /** What the validation says, where the field alone does not tell which rule it was. */
  readonly description?: RegExp;
}

const PROBE = String.raw`(?:liveness|readiness|startup)_probe`;

/** Which rule a fault breaks; the first that fits counts. */
const FAULT_RULES: readonly FaultRule[] = [
  { rule: 'duplicate-container-name', field: /^deploy_templates\.containers\.name$/, description: / is the name of / },
  { rule: 'duplicate-port-name', field: /\.ports\.name$/, description: / is the name of / },
  { rule: 'invalid-name', field: /^(?:deploy_templates\.(?:containers\.)?)?name$/ },
  { rule: 'missing-image', field: /^image$/ },
  { rule: 'invalid-image-name', field: /^image\.name$/ },
  { rule: 'invalid-image-tag', field: /^image\.tag$/ },
  { rule: 'invalid-config-key', field: /^config_templates$/ },
  { rule: 'deploy-template-count', field: /^deploy_templates$/ },
  { rule: 'container-count', field: /^deploy_templates\.containers$/ },
  { rule: 'invalid-replicas', field: /\.replicas$/ },
  { rule: 'invalid-restart-policy', field: /\.restart_policy$/ },
  { rule: 'invalid-image-pull-policy', field: /\.image_pull_policy$/ },
  { rule: 'invalid-mount-path', field: /\.mount_path$/ },
  { rule: 'invalid-sub-path', field: /\.sub_path$/ },
  { rule: 'invalid-network-policy', field: /\.network_policy\./ },
  { rule: 'invalid-port-name', field: /\.ports\.name$/ },
  { rule: 'invalid-port-protocol', field: /\.ports\.protocol$/ },
  { rule: 'invalid-port-scope', field: /\.ports\.scope$/ },
  { rule: 'invalid-port-number', field: /\.ports\.port$/ },
  { rule: 'invalid-env-from', field: /\.env_from(?:\.|$)/ },
  { rule: 'invalid-env-name', field: /\.env\.name$/ },
  { rule: 'request-over-limit', field: /\.resources\.requests\./, description: / is more than / },
  { rule: 'invalid-quantity', field: /\.resources\./ },
  { rule: 'invalid-probe-handler', field: new RegExp(`\\.${PROBE}(?:\\.exec\\.command)?$`) },
  { rule: 'invalid-probe-port', field: new RegExp(`\\.${PROBE}\\..*\\.port$`) },
  { rule: 'invalid-probe-scheme', field: new RegExp(`\\.${PROBE}\\..*\\.scheme$`) },
  { rule: 'invalid-probe-number', field: new RegExp(`\\.${PROBE}\\.`) },
  { rule: 'invalid-metric-probe', field: /\.metric_probe\./ },
  { rule: 'invalid-json-object', field: /\.(?:affinity|security_context)$/ },
  { rule: 'invalid-label', field: /^labels$/ },
  { rule: 'invalid-annotation', field: /^annotations$/ },
  { rule: 'template-too-large', field: /^$/ },
];

const HIDDEN_FAULTS = /^([0-9]+) more faults are not listed$/;
/** The caller's value at the beginning of a description, in which anything may stand. */
const QUOTED = /^"(?:[^"\\]|\\.)*"(?:\.\.\. \([0-9]+ characters\))?/s;
const ENTRY = /\["(?:[^"\\]|\\.)*"(?:\.\.\. \([0-9]+ characters\))?\]|\[[0-9]+\]/gs;

/** Reports every fault of the validation as an error. */
export function lintFaults(findings: Findings, appImage: AppImage, limits: TemplateLimits): void {
  for (const violation of validateAppImage(appImage, limits)) {
    const hidden = violation.field === '' ? HIDDEN_FAULTS.exec(violation.description)?.[1] : undefined;
    if (hidden === undefined) {
      findings.add(faultRule(violation), violation.field, () => splitAdvice(violation.description), 'ERROR');
    } else {
      findings.addHidden(Number(hidden));
    }
  }
}

/** The rule that a fault breaks: `invalid-field` where none has been named for it. */
export function faultRule({ field, description }: FieldViolation): LintRuleName {
  const bare = field.replaceAll(ENTRY, '');
  const found = FAULT_RULES.find((rule) => rule.field.test(bare) && (rule.description?.test(description) ?? true));
  return found?.rule ?? 'invalid-field';
}

/** Descriptions say what was found, and behind the first semicolon that is theirs what to do. */
function splitAdvice(description: string): { message: string; suggestion: string } {
  const semicolon = description.indexOf('; ', QUOTED.exec(description)?.[0].length ?? 0);
  return semicolon < 0
    ? { message: description, suggestion: '' }
    : { message: description.slice(0, semicolon), suggestion: description.slice(semicolon + 2) };
}
