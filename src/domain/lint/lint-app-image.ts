import type { AppImage } from '../app-image/app-image.js';
import type { TemplateLimits } from '../app-image/validate-app-image.js';
import { AppImageIndex } from './app-image-index.js';
import { Findings } from './findings.js';
import { lintConfigTemplates } from './lint-config-templates.js';
import { lintDeployTemplates } from './lint-deploy-templates.js';
import { lintEnv } from './lint-env.js';
import { lintFaults } from './lint-faults.js';
import type { LintFinding } from './lint-finding.js';
import { lintImage } from './lint-image.js';
import { lintMounts } from './lint-mounts.js';
import { lintPorts } from './lint-ports.js';
import { lintProbes } from './lint-probes.js';

/**
 * Everything that is wrong or doubtful about a template, which need not be valid, in the order of the fields and then of the rules: the same
 * template gives the same findings in the same words. At most `MAX_FINDINGS`, of which the last then tells how many more there are.
 * There is an `ERROR` among them exactly where `validateAppImage` finds a fault.
 */
export function lintAppImage(appImage: AppImage, limits: TemplateLimits): readonly LintFinding[] {
  const findings = new Findings();
  const index = new AppImageIndex(appImage);
  // First, since other rules leave alone what a create would refuse.
  lintFaults(findings, appImage, limits);
  lintImage(findings, index);
  lintMounts(findings, index);
  lintConfigTemplates(findings, index, limits);
  lintDeployTemplates(findings, index);
  lintPorts(findings, index);
  lintEnv(findings, index);
  lintProbes(findings, index);
  return findings.all();
}
